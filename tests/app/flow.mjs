// What status says of the flow: who sent what, what was refused and whose it was, what is wrong; and that gRPC passes
// through unchanged.
//
//   node flow.mjs CLAUDE_TOP
import fs from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import path from 'node:path';
import crypto from 'node:crypto';
import zlib from 'node:zlib';
import { assert, captures, readLines, request, root, run, test, until } from '../tools/tap.mjs';

const program = process.argv[2];
const tool = name => path.join(root, 'tests/tools', name);
const sha = b => crypto.createHash('sha256').update(b).digest('hex');
const json = { 'content-type': 'application/json' };
const requestsOf = name => readLines(path.join(captures, name, 'requests.jsonl'))
  .map(r => ({ ...r, bytes: fs.readFileSync(path.join(captures, name, r.body)) }));

async function serve(t, extra = []) {
  const socket = t.path('s.sock');
  const p = t.start(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--state-dir', t.path('state'), '--socket', socket,
    '--upstream-backoff-first', '20ms', '--upstream-backoff-max', '100ms', ...extra]);
  await until('the ready line', () => p.over || /^ready .*\n/m.test(p.out));
  const m = /^ready http=(\S*) grpc=(\S*) /m.exec(p.out);
  assert.ok(m, `no ready line: ${p.out}${p.err}`);
  p.url = `http://${m[1]}`; p.grpc = `http://${m[2]}`; p.socket = socket;
  p.status = async () => JSON.parse((await request('http://x/status', { method: 'GET', socketPath: socket })).body);
  p.settled = () => until('the model', async () => { const s = await p.status(); if (!s.catching_up) assert.equal(s.flow.model_behind, 0); return !s.catching_up && s; });
  p.when = condition => until(String(condition), async () => { const f = (await p.status()).flow; return condition(f) && f; });
  p.text = async () => { const r = await t.run(program, ['status', '--socket', socket]); assert.equal(r.code, 0, r.err); return r.out; };
  p.stop = async () => { p.kill('SIGTERM'); await p.ended; assert.equal(p.code, 0, `exit code ${p.code} ${p.signal} ${p.err}`); };
  return p;
}

function freePort() {
  return new Promise(f => { const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => f(port)); }); });
}

async function sink(t) {
  const [http, grpc] = [await freePort(), await freePort()];
  const p = t.start('node', [tool('otlp-sink.mjs'), '--http', String(http), '--grpc', String(grpc), '--out', t.path('sink')]);
  await until('the sink', () => p.out.includes('sink:') || p.over);
  assert.ok(!p.over, p.err);
  p.url = `http://127.0.0.1:${http}`; p.grpc = `http://127.0.0.1:${grpc}`;
  p.received = () => readLines(t.path('sink/received.jsonl'));
  p.body = r => fs.readFileSync(t.path('sink', String(r.n).padStart(6, '0')));
  p.mode = m => request(`${p.url}/_mode`, { method: 'PUT', body: m });
  return p;
}

/** One HTTP/2 connection; post resolves to { ':status', 'grpc-status' … } with the trailers in it. */
function session(t, url) {
  const s = http2.connect(url);
  s.on('error', () => {});
  return {
    post: (p, headers, body) => new Promise((resolve, reject) => {
      const stream = s.request({ ':method': 'POST', ':path': p, ...headers });
      const seen = {};
      stream.on('response', h => Object.assign(seen, h)); stream.on('trailers', h => Object.assign(seen, h));
      stream.on('error', reject); stream.on('close', () => resolve(seen));
      stream.resume(); stream.end(body);
    }),
    close: () => s.close(),
  };
}
const grpcHeaders = { 'content-type': 'application/grpc', te: 'trailers' };
const LOGS = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const prefixed = (body, flag = 0) => { const h = Buffer.alloc(5); h[0] = flag; h.writeUInt32BE(body.length, 1); return Buffer.concat([h, body]); };

const COUNTS = ['requests', 'bytes', 'spans', 'logs', 'metric_points', 'hooks'];

/** Clients and others add up to what was received; of what was refused, they have all but what came from nobody. */
function assertSums(flow, nobody = {}) {
  const all = [...flow.clients, flow.clients_other];
  for (const k of COUNTS) assert.equal(all.reduce((n, c) => n + c[k], 0), flow.received[k], k);
  assert.equal(all.reduce((n, c) => n + c.decode_errors, 0), flow.decode_errors);
  const refused = { ...nobody };
  for (const c of all) for (const [k, n] of Object.entries(c.refused)) refused[k] = (refused[k] ?? 0) + n;
  assert.deepEqual(refused, flow.refused);
}
const row = (flow, user_agent, transport, encoding) => {
  const rows = flow.clients.filter(c => c.user_agent === user_agent && c.transport === transport && c.encoding === encoding);
  assert.equal(rows.length, 1, `${user_agent} ${transport} ${encoding}: ${JSON.stringify(flow.clients)}`);
  return rows[0];
};
const SDK = 'OTel-OTLP-Exporter-JavaScript/0.208.0';

