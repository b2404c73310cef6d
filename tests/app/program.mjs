// Runs the whole program: what goes in at its ports comes out in its status, in its journal and at its upstream.
//
//   node program.mjs CLAUDE_TOP
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import crypto from 'node:crypto';
import { assert, captures, readLines, request, root, run, test, until } from '../tools/tap.mjs';

const program = process.argv[2];
const replayTool = path.join(root, 'tests/tools/replay-capture.mjs');
const sinkTool = path.join(root, 'tests/tools/otlp-sink.mjs');
const all = fs.readdirSync(captures).sort();
const isHttp = name => readLines(path.join(captures, name, 'requests.jsonl')).every(r => r.transport === 'http');
const httpCaptures = all.filter(isHttp);
// The recordings of the interceptor have one session id: of those, one.
const native = httpCaptures.filter(n => !n.startsWith('interceptor-') || n === 'interceptor-permission');
const grpcCaptures = all.filter(n => !isHttp(n));
const json = file => JSON.parse(fs.readFileSync(file, 'utf8'));
const expected = name => json(path.join(captures, name, 'expected.json'));
const sha = b => crypto.createHash('sha256').update(b).digest('hex');

/** A collector with everything in the test's own folder. */
async function serve(t, extra = [], state = 'state') {
  const socket = t.path('s.sock');
  const p = t.start(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--state-dir', t.path(state), '--socket', socket,
    '--upstream-backoff-first', '20ms', '--upstream-backoff-max', '100ms', ...extra]);
  await until('the ready line', () => p.over || /^ready .*\n/m.test(p.out));
  const m = /^ready http=(\S*) grpc=(\S*) socket=(\S*)$/m.exec(p.out);
  assert.ok(m, `no ready line: ${p.out}${p.err}`);
  p.url = `http://${m[1]}`; p.grpc = `http://${m[2]}`; p.socket = m[3];
  p.status = async () => JSON.parse((await request('http://x/status', { method: 'GET', socketPath: p.socket })).body);
  p.settled = () => until('the model', async () => { const s = await p.status(); return !s.catching_up && s; });
  p.stop = async () => { p.kill('SIGTERM'); await p.ended; assert.equal(p.code, 0, `exit code ${p.code} ${p.signal} ${p.err}`); };
  return p;
}

async function replay(t, server, names, ...more) {
  const r = await t.run('node', [replayTool, '--http', server.url, '--grpc', server.grpc, ...more, ...names.map(n => path.join(captures, n))]);
  const out = JSON.parse(r.out);
  assert.equal(out.refused, 0, r.out);
  return out;
}

async function sink(t, dir, port = 0) {
  if (!port) port = await freePort();
  const p = t.start('node', [sinkTool, '--http', String(port), '--grpc', String(await freePort()), '--out', t.path(dir)]);
  await until('the sink', () => p.out.includes('sink:') || p.over);
  p.url = `http://127.0.0.1:${port}`; p.port = port;
  p.mode = m => request(`${p.url}/_mode`, { method: 'PUT', body: m });
  p.stats = async () => JSON.parse((await request(`${p.url}/_stats`, { method: 'GET' })).body);
  return p;
}

function freePort() {
  return new Promise(f => { const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => f(port)); }); });
}

const COUNTERS = ['turns', 'llm_calls', 'llm_errors', 'tool_calls', 'tool_errors', 'tool_rejections', 'agents',
  'input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_creation_tokens'];

function checkTotals(name, status) {
  for (const want of expected(name).sessions) {
    const got = status.sessions.find(s => s.session_id === want.session_id);
    assert.ok(got, `${name}: session ${want.session_id} is missing`);
    for (const k of COUNTERS) if (k in want) assert.equal(got[k], want[k], `${name}: ${k}`);
    assert.ok(Math.abs(got.cost_usd - want.cost_usd) < 1.5e-6, `${name}: cost ${got.cost_usd}, expected ${want.cost_usd}`);
    assert.deepEqual([...got.models].sort(), [...want.models].sort(), name);
  }
}

