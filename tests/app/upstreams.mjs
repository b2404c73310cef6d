// Several destinations at once: each gets everything, in order, whatever the others do.
//
//   node upstreams.mjs CLAUDE_TOP
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import { assert, request, run, test, until } from '../tools/tap.mjs';

const program = process.argv[2];
const SIGNALS = ['traces', 'metrics', 'logs'];
const range = (n, f = i => i) => Array.from({ length: n }, (_, i) => f(i));

/** A collector by OTLP/HTTP: answer(request, response) as it likes; what it took is in order of arrival. */
class Sink {
  taken = [];
  constructor(answer = (q, r) => this.take(q, r)) { this.answer = answer; }
  take(q, r) { this.taken.push(q); r.end(); }
  async start(port = 0) {
    this.sockets = new Set();
    this.server = http.createServer((q, r) => {
      const parts = [];
      q.on('data', d => parts.push(d));
      q.on('end', () => this.answer({ path: q.url, headers: q.headers, body: Buffer.concat(parts) }, r));
    });
    this.server.on('connection', s => { this.sockets.add(s); s.on('close', () => this.sockets.delete(s)); });
    await new Promise((yes, no) => { this.server.once('error', no); this.server.listen(port, '127.0.0.1', yes); });
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
    return this;
  }
  async stop() {
    for (const s of this.sockets) s.destroy();
    await new Promise(yes => this.server.close(yes));
  }
  /** Numbers of the bodies of a signal, first arrivals only: a kill may send one twice. */
  numbers(signal) {
    const all = this.taken.filter(q => q.path.endsWith(signal)).map(q => numberOf(q.body));
    return all.filter((n, i) => all.indexOf(n) === i);
  }
}

/* A body that says its number in an unknown key, which OTLP ignores. */
const body = n => JSON.stringify({ number: n });
const numberOf = b => JSON.parse(b.toString()).number;

function start(t, extra, env = {}) {
  return t.start(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--state-dir', t.path('state'), '--socket', t.path('s.sock'),
    '--upstream-backoff-first', '20ms', '--upstream-backoff-max', '100ms', ...extra], env);
}

async function serve(t, extra = [], env = {}) {
  const p = start(t, extra, env);
  await until('the ready line', () => p.over || /^ready .*\n/m.test(p.out));
  const m = /^ready http=(\S*) grpc=(\S*) /m.exec(p.out);
  assert.ok(m, `no ready line: ${p.out}${p.err}`);
  p.url = `http://${m[1]}`; p.grpc = `http://${m[2]}`;
  p.flow = async () => JSON.parse((await request('http://x/status', { method: 'GET', socketPath: t.path('s.sock') })).body).flow;
  p.of = async name => (await p.flow()).upstreams.filter(u => u.name === name);
  p.when = (name, condition) => until(`${name}: ${condition}`, async () => { const [u] = await p.of(name); return condition(u) && u; }, 60000);
  p.post = async (signal, n) => {
    const r = await request(`${p.url}/v1/${signal}`, { headers: { 'content-type': 'application/json' }, body: body(n) });
    assert.equal(r.status, 200, r.body.toString());
  };
  p.stop = async () => { p.kill('SIGTERM'); await p.ended; assert.equal(p.code, 0, `exit code ${p.code} ${p.signal} ${p.err}`); };
  p.crash = async () => { p.kill('SIGKILL'); await p.ended; };
  return p;
}

/** A free port of the loopback that nobody listens on. */
async function freePort() { const s = await new Sink().start(); await s.stop(); return s.port; }

