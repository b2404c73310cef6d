// claude-top doctor against endpoints that are well, and against broken ones.
//
//   node doctor.mjs CLAUDE_TOP
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import path from 'node:path';
import { assert, request, run, test, until } from '../tools/tap.mjs';

const program = process.argv[2];
/* "A few seconds", on a machine that does other things too. */
const PATIENCE_MS = 15_000;

async function listen(t, server) {
  await new Promise(f => server.listen(0, '127.0.0.1', f));
  t.children.push({ over: false, kill() { server.close(); server.closeAllConnections?.(); }, ended: Promise.resolve(), err: '' });
  return `127.0.0.1:${server.address().port}`;
}
/** An OTLP/HTTP collector, or anything else over HTTP/1.1: answer(request, reply, body). */
async function web(t, answer) {
  const seen = [];
  const url = `http://${await listen(t, http.createServer((q, r) => {
    const parts = []; q.on('data', d => parts.push(d));
    q.on('end', () => { const body = Buffer.concat(parts); seen.push({ url: q.url, headers: q.headers, body }); answer(q, r, body); });
  }))}`;
  return { url, seen };
}
const says = (status, body = '') => (q, r) => { r.writeHead(status); r.end(typeof body === 'string' ? body : JSON.stringify(body)); };
async function grpc(t, status, message = '') {
  const server = http2.createServer(), sessions = [];
  server.on('session', s => { sessions.push(s); s.on('error', () => {}); });
  server.on('stream', s => { s.on('error', () => {}); s.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status, 'grpc-message': message }, { endStream: true }); });
  const at = await listen(t, server);
  t.children.push({ over: false, kill() { for (const s of sessions) s.destroy(); }, ended: Promise.resolve(), err: '' });
  return `http://${at}`;
}
const GRAFANA = { '/api/health': { version: '12.1.0' }, '/api/datasources': [{ type: 'tempo', uid: 'tempo' }, { type: 'loki', uid: 'loki' }, { type: 'prometheus', uid: 'my-prom' }],
  '/api/search': [{ uid: 'claude-top-session' }, { uid: 'claude-top-fleet' }], '/api/datasources/uid/tempo/health': { status: 'OK' } };
const grafana = t => web(t, (q, r) => {
  const known = GRAFANA[new URL(q.url, 'http://x').pathname];
  r.writeHead(known ? 200 : q.url.includes('/uid/loki/health') ? 500 : 404); r.end(JSON.stringify(known ?? { message: 'loki is \u001b[2J away' }));
});

/** Everything in the test's own folder; args win. Resolves to { code, checks, ms }. */
async function doctor(t, args, env = {}) {
  const at = Date.now();
  const r = await t.run(program, ['doctor', '--json', '--socket', t.path('s.sock'), '--state-dir', t.path('state'), ...args],
    { CLAUDE_TOP_MANAGED_SETTINGS: t.path('managed.json'), CLAUDE_CONFIG_DIR: '', PATH: '/usr/bin:/bin', http_proxy: '', ...env });
  assert.ok(r.out.startsWith('{'), `${r.out} ${r.err}`);
  const { schema, result, checks } = JSON.parse(r.out);
  assert.equal(schema, 1);
  assert.equal(result, ['ok', 'warn', 'fail'][r.code]);
  assert.ok(!/[\x00-\x08\x0b-\x1f\x7f]/.test(r.out));
  for (const c of checks) assert.equal(c.remedy === null, c.level === 'ok', JSON.stringify(c));
  const ms = Date.now() - at;
  assert.ok(ms < PATIENCE_MS, `${ms} ms`);
  return { code: r.code, checks, err: r.err };
}
const find = (d, group, pattern) => { const c = d.checks.find(x => x.group === group && pattern.test(x.text)); assert.ok(c, `${group} ${pattern} is not in ${JSON.stringify(d.checks, null, 1)}`); return c; };
const level = (d, group, pattern) => find(d, group, pattern).level;