test('every HTTP capture gives its expected totals in status --json, hooks and a second sending included', async t => {
  const s = await serve(t);
  /* Old clients' hooks carry no ids and join by time, which a replay does not keep: tests/replay has them. */
  await replay(t, s, native.filter(n => !n.startsWith('old-')), '--hooks', `${s.url}/hooks`);
  await replay(t, s, native.filter(n => n.startsWith('old-')));
  let status = await s.settled();
  for (const n of native) checkTotals(n, status);
  await replay(t, s, native);
  status = await s.settled();
  for (const n of native) checkTotals(n, status);
  assert.equal(status.schema, 1);
  assert.equal(status.sessions.length, native.flatMap(n => expected(n).sessions).length);
  for (const k of COUNTERS) assert.equal(status.totals[k], status.sessions.reduce((sum, x) => sum + x[k], 0), k);
  const records = native.map(n => expected(n).records);
  assert.equal(status.flow.received.logs, 2 * records.reduce((a, r) => a + r.logs, 0));
  assert.equal(status.flow.received.spans, 2 * records.reduce((a, r) => a + r.spans, 0));
  assert.equal(status.flow.received.metric_points, 2 * records.reduce((a, r) => a + r.metric_points, 0));
  assert.equal(status.flow.decode_errors, 0);
  await s.stop();
});

test('every gRPC capture gives its expected totals, on either port', async t => {
  const s = await serve(t);
  assert.ok(grpcCaptures.length >= 3);
  await replay(t, s, grpcCaptures);
  let status = await s.settled();
  for (const n of grpcCaptures) checkTotals(n, status);
  await replay(t, { url: s.grpc, grpc: s.url }, [...grpcCaptures, 'tools-json']);
  status = await s.settled();
  for (const n of [...grpcCaptures, 'tools-json']) checkTotals(n, status);
  assert.deepEqual(status.flow.refused, {});
  await s.stop();
});

const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'host', 'content-length']);
const endToEnd = h => Object.fromEntries(Object.entries(h).map(([k, v]) => [k.toLowerCase(), v]).filter(([k]) => !hopByHop.has(k)));

test('what reaches the upstream equals what was sent, byte for byte and header for header, for every HTTP capture', async t => {
  const up = await sink(t, 'sink');
  const s = await serve(t, ['--upstream-http', up.url]);
  const sent = httpCaptures.flatMap(n => readLines(path.join(captures, n, 'requests.jsonl'))
    .map(r => ({ ...r, bytes: fs.readFileSync(path.join(captures, n, r.body)) })));
  await replay(t, s, httpCaptures);
  await until('the tee', async () => (await up.stats()).received >= sent.length);
  const got = readLines(t.path('sink/received.jsonl'));
  assert.equal(got.length, sent.length);
  for (const signal of ['traces', 'metrics', 'logs']) {
    const a = sent.filter(r => r.path.endsWith(signal)), b = got.filter(r => r.path.endsWith(signal));
    assert.deepEqual(b.map(r => r.sha256), a.map(r => sha(r.bytes)), `${signal}: bodies, in order`);
    for (const [i, r] of a.entries()) assert.deepEqual(endToEnd(b[i].headers), endToEnd(r.headers), `${signal} ${i}`);
  }
  const flow = (await s.status()).flow;
  assert.equal(flow.forwarded.requests, sent.length);
  assert.equal(flow.queued.requests, 0);
  await s.stop();
});

test('kill -9 in the middle of a replay: everything that was acknowledged reaches the upstream after a restart', async t => {
  const port = await freePort();
  const s = await serve(t, ['--upstream-http', `http://127.0.0.1:${port}`]); /* nobody is there yet */
  const names = ['interactive', 'tools-json', 'subagent', 'resume', 'http-hooks'];
  const bodies = names.flatMap(n => readLines(path.join(captures, n, 'requests.jsonl'))
    .map(r => ({ ...r, bytes: fs.readFileSync(path.join(captures, n, r.body)) })));
  const acknowledged = [];
  let killed = false;
  for (const r of bodies) {
    if (acknowledged.length === 40 && !killed) { killed = true; s.kill('SIGKILL'); }
    try {
      const x = await request(s.url + r.path, { headers: r.headers, body: r.bytes });
      if (x.status === 200) acknowledged.push(sha(r.bytes));
    } catch (e) {
      assert.ok(killed, `refused before the kill: ${e}`);
      break;
    }
  }
  await s.ended;
  assert.equal(s.signal, 'SIGKILL');
  assert.ok(acknowledged.length >= 40);
  const up = await sink(t, 'sink', port);
  const again = await serve(t, ['--upstream-http', up.url]);
  await until('the backlog', async () => {
    const got = new Set(readLines(t.path('sink/received.jsonl')).map(r => r.sha256));
    return acknowledged.every(h => got.has(h));
  });
  const status = await again.settled();
  assert.ok(status.sessions.length >= 1, 'the history is back');
  assert.equal(status.flow.journal.corrupt_segments, 0);
  await again.stop();
});