test('each client has its row: user agent, transport, encoding, compressions, and what it sent', async t => {
  const s = await serve(t);
  const names = ['tools-json', 'tools-protobuf', 'tools-protobuf-gzip', 'tools-grpc', 'tools-grpc-gzip', 'http-hooks', 'interceptor-basic'];
  const r = await t.run('node', [tool('replay-capture.mjs'), '--http', s.url, '--grpc', s.grpc, '--hooks', `${s.url}/hooks`, ...names.map(n => path.join(captures, n))]);
  const sent = JSON.parse(r.out);
  assert.deepEqual([sent.refused, sent.hooks], [0, sent.hooks_accepted]);
  const { flow } = await s.settled();
  assertSums(flow);
  const expected = (list, key) => list.reduce((n, name) => n + JSON.parse(fs.readFileSync(path.join(captures, name, 'expected.json'))).records[key], 0);
  for (const [list, transport, encoding, compression] of [
    [['tools-protobuf', 'tools-protobuf-gzip'], 'http1', 'protobuf', ['none', 'gzip']],
    [['tools-grpc', 'tools-grpc-gzip'], 'grpc', 'protobuf', ['none', 'gzip']],
    [['tools-json', 'http-hooks'], 'http1', 'json', ['none']],
  ]) {
    const c = row(flow, SDK, transport, encoding), all = list.flatMap(requestsOf);
    assert.deepEqual([c.requests, c.bytes, c.local, c.compression], [all.length, all.reduce((n, x) => n + x.bytes.length, 0), false, compression]);
    assert.deepEqual([c.spans, c.logs, c.metric_points, c.hooks], [expected(list, 'spans'), expected(list, 'logs'), expected(list, 'metric_points'), 0]);
    assert.ok(Date.parse(c.first_seen) <= Date.parse(c.last_seen) && Date.now() - Date.parse(c.last_seen) < 60000);
  }
  assert.equal(row(flow, 'axios/1.15.2', 'http1', 'hook').hooks, sent.hooks);
  assert.equal(row(flow, null, 'http1', 'json').requests, requestsOf('interceptor-basic').length);
  const requests = flow.clients.map(c => c.requests);
  assert.deepEqual(requests, [...requests].sort((a, b) => b - a), 'the busiest first');
  assert.deepEqual([flow.clients_other.clients, flow.limits], [0, []]);
  await s.stop();
});

test('what is refused is counted for the client that sent it, wherever it was refused', async t => {
  const s = await serve(t, ['--limit-body-bytes', '100KiB', '--limit-nesting', '10']);
  const post = (p, headers, body = '') => request(s.url + p, { headers, body });
  const big = Buffer.alloc(200 * 1024, 0x20);
  await post('/v1/logz', { ...json, 'user-agent': 'a/1 (x)' }, '{}');
  await post('/v1/logs', { ...json, 'user-agent': 'a/1', 'content-encoding': 'br' }, '{}');
  await post('/v1/logs', { ...json, 'user-agent': 'a/1' }, '{"resourceLogs":');
  await post('/v1/logs', { ...json, 'user-agent': 'a/1' }, '{}');
  await post('/v1/logs', { 'user-agent': 'a/1' }, '');
  await post('/v1/logs', { ...json, 'user-agent': 'big/1' }, big).catch(() => {});
  await post('/hooks', { ...json, 'user-agent': 'page/1', origin: 'https://example.com' }, '{}');
  const h2 = session(t, s.grpc);
  await h2.post('/v1/logs', { ...json, 'user-agent': 'big/2' }, big);
  await h2.post(LOGS, { ...grpcHeaders, 'user-agent': 'big/2 grpc' }, prefixed(big));
  await h2.post(LOGS, { ...grpcHeaders, 'user-agent': 'big/2 grpc', 'grpc-encoding': 'snappy' }, prefixed(Buffer.alloc(0)));
  await h2.post(LOGS, { ...grpcHeaders, 'user-agent': 'big/2 grpc', 'grpc-encoding': 'gzip' }, prefixed(zlib.gzipSync(''), 1));
  /* Nobody's: no headers ever came. */
  const port = new URL(s.url).port;
  await new Promise(f => { const c = net.connect(port, '127.0.0.1', () => c.end('no http\r\n\r\n')); c.resume(); c.on('close', f); c.on('error', () => {}); });
  const flow = await s.when(f => f.refused.malformed && f.refused.body_size === 3);
  assertSums(flow, { malformed: 1 });
  assert.deepEqual([row(flow, 'a/1', 'http1', 'json').requests, row(flow, 'a/1', 'http1', 'json').refused], [1, { path: 1, content_encoding: 1, decode: 1 }]);
  assert.deepEqual(row(flow, 'a/1', 'http1', 'json').compression, ['none', 'other']);
  assert.deepEqual(row(flow, 'a/1', 'http1', 'unknown').refused, { content_type: 1 });
  assert.deepEqual(row(flow, 'big/1', 'http1', 'json').refused, { body_size: 1 });
  assert.deepEqual(row(flow, 'big/2', 'http2', 'json').refused, { body_size: 1 });
  assert.deepEqual(row(flow, 'big/2', 'grpc', 'protobuf').refused, { content_encoding: 1, body_size: 1 });
  assert.deepEqual([row(flow, 'big/2', 'grpc', 'protobuf').requests, row(flow, 'big/2', 'grpc', 'protobuf').compression], [1, ['none', 'gzip', 'other']]);
  assert.deepEqual(row(flow, 'page/1', 'http1', 'hook').refused, { origin: 1 });
  assert.deepEqual(flow.limits, [{ limit: 'body_size', settings: 'limits.body_bytes', hits: 3 }]);
  h2.close();
  const text = await s.text();
  assert.match(text, /^! \d+ requests refused: .*3 body_size \(limits\.body_bytes\)/);
  await s.stop();
});