test('one is down, one slow, one refuses, and we are killed: each gets everything that it takes, in order', async t => {
  const total = 60, half = total / 2;
  const good = await new Sink().start();
  const slow = new Sink(); slow.answer = (q, r) => setTimeout(() => slow.take(q, r), 15); await slow.start();
  const choosy = new Sink(); /* refuses every third for good */
  choosy.refused = [];
  choosy.answer = (q, r) => {
    if (numberOf(q.body) % 3) return choosy.take(q, r);
    choosy.refused.push(numberOf(q.body));
    r.writeHead(400); r.end();
  };
  await choosy.start();
  const port = await freePort();
  fs.writeFileSync(t.path('c.ini'), `[upstream]\nhttp = ${good.url}\n[upstream slow]\nhttp = ${slow.url}\n[upstream.choosy]\nhttp = ${choosy.url}\n`);
  const flags = ['--config', t.path('c.ini'), '--upstream-http', `away=http://127.0.0.1:${port}`];
  let s = await serve(t, flags);
  for (let i = 0; i < half; i++) for (const signal of SIGNALS) await s.post(signal, i);
  await until('the good one', () => good.taken.length === 3 * half);
  const flow = await s.flow();
  assert.deepEqual(flow.upstreams.map(u => u.name), ['upstream', 'slow', 'choosy', 'away']);
  const away = await s.when('away', u => u.health === 'retrying');
  assert.deepEqual([away.queued.requests, away.forwarded.requests], [3 * half, 0]);
  assert.match(away.last_error, /connection refused/);
  assert.ok(await until('the next retry is told', async () => { const [u] = await s.of('away'); return u.next_retry_seconds !== null && u.next_retry_seconds < 1; }));
  assert.equal((await s.flow()).upstream.name, 'away', 'the worst off is named');
  await s.crash();
  s = await serve(t, flags);
  for (let i = half; i < total; i++) for (const signal of SIGNALS) await s.post(signal, i);
  const back = await new Sink().start(port);
  await s.when('away', u => u.queued.requests === 0 && u.health === 'ok');
  await s.when('slow', u => u.queued.requests === 0);
  await s.when('choosy', u => u.queued.requests === 0);
  for (const signal of SIGNALS) {
    for (const sink of [good, slow, back]) assert.deepEqual(sink.numbers(signal), range(total), signal);
    assert.deepEqual(choosy.numbers(signal), range(total).filter(n => n % 3), signal);
  }
  assert.equal(new Set(choosy.refused).size, total / 3);
  const end = await s.flow();
  const [gone] = end.upstreams.filter(u => u.name === 'away');
  assert.deepEqual([gone.forwarded.requests, gone.dropped, gone.rejected], [3 * total, 0, 0]);
  for (const [sum, one] of [['retries', 'retries'], ['upstream_rejected', 'rejected'], ['dropped', 'dropped'], ['held', 'held']])
    assert.equal(end[sum], end.upstreams.reduce((n, u) => n + u[one], 0), sum);
  for (const k of ['requests', 'bytes']) assert.equal(end.forwarded[k], end.upstreams.reduce((n, u) => n + u.forwarded[k], 0));
  await s.stop();
  for (const sink of [good, slow, choosy, back]) await sink.stop();
});

test('what authorizes us to one is never shown to another; a secret can stay in the environment', async t => {
  const [one, cloud, lab] = await Promise.all(range(3, () => new Sink().start()));
  fs.writeFileSync(t.path('c.ini'), `[upstream]\nhttp = ${one.url}\nheaders = Authorization: first; X-Scope-OrgID: a\n[upstream cloud]\nhttp = ${cloud.url}\n[upstream lab]\nhttp = ${lab.url}\n`);
  const s = await serve(t, ['--config', t.path('c.ini'), '--upstream-header', 'lab=X-Lab: a=b;c'], { CLAUDE_TOP_UPSTREAM_HEADER_CLOUD: 'Authorization: of-the-cloud' });
  await s.post('logs', 0);
  for (const sink of [one, cloud, lab]) await until('each', () => sink.taken.length);
  assert.deepEqual([one, cloud, lab].map(sink => ['authorization', 'x-scope-orgid', 'x-lab'].map(h => sink.taken[0].headers[h])),
    [['first', 'a', undefined], ['of-the-cloud', undefined, undefined], [undefined, undefined, 'a=b;c']]);
  await s.stop();
  for (const sink of [one, cloud, lab]) await sink.stop();
});