test('an upstream that is away or says 503 holds up nobody, and gets everything when it is back', async t => {
  const up = await sink(t, 'sink');
  const s = await serve(t, ['--upstream-http', up.url]);
  await up.mode('503');
  const out = await replay(t, s, ['interactive', 'tools-json']);
  assert.ok(out.seconds < 10);
  const status = await until('retrying', async () => { const x = await s.status(); return x.flow.upstream.health === 'retrying' && x; });
  assert.ok(status.flow.queued.requests > 0);
  assert.ok(status.flow.queued.oldest_seconds >= 0);
  await up.mode('ok');
  await until('the queue', async () => (await s.status()).flow.queued.requests === 0);
  assert.equal((await s.status()).flow.forwarded.requests, out.requests);
  await s.stop();
});

test('rules 3 to 8: what is refused, and in whose words', async t => {
  const s = await serve(t);
  const post = (p, headers, body = '') => request(s.url + p, { headers, body });
  const pb = { 'content-type': 'application/x-protobuf' }, js = { 'content-type': 'application/json' };
  let r = await post('/v1/traces', pb);
  assert.equal(r.status, 200); assert.equal(r.body.length, 0); assert.equal(r.headers['content-type'], 'application/x-protobuf');
  r = await post('/v1/logs', { 'content-type': 'application/json; charset=utf-8' }, '{}');
  assert.equal(r.status, 200); assert.equal(r.body.toString(), '{}'); assert.equal(r.headers['content-type'], 'application/json');
  r = await post('/v1/logs', js, '{"resourceLogs":[{"unknownKey":1}],"other":[]}');
  assert.equal(r.status, 200);
  r = await request(s.url + '/v1/logs', { method: 'GET' });
  assert.equal(r.status, 405); assert.equal(r.headers.allow, 'POST');
  r = await post('/v1/logz', js, '{}');
  assert.equal(r.status, 404); assert.match(JSON.parse(r.body).message, /\/v1\/logs/);
  r = await post('/', pb);
  assert.equal(r.status, 404); assert.match(r.body.toString(), /OTEL_EXPORTER_OTLP/);
  r = await post('/opentelemetry.proto.collector.logs.v1.LogsService/Export', pb);
  assert.equal(r.status, 404, 'a gRPC method over plain HTTP');
  r = await post('/v1/logs', { 'content-type': 'text/plain' }, 'x');
  assert.equal(r.status, 415);
  r = await post('/v1/logs', { ...js, 'content-encoding': 'br' }, '{}');
  assert.equal(r.status, 400);
  r = await post('/v1/logs', js, '{"resourceLogs":');
  assert.equal(r.status, 400); assert.equal(JSON.parse(r.body).code, 3);
  r = await post('/v1/logs', pb, Buffer.from([0x0a, 0x7f, 0x01]));
  assert.equal(r.status, 400); assert.equal(r.body[0], 0x08); assert.equal(r.body[1], 3);
  r = await post('/v1/logs', { ...pb, 'content-encoding': 'gzip' }, 'no gzip');
  assert.equal(r.status, 400);
  r = await post('/v1/logs', { ...js, origin: 'https://example.com' }, '{}');
  assert.equal(r.status, 403);
  const { refused } = (await s.status()).flow;
  assert.deepEqual(refused, { method: 1, path: 3, content_type: 1, content_encoding: 1, decode: 2, bad_compression: 1, origin: 1 });
  await s.stop();
});

test('/hooks answers 200 and an empty object, whatever the body', async t => {
  const s = await serve(t);
  for (const body of ['{"hook_event_name":"Stop","session_id":"x"}', '', 'no json', '[' .repeat(100000), '\u0000\uffff']) {
    const r = await request(s.url + '/hooks', { headers: { 'content-type': 'application/json' }, body });
    assert.equal(r.status, 200);
    assert.equal(r.body.toString(), '{}');
  }
  const status = await s.settled();
  assert.equal(status.flow.received.hooks, 5);
  assert.equal(status.flow.decode_errors, 4);
  await s.stop();
});

