// Grafana behind the links: what the program asks it, and what it makes of good, bad and hostile answers.
//
//   node grafana.mjs CLAUDE_TOP
import fs from 'node:fs';
import http from 'node:http';
import { assert, request, run, test, until } from '../tools/tap.mjs';

const program = process.argv[2];
const TOKEN = 'glsa_secret-token';
const SOURCES = [{ type: 'tempo', uid: 'my-tempo' }, { type: 'loki', uid: 'my-loki' }, { type: 'prometheus', uid: 'my-prom', isDefault: true }];

/** A Grafana: answers is { path: [status, body] or a function of the request and the reply }. */
async function grafana(t, answers = {}) {
  const asked = [];
  const all = { '/api/health': [200, { version: '12.1.0' }], '/api/datasources': [200, SOURCES],
    '/api/search': [200, [{ uid: 'claude-top-session' }]], '/api/short-urls': [200, { uid: 'short1', url: 'http://evil.example/goto/short1' }], ...answers };
  const server = http.createServer((q, r) => {
    let body = ''; q.on('data', d => { body += d; });
    q.on('end', () => {
      const path = new URL(q.url, 'http://x').pathname.replace(/^\/sub/, '');
      asked.push({ path, method: q.method, headers: q.headers, body });
      const a = all[path];
      if (typeof a === 'function') { a(q, r); return; }
      r.writeHead(a ? a[0] : 404, { 'content-type': 'application/json' });
      r.end(typeof a?.[1] === 'string' ? a[1] : JSON.stringify(a?.[1] ?? {}));
    });
  });
  await new Promise(f => server.listen(0, '127.0.0.1', f));
  t.children.push({ over: false, kill() { server.closeAllConnections?.(); server.close(); }, ended: Promise.resolve(), err: '' });
  return { asked, url: `http://127.0.0.1:${server.address().port}/sub`, answers: all };
}
async function link(t, g, args, env = {}) {
  fs.mkdirSync(t.path('state'), { recursive: true });
  const r = await t.run(program, ['link', ...args, '--grafana-url', g.url, '--state-dir', t.path('state'), '--socket', t.path('none.sock')],
    { CLAUDE_TOP_GRAFANA_TOKEN: TOKEN, ...env });
  return r;
}
const panes = url => JSON.parse(new URL(url.trim()).searchParams.get('panes'));

