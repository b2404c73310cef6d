// Forwards with the whole program: by the transport that each request came by, with the settings that upstreams need.
//
//   node forward.mjs CLAUDE_TOP
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import crypto from 'node:crypto';
import { assert, captures, readLines, request, root, run, test, until } from '../tools/tap.mjs';

const program = process.argv[2];
const tool = name => path.join(root, 'tests/tools', name);
const sha = b => crypto.createHash('sha256').update(b).digest('hex');
const SIGNALS = ['traces', 'metrics', 'logs'];
const signalOf = p => SIGNALS.find(s => p.toLowerCase().includes(s.slice(0, 5)));

/* Captures of both transports, with what each request is made of. */
const names = fs.readdirSync(captures).filter(n => /^(tools-|interactive|subagent$)/.test(n)).sort();
const sent = names.flatMap(n => readLines(path.join(captures, n, 'requests.jsonl'))
  .map(r => ({ ...r, bytes: fs.readFileSync(path.join(captures, n, r.body)) })));
const by = transport => sent.filter(r => r.transport === transport);
assert.ok(by('http').length > 50 && by('grpc').length > 30);

function freePort() {
  return new Promise(f => { const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => f(port)); }); });
}

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
  p.when = condition => until(String(condition), async () => { const f = await p.flow(); return condition(f) && f; });
  p.stop = async () => { p.kill('SIGTERM'); await p.ended; assert.equal(p.code, 0, `exit code ${p.code} ${p.signal} ${p.err}`); };
  return p;
}

async function replay(t, server) {
  const r = await t.run('node', [tool('replay-capture.mjs'), '--http', server.url, '--grpc', server.grpc, ...names.map(n => path.join(captures, n))]);
  assert.equal(JSON.parse(r.out).accepted, sent.length, r.out);
}

async function sink(t) {
  const [http, grpc] = [await freePort(), await freePort()];
  const p = t.start('node', [tool('otlp-sink.mjs'), '--http', String(http), '--grpc', String(grpc), '--out', t.path('sink')]);
  await until('the sink', () => p.out.includes('sink:') || p.over);
  assert.ok(!p.over, p.err);
  p.url = `http://127.0.0.1:${http}`; p.grpc = `http://127.0.0.1:${grpc}`;
  p.received = (transport) => readLines(t.path('sink/received.jsonl')).filter(r => r.transport === transport);
  return p;
}

const hop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'host', 'content-length', 'grpc-timeout']);
const endToEnd = h => Object.fromEntries(Object.entries(h).map(([k, v]) => [k.toLowerCase(), v]).filter(([k]) => !hop.has(k)));

/** got has what was sent: per signal the same bytes, in order; the same headers where nothing was converted. */
function assertSame(got, want, body = r => r.bytes, headers = true) {
  assert.equal(got.length, want.length);
  for (const signal of SIGNALS) {
    const a = want.filter(r => signalOf(r.path) === signal), b = got.filter(r => signalOf(r.path) === signal);
    assert.deepEqual(b.map(r => r.sha256), a.map(r => sha(body(r))), `${signal}: bodies, in order`);
    if (headers) assert.deepEqual(b.map(r => endToEnd(r.headers)), a.map(r => endToEnd(r.headers)), `${signal}: headers`);
  }
}

test('with two upstreams everything leaves by the transport that it came by, unchanged', async t => {
  const up = await sink(t);
  const s = await serve(t, ['--upstream-http', up.url, '--upstream-grpc', up.grpc]);
  await replay(t, s);
  const flow = await s.when(f => f.forwarded.requests === sent.length);
  assertSame(up.received('http'), by('http'));
  assertSame(up.received('grpc'), by('grpc'));
  assert.deepEqual(flow.upstreams.map(u => [u.protocol, u.health, u.forwarded.requests, u.held, u.last_status, u.last_grpc_status]),
    [['http', 'ok', by('http').length, 0, 200, null], ['grpc', 'ok', by('grpc').length, 0, 200, 0]]);
  assert.deepEqual(flow.upstreams.map(u => `http://${u.address}`), [up.url, up.grpc]);
  assert.deepEqual([flow.upstream.health, flow.queued.requests, flow.held, flow.retries], ['ok', 0, 0, 0]);
  await s.stop();
});