test('a permission prompt shows within 100 ms of its hook', async t => {
  const s = await serve(t);
  const hook = body => request(s.url + '/hooks', { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ session_id: 'a', prompt_id: 'p', cwd: '/x/web-ui', ...body }) });
  await hook({ hook_event_name: 'UserPromptSubmit', prompt: 'go' });
  await hook({ hook_event_name: 'PreToolUse', tool_name: 'Bash', tool_use_id: 't1', tool_input: { command: 'rm -rf dist' } });
  await hook({ hook_event_name: 'PermissionRequest', tool_name: 'Bash', tool_input: { command: 'rm -rf dist' } });
  const at = Date.now();
  const status = await until('waiting', async () => { const x = await s.status(); return x.totals.waiting === 1 && x; }, 1000);
  assert.ok(Date.now() - at < 100, `${Date.now() - at} ms`);
  assert.equal(status.sessions[0].state, 'permission');
  assert.equal(status.sessions[0].state_evidence, 'PermissionRequest hook');
  await s.stop();
});

test('record and replay: the same totals, the same bytes each time', async t => {
  const s = await serve(t);
  const file = t.path('r.ctj');
  const rec = t.start(program, ['record', file, '--socket', s.socket]);
  await until('recording', () => rec.err.includes('recording to'));
  await replay(t, s, ['interactive', 'tools-json'], '--hooks', `${s.url}/hooks`);
  await s.settled();
  await until('the recording', () => fs.statSync(file).size > 500000);
  rec.kill('SIGINT');
  await rec.ended;
  assert.equal(rec.code, 0, rec.err);
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  const a = await t.run(program, ['replay', file, '--json']), b = await t.run(program, ['replay', file, '--json']);
  assert.equal(a.code, 0, a.err);
  assert.equal(a.out, b.out);
  checkTotals('interactive', JSON.parse(a.out));
  checkTotals('tools-json', JSON.parse(a.out));
  const live = await s.status();
  assert.deepEqual(JSON.parse(a.out).sessions.map(x => x.tree), live.sessions.map(x => x.tree), 'the tree of the replay is the live one');
  const twice = await t.run(program, ['record', file, '--socket', s.socket]);
  assert.equal(twice.code, 1); assert.match(twice.err, /exists/);
  await s.stop();
});

test('a journal segment is a recording', async t => {
  const s = await serve(t);
  await replay(t, s, ['tools-protobuf']);
  await s.settled();
  await s.stop();
  const segment = fs.readdirSync(t.path('state')).find(f => f.endsWith('.ctj'));
  const r = await t.run(program, ['replay', t.path('state', segment), '--json']);
  checkTotals('tools-protobuf', JSON.parse(r.out));
});

test('files and socket belong to the user alone', async t => {
  const s = await serve(t);
  await replay(t, s, ['tools-json']);
  assert.equal(fs.statSync(t.path('state')).mode & 0o777, 0o700);
  assert.equal(fs.statSync(s.socket).mode & 0o777, 0o600);
  for (const f of fs.readdirSync(t.path('state'))) assert.equal(fs.statSync(t.path('state', f)).mode & 0o777, 0o600, f);
  await s.stop();
  assert.equal(fs.existsSync(s.socket), false, 'the socket is gone with the collector');
});

test('journal = memory leaves nothing on disk', async t => {
  const s = await serve(t, ['--journal', 'memory']);
  await replay(t, s, ['tools-json']);
  checkTotals('tools-json', await s.settled());
  assert.equal(fs.existsSync(t.path('state')), false);
  await s.stop();
});

test('a busy port, socket or state folder gives one line that says what to do', async t => {
  const s = await serve(t);
  const port = new URL(s.url).port;
  const base = ['serve', '--grpc', ''];
  let r = await t.run(program, [...base, '--http', `127.0.0.1:${port}`, '--state-dir', t.path('b'), '--socket', t.path('b.sock')]);
  assert.equal(r.code, 4); assert.match(r.err, /^claude-top: .*--http.*\n$/); assert.match(r.err, new RegExp(port));
  r = await t.run(program, [...base, '--http', '127.0.0.1:0', '--state-dir', t.path('state'), '--socket', t.path('c.sock')]);
  assert.equal(r.code, 4); assert.match(r.err, /^claude-top: .*--state-dir.*\n$/);
  r = await t.run(program, [...base, '--http', '127.0.0.1:0', '--state-dir', t.path('d'), '--socket', s.socket]);
  assert.equal(r.code, 4); assert.match(r.err, /^claude-top: .*socket.*\n$/);
  await s.stop();
});