test('data sources, version and dashboards are asked of Grafana with the token, and kept', async t => {
  const g = await grafana(t);
  let r = await link(t, g, ['tempo', '--session', 's1']);
  assert.equal(r.code, 0, r.err);
  assert.equal(Object.values(panes(r.out))[0].datasource, 'my-tempo');
  assert.deepEqual(g.asked.map(a => a.path), ['/api/health', '/api/datasources', '/api/search']);
  for (const a of g.asked) { assert.equal(a.headers.authorization, `Bearer ${TOKEN}`); assert.equal(a.headers['x-grafana-org-id'], '1'); assert.equal(a.method, 'GET'); }
  r = await link(t, g, ['all', '--session', 's1']);
  assert.equal(g.asked.length, 3, 'the second run does not ask');
  const lines = Object.fromEntries(r.out.trim().split('\n').map(l => l.split('\t')));
  assert.match(lines.dashboard, /\/sub\/d\/claude-top-session\?/);
  assert.match(lines.fleet, /^# .*dashboard/);
  assert.match(lines.profiles, /^# .*no data source/);
  assert.equal(Object.values(panes(lines.loki))[0].datasource, 'my-loki');
  assert.ok(!fs.readFileSync(t.path('state/grafana.json'), 'utf8').includes(TOKEN));
  assert.equal(fs.statSync(t.path('state/grafana.json')).mode & 0o777, 0o600);
  /* What the user says wins, and a lifetime of 0 asks again. */
  r = await link(t, g, ['tempo', '--session', 's1', '--grafana-tempo-uid', 'mine', '--grafana-cache-time', '0']);
  assert.equal(Object.values(panes(r.out))[0].datasource, 'mine');
  assert.equal(g.asked.length, 6);
});

test('an old Grafana gets the older form', async t => {
  const g = await grafana(t, { '/api/health': [200, { version: '9.5.2' }] });
  const r = await link(t, g, ['split', '--session', 's1']);
  const u = new URL(r.out.trim());
  assert.deepEqual([...u.searchParams.keys()], ['left', 'right', 'orgId']);
  assert.equal(JSON.parse(u.searchParams.get('right')).datasource, 'my-loki');
});

test('a link that is too long becomes a short URL, below our own root whatever the answer says', async t => {
  const g = await grafana(t);
  const id = '"'.repeat(300);
  let r = await link(t, g, ['mimir', '--session', id]);
  assert.equal(r.code, 0, r.err);
  assert.equal(r.out, `${g.url}/goto/short1?orgId=1\n`);
  const asked = g.asked.find(a => a.path === '/api/short-urls');
  const { path } = JSON.parse(asked.body);
  assert.equal(asked.method, 'POST');
  assert.ok(path.startsWith('explore?schemaVersion=1&panes=') && path.length > 2083);
  assert.match(panes(`http://x/${path}`).usd.queries[0].expr, /cost/);
  g.answers['/api/short-urls'] = [200, { uid: '../../admin' }];
  r = await link(t, g, ['mimir', '--session', id]);
  assert.equal(r.code, 1); assert.match(r.err, /no short URL/); assert.match(r.err, /longer than/);
});

test('without a token nothing is sent, and the settings make the links', async t => {
  const g = await grafana(t);
  const r = await link(t, g, ['tempo', '--session', 's1'], { CLAUDE_TOP_GRAFANA_TOKEN: '' });
  assert.equal(Object.values(panes(r.out))[0].datasource, 'tempo');
  assert.deepEqual(g.asked, []);
});

test('bad, hostile and missing answers leave the settings as they are, and cost no more than a few seconds', async t => {
  const deep = '['.repeat(100000), huge = '[' + '{"type":"tempo","uid":"x"},'.repeat(20000) + '1]';
  const cases = {
    refused: { '/api/health': [401, {}], '/api/datasources': [403, {}], '/api/search': [401, {}] },
    html: { '/api/health': [200, '<html>'], '/api/datasources': [200, '<html>'], '/api/search': [200, ''] },
    deep: { '/api/health': [200, deep], '/api/datasources': [200, deep], '/api/search': [200, deep] },
    huge: { '/api/health': [200, huge], '/api/datasources': [200, huge], '/api/search': [200, huge] },
    control: { '/api/health': [200, { version: '\u001b]0;x\u0007' }], '/api/datasources': [200, [{ type: 'tempo', uid: '\u001b[2J' }]], '/api/search': [500, {}] },
    redirect: { '/api/health': (q, r) => { r.writeHead(302, { location: 'http://127.0.0.1:1/' }); r.end(); }, '/api/datasources': [404, {}], '/api/search': [404, {}] },
    silent: { '/api/health': () => {} },
    cut: { '/api/health': (q, r) => { r.writeHead(200, { 'content-length': 100 }); r.write('{'); r.socket.destroy(); } },
  };
  for (const [name, answers] of Object.entries(cases)) {
    const g = await grafana(t, answers);
    const at = Date.now();
    const r = await link(t, g, ['tempo', '--session', 's1']);
    if (name === 'control') { assert.equal(r.code, 3); assert.match(r.err, /no data source/); }
    else { assert.equal(r.code, 0, `${name}: ${r.err}`); assert.equal(Object.values(panes(r.out))[0].datasource, 'tempo', name); }
    assert.ok(!/[\x00-\x09\x0b-\x1f\x7f]/.test(r.out + r.err), name);
    assert.ok(Date.now() - at < 8000, `${name} took ${Date.now() - at} ms`);
    if (name === 'refused') assert.match(r.err, /refuses the token/);
  }
});

test('the collector asks in the background: status has the links at once, and better ones when the answer is there', async t => {
  let let_go;
  const g = await grafana(t, { '/api/health': (q, r) => { let_go = () => { r.writeHead(200); r.end('{"version":"12.0.0"}'); }; } });
  const s = t.start(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '', '--state-dir', t.path('state'), '--socket', t.path('s.sock'), '--grafana-url', g.url],
    { CLAUDE_TOP_GRAFANA_TOKEN: TOKEN });
  await until('the ready line', () => s.over || /^ready .*\n/m.test(s.out));
  const url = `http://${/http=(\S*)/.exec(s.out)[1]}`;
  await request(`${url}/hooks`, { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ session_id: 'a', hook_event_name: 'UserPromptSubmit', prompt: 'x', prompt_id: 'p' }) });
  const links = async () => JSON.parse((await request('http://x/status', { method: 'GET', socketPath: t.path('s.sock') })).body).sessions[0]?.links;
  assert.deepEqual(g.asked, [], 'nobody has looked yet');
  const first = await until('the session', links);
  assert.equal(Object.values(panes(first.tempo))[0].datasource, 'tempo');
  assert.equal(Object.keys(first).length, 13);
  await until('the request', () => let_go);
  let_go();
  const later = await until('the answer', async () => { const l = await links(); return Object.values(panes(l.tempo))[0].datasource === 'my-tempo' && l; });
  assert.ok(!('profiles' in later) && !('fleet' in later) && 'dashboard' in later);
  s.kill('SIGTERM'); await s.ended; assert.equal(s.code, 0, s.err);
});