test('hooks over the Unix socket are local; what is no JSON is a decode error of its sender', async t => {
  const s = await serve(t);
  await request('http://x/hooks', { socketPath: s.socket, headers: { ...json, 'user-agent': 'hook/1' }, body: '{"hook_event_name":"Stop","session_id":"x"}' });
  await request(`${s.url}/hooks`, { headers: { ...json, 'user-agent': 'hook/2' }, body: 'none' });
  const { flow } = await s.settled();
  assertSums(flow);
  assert.deepEqual(flow.clients.map(c => [c.user_agent, c.local, c.hooks, c.decode_errors]).sort(), [['hook/1', true, 1, 0], ['hook/2', false, 1, 1]]);
  await s.stop();
  /* What an earlier run received is read again, but counted for nobody. */
  const again = await serve(t);
  const status = await again.settled();
  assert.deepEqual([status.flow.clients, status.flow.received.requests], [[], 0]);
  await again.stop();
});

test('a sender with a thousand names fills no more than the table, and pushes nobody out who keeps talking', async t => {
  const s = await serve(t);
  const post = name => request(`${s.url}/v1/logs`, { headers: { ...json, 'user-agent': name }, body: '{}' });
  for (let i = 0; i < 100; i++) {
    await post('steady/1');
    await Promise.all(Array.from({ length: 10 }, (_, k) => post(`${i % 2 ? '' : '\x80'}name/${10 * i + k}`)));
  }
  const { flow } = await s.settled();
  assertSums(flow);
  assert.equal(flow.clients.length, 64);
  assert.equal(flow.clients_other.clients, 1001 - 64);
  assert.deepEqual([flow.clients[0].user_agent, flow.clients[0].requests], ['steady/1', 100]);
  assert.deepEqual(flow.limits, [{ limit: 'clients', settings: null, hits: 1001 - 64 }]);
  assert.doesNotMatch(JSON.stringify(flow), /[\u0080-\u009f]/);
  const text = await s.text();
  assert.match(text, /^0 sessions/m);
  assert.match(text, new RegExp(`^and ${1001 - 5} more: `, 'm'));
  await s.stop();
});

test('status says first what is wrong, in the words of the upstream', async t => {
  const up = await sink(t);
  const s = await serve(t, ['--upstream-http', up.url, '--no-upstream-convert']);
  assert.match(await s.text(), /^0 sessions/, 'nothing is wrong, nothing came');
  const send = body => request(`${s.url}/v1/logs`, { headers: { ...json, 'user-agent': 'a/1' }, body });
  const next = async (mode, done) => { await up.mode(mode); await send('{"resourceLogs":[]}'); return s.when(done); };
  await next('ok', f => f.forwarded.requests === 1);
  assert.match(await s.text(), /^0 sessions[^]*\nreceived 1 request \(19B\), forwarded 1 request \(19B\), 0 requests waiting, \d connections? open\ntraces made of 0 sessions [^\n]*\nCLIENT .*\na\/1 +http1 json +1 +19 +0 +0 +0 +0 +0\n$/);
  await next('400', f => f.upstream_rejected === 1);
  assert.match(await s.text(), /^! upstream http 127\.0\.0\.1:\d+: 1 request refused by it for good: .*refused by test sink\n0 sessions/);
  await next('partial', f => f.upstream.partial_successes === 1);
  assert.match(await s.text(), /^! upstream http \S+: 1 request refused by it for good; 1 request taken in part, 1 record not: .*one refused\n/);
  await next('503', f => f.upstream.health === 'retrying');
  assert.match(await s.text(), /^! upstream http \S+: 1 request \(19B\) waiting, the oldest for \ds; 1 request refused/);
  await up.mode('ok');
  const well = await s.when(f => f.queued.requests === 0);
  assert.deepEqual([well.upstream.health, well.upstream.last_error, well.upstream.last_refusal], ['ok', null, 'partial success, 1 rejected: one refused']);
  assert.match(await s.text(), /^! upstream http \S+: 1 request refused by it for good; .* not: partial success, 1 rejected: one refused\n/);
  const h2 = session(t, s.grpc);
  await h2.post(LOGS, grpcHeaders, prefixed(Buffer.alloc(0)));
  h2.close();
  const flow = await s.when(f => f.forwarded.requests === 3 && f.held === 1);
  assert.match(await s.text(), /; 1 request held for an upstream of the other transport/);
  assert.ok(flow.connections_total >= flow.connections_open && flow.connections_open >= 1);
  assert.deepEqual(flow.budget, { used_bytes: 0, max_bytes: 256 * 1024 * 1024 });
  await s.stop();
});