async function serve(t, extra = []) {
  const ports = [];
  for (let i = 0; i < 2; i++) await new Promise(f => { const s = net.createServer().listen(0, '127.0.0.1', () => { ports.push(s.address().port); s.close(f); }); });
  const args = ['--http', `127.0.0.1:${ports[0]}`, '--grpc', `127.0.0.1:${ports[1]}`, ...extra];
  const s = t.start(program, ['serve', '--socket', t.path('s.sock'), '--state-dir', t.path('state'), ...args]);
  await until('the ready line', () => s.over || /^ready .*\n/m.test(s.out));
  assert.ok(!s.over, s.err);
  return { s, args, url: `http://127.0.0.1:${ports[0]}` };
}

test('all is well: the receiver by each protocol, upstreams, Grafana, Claude Code', async t => {
  const up = await web(t, says(200)), g = await grafana(t), call = await grpc(t, '0');
  const { args, url } = await serve(t, ['--upstream-http', up.url, '--upstream-grpc', call, '--upstream-header', 'X-Scope-OrgID: team-a']);
  const set = await t.run(program, ['setup', '--apply', '--client-version', '2.1.330', '--http', new URL(url).host, '--state-dir', t.path('state')],
    { CLAUDE_TOP_MANAGED_SETTINGS: t.path('managed.json'), CLAUDE_CONFIG_DIR: '' });
  assert.equal(set.code, 0, set.err);
  await request(`${url}/hooks`, { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ session_id: 'a', hook_event_name: 'SessionStart', source: 'startup' }) });
  const d = await doctor(t, [...args, '--grafana-url', g.url]);
  for (const p of ['http/protobuf', 'http/json', 'grpc']) assert.equal(level(d, 'receiver', new RegExp(`by ${p} takes an export`)), 'ok');
  assert.equal(level(d, 'ports', /HTTP port .* held by claude-top/), 'ok');
  assert.equal(level(d, 'upstream', /by HTTP takes an export/), 'ok'); assert.equal(level(d, 'upstream', /by gRPC takes an export/), 'ok');
  const asked = up.seen.find(x => x.url === '/v1/traces');
  assert.equal(asked.headers['x-scope-orgid'], 'team-a'); assert.equal(asked.body.length, 0);
  assert.equal(level(d, 'grafana', /Grafana 12\.1\.0/), 'ok');
  assert.equal(level(d, 'grafana', /reaches its Tempo/), 'ok');
  assert.equal(level(d, 'grafana', /does not reach its Loki/), 'warn');
  assert.match(find(d, 'grafana', /no Mimir or Prometheus/).remedy, /prometheus_uid = my-prom/);
  assert.equal(level(d, 'grafana', /no Pyroscope/), 'warn');
  assert.equal(level(d, 'grafana', /claude-top-session is there/), 'ok'); assert.equal(level(d, 'grafana', /claude-top-red is not there/), 'warn');
  assert.equal(level(d, 'claude', /exports metrics, events and traces/), 'ok'); assert.equal(level(d, 'claude', /sends to http.*\(user settings\)/), 'ok');
  assert.equal(level(d, 'claude', /hooks for \d\d events come here/), 'ok');
  assert.equal(level(d, 'sessions', /received .* hooks/), 'ok');
  assert.deepEqual(d.checks.filter(c => c.level === 'fail'), []);
  assert.equal(d.code, 1);
});

test('upstreams that refuse, are away, silent, or something else; never more than a few seconds', async t => {
  const cases = { 401: ['--upstream-http', (await web(t, says(401, 'who'))).url, /HTTP 401/, /headers/], 404: ['--upstream-http', (await web(t, says(404))).url, /HTTP 404/, /\/otlp/],
    away: ['--upstream-http', 'http://127.0.0.1:1', /refused/, /start it/], silent: ['--upstream-http', (await web(t, () => {})).url, /time/i, /start it/],
    nogrpc: ['--upstream-grpc', (await web(t, says(200))).url, /by gRPC/, /./], denied: ['--upstream-grpc', await grpc(t, '16', 'no token'), /gRPC status 16/, /headers/] };
  const broken = await web(t, (q, r) => { r.socket.destroy(); });
  cases.broken = ['--upstream-http', broken.url, /by HTTP/, /./];
  await Promise.all(Object.entries(cases).map(async ([name, [flag, url, what, remedy]]) => {
    const d = await doctor(t, [flag, url, '--http', '127.0.0.1:4', '--grpc', '127.0.0.1:5', '--grafana-url', 'http://127.0.0.1:1']);
    const c = find(d, 'upstream', what);
    assert.equal(c.level, 'fail', name); assert.match(c.remedy, remedy, name); assert.equal(d.code, 2);
  }));
});