test('with one upstream the other transport is converted', async t => {
  const up = await sink(t);
  const s = await serve(t, ['--upstream-http', up.url]);
  await replay(t, s);
  await s.when(f => f.forwarded.requests === sent.length);
  assertSame(up.received('http'), sent, r => r.transport === 'grpc' ? r.bytes.subarray(5) : r.bytes, false);
  await s.stop();
});

test('--no-upstream-convert holds it until its upstream is there; then nothing is sent twice', async t => {
  const up = await sink(t);
  let s = await serve(t, ['--upstream-http', up.url, '--no-upstream-convert']);
  await replay(t, s);
  const flow = await s.when(f => f.forwarded.requests === by('http').length && f.held === by('grpc').length);
  assert.deepEqual([flow.queued.requests, flow.upstreams[0].held, flow.dropped], [0, by('grpc').length, 0]);
  await s.stop();
  s = await serve(t, ['--upstream-http', up.url, '--upstream-grpc', up.grpc]);
  await s.when(f => f.forwarded.requests === by('grpc').length && f.held === 0);
  await s.stop();
  assertSame(up.received('http'), by('http'));
  assertSame(up.received('grpc'), by('grpc'));
});

test('an upstream that is away holds up only its own transport', async t => {
  const up = await sink(t);
  const s = await serve(t, ['--upstream-http', up.url, '--upstream-grpc', `http://127.0.0.1:${await freePort()}`]);
  await replay(t, s);
  const flow = await s.when(f => f.forwarded.requests === by('http').length && f.upstreams[1].health === 'retrying');
  assert.deepEqual([flow.upstream.health, flow.upstreams[0].health, flow.upstreams[1].queued.requests, flow.queued.requests],
    ['retrying', 'ok', by('grpc').length, by('grpc').length]);
  assert.match(flow.upstream.last_error, /connection refused/);
  assert.ok(flow.upstreams[1].queued.oldest_seconds >= 0);
  await s.stop();
});

test('headers are added from flags, from the environment and from config.ini', async t => {
  const up = await sink(t);
  const config = t.path('config.ini');
  fs.writeFileSync(config, '[upstream]\nheaders = X-Scope-OrgID: team; Authorization: Bearer of-the-file ; a comment\n');
  const ways = [
    [['--config', config], {}, 'team', 'Bearer of-the-file'],
    [['--config', config], { CLAUDE_TOP_UPSTREAM_HEADER: 'X-Scope-OrgID: env' }, 'env', undefined],
    [['--upstream-header', 'X-Scope-OrgID: a;b', '--upstream-header', 'authorization: Bearer of-the-flag'], {}, 'a;b', 'Bearer of-the-flag'],
  ];
  for (const [i, [flags, env, org, authorization]] of ways.entries()) {
    const s = await serve(t, ['--upstream-http', up.url, ...flags], env);
    await request(`${s.url}/v1/logs`, { headers: { 'content-type': 'application/json', 'x-scope-orgid': 'sender' }, body: '{}' });
    const got = await until('the sink', () => up.received('http')[i]);
    assert.deepEqual([got.headers['x-scope-orgid'], got.headers.authorization], [org, authorization]);
    await s.stop();
  }
});

test('settings of no use end with one line that says what to do', async t => {
  const port = await freePort();
  for (const [flags, words] of [
    [['--http', `127.0.0.1:${port}`, '--upstream-http', `http://0x7f.1:${port}`], /is claude-top itself, which listens on 127\.0\.0\.1:\d+: give the address of the collector/],
    [['--upstream-http', 'http://127.0.0.1:1', '--upstream-header', 's3cret'], /header 1 for the upstream is none: it takes "Name: value"/],
    [['--upstream-grpc', 'https://127.0.0.1:1', '--upstream-ca', t.path('absent.pem')], /cannot read the upstream's CA certificates .*absent\.pem/],
    [['--upstream-http', 'https://127.0.0.1:1', '--upstream-key', program], /needs its certificate too/],
  ]) {
    const p = start(t, flags);
    await p.ended;
    assert.equal(p.code, 2, `${flags}: ${p.code} ${p.err}`);
    assert.match(p.err, words);
    assert.equal(p.err.trim().split('\n').length, 1, p.err);
    assert.doesNotMatch(p.err, /s3cret/);
  }
});

await run();