const hop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'host', 'content-length', 'grpc-timeout']);
const endToEnd = h => Object.fromEntries(Object.entries(h).filter(([k]) => !hop.has(k)));
const grpcCaptures = fs.readdirSync(captures).filter(n => requestsOf(n).every(r => r.transport === 'grpc')).sort();

test('every gRPC capture arrives message for message: flag, bytes, custom metadata; and is counted right', async t => {
  assert.deepEqual(grpcCaptures, ['interactive-grpc-default-intervals', 'tools-grpc', 'tools-grpc-gzip']);
  const up = await sink(t), s = await serve(t, ['--upstream-grpc', up.grpc]);
  const custom = i => ({ 'x-scope-orgid': 'team', 'x-count': String(i), authorization: 'Bearer of-the-sender', 'trace-bin': Buffer.from([0, 255, i % 256]).toString('base64') });
  const sent = [];
  for (const [at, name] of grpcCaptures.entries()) {
    const h2 = session(t, at % 2 ? s.url : s.grpc); /* either port */
    for (const r of requestsOf(name)) {
      const headers = { ...r.headers, ...custom(sent.length) };
      const answer = await h2.post(r.path, headers, r.bytes);
      assert.equal(answer['grpc-status'], '0', JSON.stringify(answer));
      sent.push({ ...r, headers, name });
    }
    h2.close();
  }
  const flow = await s.when(f => f.forwarded.requests === sent.length && f.queued.requests === 0);
  const got = up.received();
  assert.ok(got.every(r => r.transport === 'grpc'));
  for (const signal of ['TraceService', 'MetricsService', 'LogsService']) {
    const a = sent.filter(r => r.path.includes(signal)), b = got.filter(r => r.path.includes(signal));
    assert.ok(a.length > 5);
    assert.deepEqual(b.map(r => [r.path, r.sha256]), a.map(r => [r.path, sha(r.bytes)]), `${signal}: messages, in order`);
    assert.deepEqual(b.map(r => endToEnd(r.headers)), a.map(r => endToEnd(r.headers)), `${signal}: metadata`);
    for (const [i, r] of a.entries()) assert.equal(up.body(b[i])[0], r.name === 'tools-grpc-gzip' ? 1 : 0, 'the flag of the message');
  }
  assert.equal(flow.forwarded.bytes, sent.reduce((n, r) => n + r.bytes.length, 0));
  assertSums(flow);
  const c = row(flow, SDK, 'grpc', 'protobuf');
  assert.deepEqual([c.requests, c.bytes, c.compression], [sent.length, flow.forwarded.bytes, ['none', 'gzip']]);
  const status = await s.settled();
  const wanted = grpcCaptures.map(n => JSON.parse(fs.readFileSync(path.join(captures, n, 'expected.json'))));
  for (const [key, k] of [['spans', 'spans'], ['logs', 'logs'], ['metric_points', 'metric_points']])
    assert.equal(flow.received[key], wanted.reduce((n, w) => n + w.records[k], 0), key);
  for (const want of wanted.flatMap(w => w.sessions)) {
    const session = status.sessions.find(x => x.session_id === want.session_id);
    for (const k of ['turns', 'llm_calls', 'llm_errors', 'tool_calls', 'tool_errors', 'tool_rejections', 'agents', 'input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_creation_tokens'])
      if (k in want) assert.equal(session[k], want[k], `${want.session_id}: ${k}`);
    assert.ok(Math.abs(session.cost_usd - want.cost_usd) < 1.5e-6);
  }
  await s.stop();
});

await run();