test('clocks that are apart: of the upstream and Grafana by their Date, of sessions by their records', async t => {
  const dated = (seconds, status = 200, body = '') => web(t, (q, r) => {
    r.setHeader('date', seconds === null ? 'Sun, 99 Nonsense' : new Date(Date.now() + seconds * 1000).toUTCString()); says(status, body)(q, r); });
  const nothing = ['--http', '127.0.0.1:4', '--grpc', '127.0.0.1:5'];
  for (const [seconds, status, upstream, graf] of [[0, 200, 'ok', 'ok'], [100, 200, 'warn', 'warn'], [-3600, 503, 'fail', 'fail']]) {
    const d = await doctor(t, [...nothing, '--upstream-http', (await dated(seconds, status)).url, '--grafana-url', (await dated(seconds, 200, { version: '12.1.0' })).url]);
    const [u, g] = ['upstream', 'grafana'].map(group => find(d, group, /^the clock here/));
    assert.deepEqual([u.level, g.level], [upstream, graf], `${seconds}`);
    assert.match(u.text, seconds === 0 ? /agrees with that of/ : seconds > 0 ? /^the clock here is (9\d|100) s behind that of / : /^the clock here is 3[56]\d\d s ahead of that of /);
  }
  for (const answer of [await dated(null), await web(t, (q, r) => { r.sendDate = false; r.end(); })]) {
    const d = await doctor(t, [...nothing, '--upstream-http', answer.url, '--grafana-url', 'http://127.0.0.1:1']);
    assert.ok(!d.checks.some(c => /^the clock here/.test(c.text)), 'nothing is said of what nobody knows');
  }
  const { args, url } = await serve(t, []);
  const attribute = (key, value) => ({ key, value: { stringValue: value } });
  const log = (id, ms, n) => JSON.stringify({ resourceLogs: [{ resource: { attributes: [attribute('service.name', 'claude-code')] }, scopeLogs: [{ scope: { name: 'com.anthropic.claude_code.events' },
    logRecords: [{ timeUnixNano: `${ms}000000`, attributes: [attribute('event.name', 'api_request'), attribute('session.id', id), attribute('prompt.id', 'p'), attribute('request_id', `r${n}`), attribute('model', 'm')] }] }] }] });
  const send = async (id, seconds) => { for (let n = 0; n < 40; n++) assert.equal((await request(`${url}/v1/logs`, { headers: { 'content-type': 'application/json' }, body: log(id, Date.now() + seconds * 1000, n) })).status, 200); };
  await send('right', 0);
  const right = await doctor(t, [...args, '--grafana-url', 'http://127.0.0.1:1']);
  assert.equal(level(right, 'sessions', /clocks of 1 sessions agree/), 'ok');
  await send('ahead', 3600);
  const c = find(await doctor(t, [...args, '--grafana-url', 'http://127.0.0.1:1']), 'sessions', /clock_skew of session ahead/);
  assert.equal(c.level, 'warn'); assert.match(c.remedy, /clock/);
});

test('Grafana that is none, refuses, or says nonsense', async t => {
  for (const [name, answer, group] of [['none', says(200, '<html>'), [/is no Grafana/, 'fail']], ['refused', says(401, {}), [/does not tell its data sources/, 'warn']],
    ['deep', says(200, '['.repeat(100000)), [/is no Grafana/, 'fail']]]) {
    const g = await web(t, answer), d = await doctor(t, ['--http', '127.0.0.1:4', '--grpc', '127.0.0.1:5', '--grafana-url', g.url]);
    assert.equal(level(d, 'grafana', group[0]), group[1], name);
  }
});

