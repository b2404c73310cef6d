// What somebody should know of now, from hooks at the ports to the status in JSON and in text.
//
//   node alerts.mjs CLAUDE_TOP
import net from 'node:net';
import { assert, request, run, test, until } from '../tools/tap.mjs';

const program = process.argv[2];

async function serve(t, extra = []) {
  const socket = t.path('s.sock');
  const p = t.start(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '', '--state-dir', t.path('state'), '--socket', socket, ...extra]);
  await until('the ready line', () => p.over || /^ready .*\n/m.test(p.out));
  p.url = `http://${/http=(\S+)/.exec(p.out)[1]}`;
  p.alerts = async () => JSON.parse((await request('http://x/status', { method: 'GET', socketPath: socket })).body).alerts;
  p.text = async () => (await t.run(program, ['status', '--socket', socket])).out;
  p.hook = async hook => {
    const r = await request(`${p.url}/hooks`, { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ session_id: 's1', cwd: '/srv/web-ui', ...hook }) });
    assert.equal(r.status, 200);
  };
  return p;
}

const tool = (p, id, tool_input, name = 'Bash') => p.hook({ hook_event_name: 'PreToolUse', tool_name: name, tool_use_id: id, tool_input });

test('the same command again and again is a loop, whatever is said of it', async t => {
  const p = await serve(t, ['--alert-repeats', '3']);
  await p.hook({ hook_event_name: 'UserPromptSubmit', prompt: 'go', prompt_id: 'p1' });
  await tool(p, 'u1', { command: 'npm test', description: 'Run the tests' });
  await tool(p, 'u2', { command: 'npm test', description: 'Run them again' });
  assert.deepEqual(await p.alerts(), []);
  await tool(p, 'u3', { description: 'Once more', command: 'npm test' });
  const [a] = await until('the alert', async () => { const l = await p.alerts(); return l.length && l; });
  assert.equal(a.kind, 'loop');
  assert.equal(a.severity, 'warning');
  assert.equal(a.session_id, 's1');
  assert.equal(a.value, 3);
  assert.equal(a.limit, 3);
  assert.equal(a.message, 'Bash 3 times in a row with the same input: npm test');
  assert.match(await p.text(), /^alert: web-ui: loop: Bash 3 times in a row/m);
  await tool(p, 'u4', { command: 'npm run lint' });
  await until('its end', async () => (await p.alerts()).length === 0);
});

test('edits of one file that differ are none', async t => {
  const p = await serve(t, ['--alert-repeats', '2']);
  await p.hook({ hook_event_name: 'UserPromptSubmit', prompt: 'go', prompt_id: 'p1' });
  for (let i = 0; i < 4; i++)
    await tool(p, `u${i}`, { file_path: '/srv/a.c', old_string: `x${i}`, new_string: `y${i}` }, 'Edit');
  await until('the calls', async () => /web-ui +tool +1 +0 +4/.test(await p.text()));
  assert.deepEqual(await p.alerts(), []);
});

test('0 turns one off', async t => {
  const p = await serve(t, ['--alert-repeats', '0']);
  await p.hook({ hook_event_name: 'UserPromptSubmit', prompt: 'go', prompt_id: 'p1' });
  for (let i = 0; i < 8; i++)
    await tool(p, `u${i}`, { command: 'true' });
  await until('the calls', async () => /web-ui +tool +1 +0 +8/.test(await p.text()));
  assert.deepEqual(await p.alerts(), []);
});

test('who waits for long, and an upstream that is away', async t => {
  const closed = await new Promise(f => { const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => f(port)); }); });
  const p = await serve(t, ['--alert-waiting', '10ms', '--alert-upstream', '10ms', '--upstream-http', `http://127.0.0.1:${closed}`,
    '--upstream-backoff-first', '20ms']);
  await p.hook({ hook_event_name: 'UserPromptSubmit', prompt: 'go', prompt_id: 'p1' });
  await tool(p, 'u1', { command: 'rm -rf dist' });
  await p.hook({ hook_event_name: 'PermissionRequest', tool_name: 'Bash', tool_input: { command: 'rm -rf dist' } });
  const r = await request(`${p.url}/v1/logs`, { headers: { 'content-type': 'application/json' }, body: '{"resourceLogs":[]}' });
  assert.equal(r.status, 200);
  const list = await until('both', async () => { const l = await p.alerts(); return l.length === 2 && l; });
  assert.deepEqual(list.map(a => a.kind), ['upstream', 'waiting']);
  assert.equal(list[0].upstream, 'upstream');
  assert.equal(list[0].session_id, null);
  assert.match(list[0].message, /^1 request waits, the oldest for \d+s$/);
  assert.match(list[1].message, /^for \d+s, for your permission: Bash$/);
  assert.match(list[1].since, /^\d{4}-/);
});

test('a budget is a setting in config.ini, too, and wrong ones are refused', async t => {
  const r = await t.run(program, ['demo', '--json', '--at', '53s'], { CLAUDE_TOP_ALERT_SESSION_USD: '0.30' });
  const { alerts, sessions } = JSON.parse(r.out);
  assert.deepEqual(alerts.map(a => a.kind), ['session_cost']);
  assert.ok(alerts[0].value >= 0.3 && alerts[0].limit === 0.3);
  assert.equal(sessions.find(s => s.session_id === alerts[0].session_id).cost_usd, alerts[0].value);
  const bad = await t.run(program, ['serve', '--alert-context', '120']);
  assert.equal(bad.code, 2);
  assert.match(bad.err, /alert-context/);
});

await run();