test('destinations come and go: a new one begins now, one that comes back goes on, one that is gone holds up nothing', async t => {
  const [one, two, all] = await Promise.all(range(3, () => new Sink().start()));
  const numbers = sink => sink.numbers('logs');
  const small = ['--journal-segment-bytes', '64KiB', '--journal-max-bytes', '1MiB'];
  let s = await serve(t, small);
  await s.post('logs', 0);
  await s.stop();
  s = await serve(t, [...small, '--upstream-http', one.url]); /* takes up what was there before it */
  await s.post('logs', 1);
  await until('the first', () => one.taken.length === 2);
  await s.stop();
  s = await serve(t, [...small, '--upstream-http', one.url, '--upstream-http', `two=${two.url}`, '--upstream-http', `all=${all.url}`, '--upstream-from', 'all=oldest']);
  await s.post('logs', 2);
  await until('all', () => all.taken.length === 3 && two.taken.length === 1 && one.taken.length === 3);
  assert.deepEqual([numbers(one), numbers(two), numbers(all)], [[0, 1, 2], [2], [0, 1, 2]]);
  await s.stop();
  s = await serve(t, [...small, '--upstream-http', one.url]);
  await s.post('logs', 3);
  await until('the first', () => one.taken.length === 4);
  assert.deepEqual((await s.flow()).upstreams.map(u => u.name), ['upstream']);
  await s.stop();
  s = await serve(t, [...small, '--upstream-http', `two=${two.url}`]); /* and the first is gone */
  await s.post('logs', 4);
  await until('the second', () => two.taken.length === 3);
  assert.deepEqual([numbers(two), one.taken.length], [[2, 3, 4], 4]);
  await s.stop();
  /* What a destination that is gone has not had goes with the journal's limit, and is nobody's loss. */
  s = await serve(t, [...small, '--upstream-http', `two=${two.url}`]);
  const big = 'x'.repeat(30000);
  for (let i = 5; i < 65; i++)
    await request(`${s.url}/v1/logs`, { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ number: i, big }) });
  await s.when('two', u => u.queued.requests === 0);
  const flow = await s.flow();
  assert.ok(flow.journal.retired_frames > 0 && flow.journal.bytes <= 1 << 20, JSON.stringify(flow.journal));
  assert.equal(flow.dropped, 0);
  assert.deepEqual(numbers(two), range(65).filter(n => n >= 2));
  await s.stop();
  for (const sink of [one, two, all]) await sink.stop();
});

const PROFILES = '/v1development/profiles', PROFILES_METHOD = '/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export';
/** ExportProfilesServiceRequest with a dictionary that says a number: 2: { 5: "number" }. */
const profile = n => { const s = Buffer.from(`profile ${n}`); const d = Buffer.concat([Buffer.from([0x2a, s.length]), s]); return Buffer.concat([Buffer.from([0x12, d.length]), d]); };
const message = payload => { const head = Buffer.alloc(5); head.writeUInt32BE(payload.length, 1); return Buffer.concat([head, payload]); };

/** One gRPC call: { status, body }. */
function call(url, method, payload, headers = {}) {
  return new Promise((yes, no) => {
    const session = http2.connect(url);
    session.on('error', no);
    const stream = session.request({ ':method': 'POST', ':path': method, 'content-type': 'application/grpc', te: 'trailers', ...headers });
    const parts = []; let status;
    stream.on('response', h => { status = h['grpc-status']; });
    stream.on('trailers', h => { status = h['grpc-status'] ?? status; });
    stream.on('data', d => parts.push(d));
    stream.on('end', () => { session.close(); yes({ status: Number(status), body: Buffer.concat(parts) }); });
    stream.on('error', no);
    stream.end(message(payload));
  });
}

/** A collector by gRPC that takes everything. */
class GrpcSink {
  taken = [];
  async start() {
    this.server = http2.createServer();
    this.sessions = new Set();
    this.server.on('session', s => { this.sessions.add(s); s.on('close', () => this.sessions.delete(s)); });
    this.server.on('stream', (stream, headers) => {
      const parts = [];
      stream.on('data', d => parts.push(d));
      stream.on('end', () => {
        this.taken.push({ path: headers[':path'], headers, body: Buffer.concat(parts) });
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(message(Buffer.alloc(0)));
      });
    });
    await new Promise(yes => this.server.listen(0, '127.0.0.1', yes));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }
  async stop() { for (const s of this.sessions) s.destroy(); await new Promise(yes => this.server.close(yes)); }
}

