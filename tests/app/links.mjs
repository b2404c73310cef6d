// Links from the screen: what the keys open, by what was sent, and through Grafana where a link is too long.
//
//   node links.mjs CLAUDE_TOP
import fs from 'node:fs';
import http from 'node:http';
import { spawnSync } from 'node:child_process';
import { assert, request, run, skip, test, until } from '../tools/tap.mjs';

const program = process.argv[2];
const asJson = { 'content-type': 'application/json' };

/** Answers everything; answer(request, response, body) as it likes. */
async function server(t, answer) {
  const taken = [];
  const s = http.createServer((q, r) => {
    let body = ''; q.on('data', d => { body += d.toString('latin1'); });
    q.on('end', () => { taken.push({ path: q.url, body, headers: q.headers }); answer(q, r, body); });
  });
  await new Promise(f => s.listen(0, '127.0.0.1', f));
  t.children.push({ over: false, kill() { s.closeAllConnections?.(); s.close(); }, ended: Promise.resolve(), err: '' });
  return { taken, url: `http://127.0.0.1:${s.address().port}` };
}

/** A claude-top on a terminal of its own, with a browser that notes what it is given. */
async function pane(t, flags, env = {}) {
  if (spawnSync('script', ['--version']).status !== 0) skip('script(1) is not installed');
  const opened = t.path('opened'), browser = t.path('browser');
  fs.writeFileSync(opened, '');
  fs.writeFileSync(browser, `#!/bin/sh\nprintf '%s\\n' "$1" >>'${opened}'\n`, { mode: 0o755 });
  const all = [program, '--http', '127.0.0.1:0', '--grpc', '', '--socket', t.path('s.sock'), '--state-dir', t.path('state'), ...flags];
  const p = t.start('script', ['-qec', `stty cols 150 rows 40; exec ${all.map(w => `'${w}'`).join(' ')}`, '/dev/null'],
    { TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', TZ: 'UTC', BROWSER: `${browser} %s`, ...env }, 'pipe');
  p.stdin.on('error', () => {});
  p.says = (words, from = 0) => until(`"${words}"`, () => p.out.slice(from).includes(words) || p.over && assert.fail(`ended: ${p.out}`));
  await p.says('live');
  p.status = async () => JSON.parse((await request('http://x/status', { method: 'GET', socketPath: t.path('s.sock') })).body);
  p.url = `http://${(JSON.parse((await request('http://x/flow', { method: 'GET', socketPath: t.path('s.sock') })).body)).listening.http}`;
  p.hook = async (id, event, more = {}) => assert.equal((await request(`${p.url}/hooks`,
    { headers: asJson, body: JSON.stringify({ session_id: id, hook_event_name: event, ...more }) })).status, 200);
  p.key = k => { const from = p.out.length; p.stdin.write(k); return from; };
  p.opened = () => fs.readFileSync(opened, 'utf8').trim().split('\n').filter(Boolean);
  return p;
}
const panes = url => JSON.parse(new URL(url).searchParams.get('panes'));
const trace = url => { const { tra } = panes(url); return [tra.queries[0].query, tra.panelsState?.trace.spanId]; };

test('a trace of ours opens when it was sent, with the span of the row in focus; before that the menu says why not', async t => {
  const up = await server(t, (q, r) => r.end());
  const id = '11111111-2222-4333-8444-555555555555';
  const p = await pane(t, ['--upstream-http', up.url, '--synthesize-delay', '100ms']);
  await p.hook(id, 'UserPromptSubmit', { prompt: 'the plan', prompt_id: 'p1' });
  await p.hook(id, 'PreToolUse', { prompt_id: 'p1', tool_name: 'Bash', tool_use_id: 'u1', tool_input: { command: 'ls' } });
  await p.says('the plan');
  const link = async (...args) => (await t.run(program, ['link', 'tempo', '--session', id, '--socket', t.path('s.sock'), ...args])).out.trim();
  const { sessions: [before] } = await until('the tool', async () => { const s = await p.status(); return s.sessions[0]?.tree[0]?.children.length && s; });
  assert.deepEqual([before.synthesized, before.trace_sent, before.tree[0].span_sent], [true, false, false]);
  assert.equal(trace(before.links.tempo)[0], `{ span.session.id = "${id}" }`);
  assert.match(trace(await link('--call', 'u1'))[0], /gen_ai.tool.call.id/);
  let from = p.key('t');
  await p.says('no trace yet: it is sent when its first turn is over', from);
  from = p.key('o');
  await p.says('no trace yet', from);
  p.key('\x1b');
  await p.hook(id, 'PostToolUse', { prompt_id: 'p1', tool_name: 'Bash', tool_use_id: 'u1', tool_input: { command: 'ls' }, tool_response: {} });
  await p.hook(id, 'Stop', { prompt_id: 'p1' });
  const { sessions: [after], flow } = await until('the turn', async () => { const s = await p.status(); return s.sessions[0].trace_sent && s; });
  const hex = id.replaceAll('-', ''), [turn] = after.tree, [tool] = turn.children;
  assert.deepEqual([turn.span_sent, tool.span_sent], [true, true]);
  assert.deepEqual(trace(after.links.tempo), [hex, undefined], 'the session itself is not over');
  assert.deepEqual(trace(await link()), [hex, undefined]);
  assert.deepEqual(trace(await link('--turn', '1')), [hex, turn.span_id]);
  assert.deepEqual(trace(await link('--call', 'u1')), [hex, tool.span_id]);
  assert.deepEqual([flow.synthesis.mode, flow.synthesis.on, flow.synthesis.sessions, flow.synthesis.native, flow.synthesized.spans], ['auto', true, 1, 0, 2]);
  p.key('G'); /* the newest row: the tool, or its turn when it is folded */
  p.key('t');
  const [url] = await until('the browser', () => p.opened().length && p.opened());
  assert.equal(trace(url)[0], hex);
  assert.ok([turn.span_id, tool.span_id].includes(trace(url)[1]), url);
  /* What comes later is in the trace when its turn is over: until then the link leads to what is there. */
  await p.hook(id, 'UserPromptSubmit', { prompt: 'the next', prompt_id: 'p2' });
  const { sessions: [open] } = await until('the next turn', async () => { const s = await p.status(); return s.sessions[0].tree[1] && s; });
  assert.equal(open.tree[1].span_sent, false);
  assert.deepEqual(trace(await link('--turn', '2')), [hex, undefined]);
  const text = await t.run(program, ['status', '--socket', t.path('s.sock')]);
  assert.match(text.out, /^traces made of 1 session \(synthesize = auto\): 2 spans sent, 0 turns and calls waiting for what may still come$/m);
  p.key('q'); await p.ended;
});

test('without an upstream, or by setting, no link claims a trace, and the status says which', async t => {
  for (const [flags, words] of [[[], /^traces are not made of sessions: no upstream takes traces$/m],
    [['--synthesize', 'never', '--upstream-http', 'http://127.0.0.1:9'], /^traces are not made of sessions: synthesize = never$/m]]) {
    const p = await pane(t, [...flags, '--journal', 'memory']);
    await p.hook('s1', 'UserPromptSubmit', { prompt: 'the plan', prompt_id: 'p1' });
    await p.says('the plan');
    const from = p.key('t');
    await p.says('no trace known: this session sends none', from);
    assert.match((await t.run(program, ['status', '--socket', t.path('s.sock')])).out, words);
    const { sessions: [s], flow } = await p.status();
    assert.deepEqual([s.synthesized, s.trace_sent, flow.synthesis.on, flow.synthesized], [false, false, false, null]);
    assert.deepEqual(p.opened(), []);
    p.key('q'); await p.ended;
  }
});

test('a link that is too long is asked of Grafana, and the screen goes on meanwhile', async t => {
  let let_go, fails = false;
  const g = await server(t, (q, r) => {
    if (q.url !== '/api/short-urls') { r.writeHead(404); r.end('{}'); return; }
    let_go = () => { r.writeHead(fails ? 500 : 200); r.end(JSON.stringify({ uid: 'short1', url: 'http://evil.example/goto/short1' })); };
  });
  const p = await pane(t, ['--grafana-url', g.url, '--journal', 'memory'], { CLAUDE_TOP_GRAFANA_TOKEN: 'secret' });
  await p.hook('"'.repeat(150), 'UserPromptSubmit', { prompt: 'the plan', prompt_id: 'p1', cwd: '/src/x' });
  await p.says('the plan');
  let from = p.key('m');
  await p.says('Grafana is asked for a short link', from);
  await until('the question', () => let_go);
  from = p.key('?'); /* nothing is waited for */
  await p.says('Enter', from);
  p.key('?');
  assert.deepEqual(p.opened(), []);
  let_go();
  assert.deepEqual(await until('the browser', () => p.opened().length && p.opened()), [`${g.url}/goto/short1?orgId=1`]);
  const asked = g.taken.filter(q => q.path === '/api/short-urls').map(q => JSON.parse(q.body).path);
  assert.equal(asked.length, 1);
  assert.ok(asked[0].length > 2083 && /cost/.test(panes(`http://x/${asked[0]}`).usd.queries[0].expr));
  fails = true; let_go = null;
  from = p.key('m');
  await until('the second question', () => let_go);
  let_go();
  await p.says('Grafana made no short URL', from);
  assert.equal(p.opened().length, 1);
  p.key('q'); await p.ended;
});

test('what is left out of a link for its length is not when Grafana keeps it', async t => {
  const g = await server(t, (q, r) => { r.writeHead(q.url === '/api/short-urls' ? 200 : 404); r.end('{"uid":"short2"}'); });
  const id = '"'.repeat(100); /* the link fits without its second pane */
  for (const [token, want] of [['', /usd/], ['secret', /short2/]]) {
    const p = await pane(t, ['--grafana-url', g.url, '--journal', 'memory'], { CLAUDE_TOP_GRAFANA_TOKEN: token });
    await p.hook(id, 'UserPromptSubmit', { prompt: 'the plan', prompt_id: 'p1' });
    await p.says('the plan');
    p.key('m');
    const [url] = await until('the browser', () => p.opened().length && p.opened());
    assert.equal(want.test(url), !!token, url);
    p.key('q'); await p.ended;
  }
});

run();