test('status, link and setup', async t => {
  let r = await t.run(program, ['status', '--socket', t.path('nobody.sock')]);
  assert.equal(r.code, 3); assert.match(r.err, /start one with/);
  const s = await serve(t);
  await replay(t, s, ['tools-json', 'interactive']);
  await s.settled();
  r = await t.run(program, ['status', '--socket', s.socket]);
  assert.equal(r.code, 0); assert.match(r.out, /^3 sessions/);
  r = await t.run(program, ['link', 'loki', '--session', 'ca83d22b-46c1-42fc-97c0-03c26066c702', '--socket', s.socket]);
  assert.equal(r.code, 0);
  const panes = JSON.parse(new URL(r.out.trim()).searchParams.get('panes'));
  assert.match(Object.values(panes)[0].queries[0].expr, /session_id="ca83d22b/);
  r = await t.run(program, ['link', '--turn', '3', '--session', '3a5d10c2-2c80-46a7-8c4a-89c3836db537', '--socket', s.socket]);
  assert.match(Object.values(JSON.parse(new URL(r.out.trim()).searchParams.get('panes')))[0].queries[0].query, /^[0-9a-f]{32}$/);
  r = await t.run(program, ['link', '--session', 'nobody', '--turn', '1', '--socket', s.socket]);
  assert.equal(r.code, 3);
  r = await t.run(program, ['setup', '--print-env']);
  assert.match(r.out, /^export CLAUDE_CODE_ENABLE_TELEMETRY=1$/m);
  assert.match(r.out, /^export OTEL_EXPORTER_OTLP_ENDPOINT=http:\/\/127.0.0.1:4318$/m);
  r = await t.run(program, ['setup', '--print-json', '--http', '127.0.0.1:5000']);
  const settings = JSON.parse(r.out);
  assert.equal(settings.env.OTEL_EXPORTER_OTLP_ENDPOINT, 'http://127.0.0.1:5000');
  assert.equal(settings.hooks.PermissionRequest[0].hooks[0].url, 'http://127.0.0.1:5000/hooks');
  r = await t.run(program, ['setup', '--http', '127.0.0.1:0']);
  assert.equal(r.code, 2);
  r = await t.run('sh', ['-c', 'eval "$("$0" setup --print-env)"; echo "$OTEL_EXPORTER_OTLP_ENDPOINT"', program]);
  assert.equal(r.out, 'http://127.0.0.1:4318\n');
  await s.stop();
});

test('LISTEN_FDS and NOTIFY_SOCKET: a service manager can hold the socket and hears when we are ready', async t => {
  /* The shell opens nothing; a listening socket is inherited as descriptor 3 through Node's stdio. */
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise(f => server.on('listening', f));
  const { port } = server.address();
  const { spawn } = await import('node:child_process');
  const p = spawn('sh', ['-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', 'sh', program, 'serve', '--state-dir', t.path('state'), '--socket', t.path('s.sock')],
    { stdio: ['ignore', 'pipe', 'pipe', server._handle.fd] });
  let out = '';
  p.stdout.on('data', d => { out += d; });
  const ended = new Promise(f => p.on('close', f));
  try {
    await until('the ready line', () => out.includes('\n'));
    assert.match(out, new RegExp(`http=127.0.0.1:${port} `));
    server.close();
    const r = await request(`http://127.0.0.1:${port}/v1/logs`, { headers: { 'content-type': 'application/json' }, body: '{}' });
    assert.equal(r.status, 200);
  } finally {
    p.kill('SIGTERM');
    assert.equal(await ended, 0);
  }
});

test('a viewer that does not read holds up nobody', async t => {
  const s = await serve(t);
  const lazy = net.connect(s.socket);
  lazy.write('GET /frames?from=0 HTTP/1.0\r\n\r\n');
  lazy.pause();
  await replay(t, s, ['interactive'], '--repeat', '20');
  const status = await s.settled();
  checkTotals('interactive', status);
  lazy.destroy();
  await s.stop();
});

run();