test('profiles go, unchanged, to whoever takes them, by both transports, and to nobody else', async t => {
  const [one, gone] = [await new Sink().start(), await new GrpcSink().start()];
  const s = await serve(t, ['--upstream-http', one.url, '--upstream-http', `pyroscope=${one.url}/p`, '--upstream-grpc', `pyroscope=${gone.url}`, '--upstream-signals', 'pyroscope=profiles']);
  for (let i = 0; i < 5; i++) {
    const r = await request(`${s.url}${PROFILES}`, { headers: { 'content-type': 'application/x-protobuf', 'x-mine': `${i}` }, body: profile(i) });
    assert.deepEqual([r.status, r.headers['content-type'], r.body.length], [200, 'application/x-protobuf', 0]);
    assert.deepEqual(await call(s.grpc, PROFILES_METHOD, profile(i), { 'x-mine': `${i}` }), { status: 0, body: message(Buffer.alloc(0)) });
  }
  const json = await request(`${s.url}${PROFILES}`, { headers: { 'content-type': 'application/json' }, body: '{"resourceProfiles":[]}' });
  assert.deepEqual([json.status, json.body.toString()], [200, '{}']);
  const bad = await request(`${s.url}${PROFILES}`, { headers: { 'content-type': 'application/x-protobuf' }, body: 'no' });
  assert.equal(bad.status, 400);
  await s.post('logs', 0);
  await until('all of it', () => one.taken.length === 7 && gone.taken.length === 5);
  const [plain, profiles] = [one.taken.filter(q => !q.path.startsWith('/p')), one.taken.filter(q => q.path.startsWith('/p'))];
  assert.deepEqual(plain.map(q => q.path), ['/v1/logs']);
  assert.deepEqual(profiles.map(q => [q.path, q.headers['x-mine'], q.body.toString('hex')]),
    [...range(5, i => [`/p${PROFILES}`, `${i}`, profile(i).toString('hex')]), [`/p${PROFILES}`, undefined, Buffer.from('{"resourceProfiles":[]}').toString('hex')]]);
  assert.deepEqual(gone.taken.map(q => [q.path, q.headers['x-mine'], q.body.toString('hex')]), range(5, i => [PROFILES_METHOD, `${i}`, message(profile(i)).toString('hex')]));
  const flow = await s.flow();
  assert.deepEqual([flow.received.profiles, flow.decode_errors, flow.refused], [11, 0, { decode: 1 }]);
  assert.deepEqual(flow.upstreams.map(u => [u.name, u.protocol, u.signals, u.forwarded.requests]),
    [['upstream', 'http', ['traces', 'metrics', 'logs'], 1], ['pyroscope', 'http', ['profiles'], 6], ['pyroscope', 'grpc', ['profiles'], 5]]);
  await s.stop();
  await one.stop(); await gone.stop();
});

test('profiles that nobody takes are refused as a collector without them does, and counted', async t => {
  const up = await new Sink().start();
  const s = await serve(t, ['--upstream-http', up.url]);
  const http = await request(`${s.url}${PROFILES}`, { headers: { 'content-type': 'application/json' }, body: '{}' });
  assert.equal(http.status, 404);
  assert.match(JSON.parse(http.body).message, /no upstream takes them: give one signals = profiles/);
  assert.equal((await call(s.grpc, PROFILES_METHOD, profile(0))).status, 12);
  const flow = await s.flow();
  assert.deepEqual([flow.refused, flow.received.profiles, flow.journal.last_seq], [{ profiles: 2 }, 0, 0]);
  await s.stop();
  await up.stop();
});

test('each destination counts what retention took from it', async t => {
  const up = await new Sink().start();
  const s = await serve(t, ['--upstream-http', up.url, '--upstream-http', `away=http://127.0.0.1:${await freePort()}`,
    '--journal-segment-bytes', '64KiB', '--journal-max-bytes', '1MiB']);
  const big = 'x'.repeat(30000), total = 80;
  for (let i = 0; i < total; i++)
    await request(`${s.url}/v1/logs`, { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ number: i, big }) });
  await s.when('upstream', u => u.forwarded.requests === total);
  const away = await s.when('away', u => u.dropped > 0 && u.dropped + u.queued.requests === total);
  const flow = await s.flow();
  assert.deepEqual([flow.dropped, flow.upstreams[0].dropped], [away.dropped, 0]);
  await s.stop();
  await up.stop();
});

test('an upstream\'s mistakes are told with its name', async t => {
  for (const [flags, words] of [
    [['--upstream-http', 'x=https://127.0.0.1:1', '--upstream-ca', `x=${t.path('absent.pem')}`], /\[upstream x\]: cannot read the upstream's CA certificates/],
    [['--upstream-http', 'http://127.0.0.1:1', '--upstream-http', 'http://127.0.0.1:2'], /--upstream-http is given twice: one more upstream has a name of its own/],
  ]) {
    const p = start(t, flags);
    await p.ended;
    assert.equal(p.code, 2, p.err);
    assert.match(p.err, words);
  }
});

await run();