test('ports that somebody else holds; a collector that does not answer', async t => {
  const { url } = await web(t, says(200));
  const d = await doctor(t, ['--http', new URL(url).host, '--grpc', '127.0.0.1:5', '--grafana-url', 'http://127.0.0.1:1']);
  if (process.platform === 'linux') assert.equal(level(d, 'ports', /HTTP port \d+ is held by node/), 'fail');
  assert.equal(level(d, 'receiver', /no claude-top runs/), 'warn');
  const deaf = net.createServer(() => {}).listen(t.path('s.sock'));
  const d2 = await doctor(t, ['--http', '127.0.0.1:4', '--grpc', '127.0.0.1:5', '--grafana-url', 'http://127.0.0.1:1']);
  deaf.close();
  assert.equal(level(d2, 'receiver', /asking the collector/), 'fail');
});

test('what Claude Code is configured to send, by each of its files', async t => {
  const write = (name, json, mode = 0o600) => { fs.mkdirSync(path.dirname(t.path(name)), { recursive: true }); fs.writeFileSync(t.path(name), typeof json === 'string' ? json : JSON.stringify(json), { mode }); };
  const base = ['--http', '127.0.0.1:4', '--grpc', '127.0.0.1:5', '--grafana-url', 'http://127.0.0.1:1'];
  let d = await doctor(t, base);
  assert.equal(level(d, 'claude', /telemetry is off/), 'fail'); assert.equal(level(d, 'claude', /no hooks/), 'warn');
  write('.claude/settings.json', { env: { CLAUDE_CODE_ENABLE_TELEMETRY: '1', OTEL_METRICS_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://alloy.example:4318', OTEL_METRICS_INCLUDE_SESSION_ID: 'false' }, disableAllHooks: true });
  d = await doctor(t, [...base, '--upstream-http', 'http://127.0.0.1:1']);
  assert.equal(level(d, 'claude', /does not export events, traces/), 'fail'); assert.equal(level(d, 'claude', /ENHANCED_TELEMETRY_BETA/), 'warn');
  assert.match(find(d, 'claude', /sends to http:\/\/alloy\.example:4318 \(user settings\)/).remedy, /--adopt-upstream/);
  assert.equal(level(d, 'claude', /delta metrics/), 'warn'); assert.equal(level(d, 'claude', /INCLUDE_SESSION_ID/), 'fail'); assert.equal(level(d, 'claude', /disableAllHooks/), 'warn');
  write('managed.json', { env: { CLAUDE_CODE_ENABLE_TELEMETRY: '0' } });
  d = await doctor(t, base);
  assert.match(find(d, 'claude', /telemetry is off/).remedy, /administrator/);
  write('managed.json', '{ nonsense');
  d = await doctor(t, base);
  assert.equal(level(d, 'claude', /managed\.json: line 1/), 'fail');
  /* The shell's environment counts where no file speaks. */
  fs.rmSync(t.path('managed.json')); fs.rmSync(t.path('.claude/settings.json'));
  d = await doctor(t, base, { CLAUDE_CODE_ENABLE_TELEMETRY: '1', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4' });
  assert.equal(level(d, 'claude', /sends to http:\/\/localhost:4 \(environment settings\)/), 'ok');
  /* Tokens: asked for, not sent; and files that others can read. */
  write('token', '0123456789abcdef0123\n', 0o644);
  d = await doctor(t, [...base, '--token-file', t.path('token')], { CLAUDE_CODE_ENABLE_TELEMETRY: '1' });
  assert.equal(level(d, 'claude', /asks for a token, and Claude Code does not send it/), 'fail');
  assert.match(find(d, 'system', /others can read the token's file/).remedy, /chmod 600/);
  assert.ok(!JSON.stringify(d.checks).includes('0123456789abcdef0123'));
});

run();