test('profiles of a span: its id and its service, through ingest, status, a restart and link', async t => {
  const a = (key, value) => ({ key, value: { stringValue: value } });
  const span = (name, id, parent, scope, service, more) => ({ resource: { attributes: [a('service.name', service)] }, scopeSpans: [{ scope: { name: scope }, spans: [{
    traceId: 'aa'.repeat(16), spanId: id.repeat(8), ...parent && { parentSpanId: parent.repeat(8) }, name, startTimeUnixNano: '1795348800000000000', endTimeUnixNano: '1795348801000000000', attributes: more }] }] });
  const body = JSON.stringify({ resourceSpans: [
    span('claude_code.llm_request', '02', '01', 'com.anthropic.claude_code.tracing', 'claude-code', [a('session.id', 's1'), a('request_id', 'r1'), a('model', 'm'), a('pyroscope.profile.id', '02'.repeat(8))]),
    span('POST', '03', '02', 'otelhttp', 'gateway', [a('pyroscope.profile.id', '03'.repeat(8)), a('pyroscope.profile.url', 'http://evil.example/')])] });
  const flags = ['--state-dir', t.path('state'), '--socket', t.path('s.sock')];
  const status = async () => JSON.parse((await request('http://x/status', { method: 'GET', socketPath: t.path('s.sock') })).body);
  for (const again of [false, true]) {
    const s = t.start(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '', ...flags]);
    await until('the ready line', () => s.over || /^ready .*\n/m.test(s.out));
    if (!again) await request(`http://${/http=(\S*)/.exec(s.out)[1]}/v1/traces`, { headers: { 'content-type': 'application/json' }, body });
    const { sessions: [session] } = await until('the spans', async () => { const x = await status(); return x.sessions[0]?.tree[0]?.children[0]?.children[0] && x; });
    const [turn] = session.tree, [llm] = turn.children, [foreign] = llm.children;
    assert.deepEqual([turn.profile_id, llm.profile_id, foreign.profile_id], [null, '02'.repeat(8), '03'.repeat(8)]);
    assert.ok(!JSON.stringify(session).includes('evil'));
    const r = await t.run(program, ['link', 'profiles', '--session', 's1', '--call', 'r1', ...flags]);
    const [query] = panes(r.out).pro.queries;
    assert.deepEqual([query.labelSelector, query.spanSelector], ['{service_name="claude-code"}', ['02'.repeat(8)]]);
    s.kill('SIGTERM'); await s.ended; assert.equal(s.code, 0, s.err);
  }
});

run();
