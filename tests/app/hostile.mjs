// What senders say cannot drive a terminal, a bar or a browser, whichever way it is read: every output of the program
// for sessions whose every text is hostile.
//
//   node hostile.mjs CLAUDE_TOP
import fs from 'node:fs';
import path from 'node:path';
import { assert, request, run, test, until } from '../tools/tap.mjs';

const program = process.argv[2];

const NASTY = '\x1b[31m\x1b]0;pwned\x07\x1b]52;c;ZXZpbA==\x1b\\\x9b2J\u0085\u202e\u2066\u200b\u200d\ufeff\u00ad\x7f\b\r\n\t\0' +
  '#[reverse]#(touch pwned){waiting}<span foreground="red">&lt;</span></text><script>alert(1)</script>\ud83d\udc68\u200d\ud83d\udc69\u6f22e\u0301\u0302';
const nasty = (more = '') => `${NASTY}${more}`;

/** Characters that turn text around, hide, or are none. */
const HIDDEN = /[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u00ad\ufff9-\ufffc\ufffe\uffff]|[\u{e0000}-\u{e0fff}]/u;

function clean(what, text, allowed = /\n/g) {
  const rest = text.replace(allowed, '');
  const bad = /[\x00-\x1f\x7f-\x9f]/.exec(rest) ?? HIDDEN.exec(rest);
  if (bad) assert.fail(`${what}: U+${bad[0].codePointAt(0).toString(16)} in ${JSON.stringify(rest.slice(Math.max(0, bad.index - 60), bad.index + 30))}`);
}

const attribute = (key, value) => ({ key, value: { stringValue: value } });

function record(name, session, extra) {
  const now = Date.now();
  return {
    timeUnixNano: `${now}000000`, observedTimeUnixNano: `${now}000000`, body: { stringValue: `claude_code.${name}` },
    attributes: [attribute('event.name', name), attribute('session.id', session), attribute('prompt.id', nasty('p')),
      ...Object.entries(extra).map(([k, v]) => attribute(k, v))],
  };
}

/** A collector with two sessions of nothing but hostile text; the second one waits. */
async function besieged(t) {
  const p = t.start(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '', '--state-dir', t.path('state')], { XDG_RUNTIME_DIR: t.dir });
  const [, http] = await until('the ready line', () => /ready http=(\S+)/.exec(p.out) ?? (p.over && assert.fail(p.err)));
  const post = async (where, body) => {
    const r = await request(`http://${http}${where}`, { headers: { 'content-type': 'application/json', 'user-agent': 'evil\x9b31m' }, body: JSON.stringify(body) });
    assert.equal(r.status, 200);
  };
  for (const session of [`one${NASTY}`, `two${NASTY}`]) {
    const hook = (name, more = {}) => post('/hooks', { hook_event_name: name, session_id: session, cwd: `/${nasty('/cwd')}`, ...more });
    await hook('SessionStart', { source: nasty(), model: nasty('model') });
    await hook('UserPromptSubmit', { prompt: nasty('x'.repeat(100_000)) });
    await hook('PreToolUse', { tool_name: nasty('tool'), tool_use_id: nasty('u1'), tool_input: { command: nasty(), description: nasty() } });
    await hook('PostToolUseFailure', { tool_name: nasty('tool'), tool_use_id: nasty('u1'), error: nasty('error') });
    await hook('SubagentStart', { agent_id: nasty('a'), agent_type: nasty('agent') });
    await post('/v1/logs', { resourceLogs: [{ resource: { attributes: [attribute('service.name', 'claude-code'), attribute('service.version', nasty('1.0'))] },
      scopeLogs: [{ scope: { name: 'com.anthropic.claude_code.events' }, logRecords: [
        record('user_prompt', session, { prompt: nasty('prompt') }),
        record('api_request', session, { model: nasty('model'), request_id: nasty('r1'), duration_ms: '1200', input_tokens: '10', output_tokens: '5', cost_usd: '0.5', query_source: nasty('q') }),
        record('api_error', session, { model: nasty('model'), error: nasty('overloaded'), status_code: '529', attempt: '3', duration_ms: '10' }),
        record('tool_result', session, { tool_name: nasty('tool'), tool_use_id: nasty('u2'), success: 'false', error: nasty('boom'), duration_ms: '7' }),
      ] }] }] });
    await post('/hooks', { hook_event_name: 'PermissionRequest', session_id: session, cwd: `/${nasty('/cwd')}`, tool_name: nasty('tool'), tool_input: { command: nasty() } });
  }
  return p;
}

async function ask(t, ...args) {
  const p = await t.run(program, args, { XDG_RUNTIME_DIR: t.dir, HOME: t.dir, LC_ALL: 'C.UTF-8', TZ: 'UTC' });
  assert.equal(p.code, 0, `${args.join(' ')}: ${p.err}`);
  clean(`${args.join(' ')}, errors`, p.err);
  return p.out;
}

test('no output lets hostile text through', async t => {
  await besieged(t);
  await until('both sessions', async () => JSON.parse(await ask(t, 'status', '--json')).sessions.length === 2);

  const json = await ask(t, 'status', '--json');
  clean('status --json', json, /[\n\t]/g);
  let strings = 0;
  JSON.parse(json, (key, value) => {
    if (typeof value === 'string') { strings++; clean(`status --json, ${key}`, value); clean(`status --json, a key`, key); }
    return value;
  });
  assert.ok(strings > 100, `${strings} strings`);

  for (const args of [['status'], ['--once'], ['link', '--session', 'last'], ['link', 'loki', '--session', 'last']])
    clean(args.join(' '), await ask(t, ...args));

  const fields = ['name', 'folder', 'branch', 'state', 'call', 'model', 'age', 'upstream'].map(f => `{${f}}`).join('|');
  for (const format of ['plain', 'zellij', 'starship', fields, `tmux:${fields}`, 'tmux', 'waybar', 'i3status']) {
    const line = await ask(t, 'status', '--format', format);
    clean(`--format ${format}`, line);
    assert.equal(line.split('\n').length, 2, format);
    if (format.startsWith('tmux')) assert.doesNotMatch(line.replaceAll('##', ''), /#\(|#\[reverse|#\{/, `${format}: ${line}`);
    if (/waybar|i3status/.test(format))
      JSON.parse(line, (key, value) => {
        if (typeof value !== 'string') return value;
        clean(`--format ${format}, ${key}`, value);
        assert.doesNotMatch(value, /<(?!\/?(?:b|span|i)[ >])script|<script/, format);
        return value;
      });
  }

  const state = t.path('state');
  for (const view of ['tree', 'waterfall', 'red', 'events', 'detail', 'flow', 'alerts'])
    for (const size of ['30x6', '80x24', '160x50']) {
      const more = ['replay', state, '--view', view, '--size', size, '--keys', '*j'];
      const grid = await ask(t, ...more, '--dump', 'grid');
      clean(`${view} ${size} grid`, grid);
      assert.equal(grid.split('\n').length - 1, Number(size.split('x')[1]), `${view} ${size}`);
      clean(`${view} ${size} ansi`, await ask(t, ...more, '--dump', 'ansi'), /\n|\x1b\[[0-9;]*m/g);
      const svg = await ask(t, ...more, '--dump', 'svg');
      clean(`${view} ${size} svg`, svg);
      assert.doesNotMatch(svg, /<script|<span/, `${view} ${size}`);
    }
  assert.ok(!fs.existsSync(path.join(t.dir, 'pwned')));
});

await run();
