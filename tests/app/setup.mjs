// claude-top setup: what it writes into Claude Code's settings, and that it takes out exactly that.
//
//   node setup.mjs CLAUDE_TOP
import fs from 'node:fs';
import path from 'node:path';
import { assert, run, test } from '../tools/tap.mjs';

const program = path.resolve(process.argv[2]);
const user = t => t.path('.claude/settings.json');
function write(file, text, mode = 0o600) { fs.mkdirSync(path.dirname(file), { recursive: true }); fs.writeFileSync(file, text, { mode }); return file; }
const read = file => fs.readFileSync(file, 'utf8');
const json = file => JSON.parse(read(file));
const env = t => ({ CLAUDE_TOP_MANAGED_SETTINGS: t.path('managed.json'), PATH: '/usr/bin:/bin', CLAUDE_CONFIG_DIR: '' });
const setup = (t, args, more = {}) => t.run(program, ['setup', ...args], { ...env(t), ...more });
/** In a project's folder. */
const inside = (t, folder, args, more = {}) => t.run('sh', ['-c', 'cd "$1" && shift && exec "$@"', 'sh', folder, program, 'setup', ...args], { ...env(t), ...more });
function only(t) { return fs.readdirSync(t.path('.claude')).sort(); }

const LAYOUTS = {
  'four blanks': '{\n    "model": "opus",\n    "env": {\n        "FOO": "1"\n    },\n    "z": [1.50, 2e3, "\\u00e9"]\n}\n',
  tabs: '{\n\t"permissions": {\n\t\t"allow": ["Bash(ls)"]\n\t}\n}',
  'one line': '{"env":{"A":"b"},"hooks":{"Stop":[{"hooks":[{"type":"command","command":"say done"}]}]}}',
  'line ends of Windows': '{\r\n  "env": {\r\n    "A": "b"\r\n  },\r\n  "hooks": {}\r\n}\r\n',
  empty: '{}',
  'odd blanks': ' \n{ "hooks" : { "PreToolUse" : [ ]\n } , "a":1 }  \n\n',
  'byte order mark': '\ufeff{\n  "a": 1\n}\n',
  'what is so already': '{\n  "env": {\n    "OTEL_METRICS_EXPORTER": "otlp",\n    "OTEL_LOGS_EXPORTER": "console"\n  }\n}\n',
  escapes: '{"\\u0065nv": {"OTEL_LOGS_EXPORTER": "con\\"sole"}, "k\\\\": "}{"}',
};
const parse = text => JSON.parse(text.replace(/^\ufeff/, ''));

for (const [name, text] of Object.entries(LAYOUTS)) {
  test(`${name}: --apply keeps all of it, a second time changes nothing, --remove gives every byte back`, async t => {
    const file = write(user(t), text), before = parse(text);
    let r = await setup(t, []);
    assert.equal(r.code, 0, r.err);
    assert.equal(read(file), text, 'without --apply nothing is written');
    assert.match(r.out, /^--- .*\n\+\+\+ /); assert.match(r.out, /^\+.*127\.0\.0\.1:4318\/hooks/m);
    r = await setup(t, ['--apply']);
    assert.equal(r.code, 0, r.err);
    const after = parse(read(file));
    assert.equal(after.env.OTEL_EXPORTER_OTLP_ENDPOINT, 'http://127.0.0.1:4318');
    assert.equal(after.env.OTEL_LOGS_EXPORTER, 'otlp');
    for (const k of ['OTEL_METRIC_EXPORT_INTERVAL', 'CLAUDE_CODE_ENHANCED_TELEMETRY_BETA', 'OTEL_EXPORTER_OTLP_PROTOCOL']) assert.ok(after.env[k], k);
    assert.equal(after.env.OTEL_LOG_USER_PROMPTS, undefined);
    assert.ok(Object.keys(after.hooks).length >= 25);
    assert.ok(!['WorktreeCreate', 'WorktreeRemove', 'FileChanged'].some(e => e in after.hooks));
    for (const e of ['SessionStart', 'Setup']) assert.equal(after.hooks[e].at(-1).hooks[0].type, 'command');
    assert.equal(after.hooks.PermissionRequest.at(-1).hooks[0].timeout, 5);
    /* Keys that were there are there, in their order, with their values. */
    assert.deepEqual(Object.keys(after).slice(0, Object.keys(before).length), Object.keys(before));
    for (const [k, v] of Object.entries(before)) if (k !== 'env' && k !== 'hooks') assert.deepEqual(after[k], v);
    for (const [k, v] of Object.entries(before.env ?? {})) if (!k.startsWith('OTEL_')) assert.equal(after.env[k], v);
    for (const [k, v] of Object.entries(before.hooks ?? {})) assert.deepEqual(after.hooks[k].slice(0, v.length), v);
    assert.equal(read(`${file}.claude-top-backup`), text);
    /* What is not in the lines that were added stands as it stood. */
    if (name === 'four blanks') assert.match(read(file), /\n {4}"z": \[1\.50, 2e3, "\\u00e9"\]/);
    if (name === 'tabs') assert.match(read(file), /\n\t"env": \{\n\t\t"CLAUDE_CODE_ENABLE_TELEMETRY": "1",\n/);
    if (name === 'line ends of Windows') assert.ok(!/[^\r]\n/.test(read(file)));
    const once = read(file);
    r = await setup(t, ['--apply']);
    assert.match(r.out, /nothing to do/); assert.equal(read(file), once);
    r = await setup(t, ['--remove']);
    assert.equal(r.code, 0, r.err);
    assert.equal(read(file), text);
    r = await setup(t, ['--remove']);
    assert.match(r.out, /nothing of claude-top's/);
    assert.deepEqual(only(t), ['settings.json', 'settings.json.claude-top-backup'], 'no other file is left');
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  });
}

test('without a file one is made, and is gone again after --remove', async t => {
  let r = await setup(t, ['--apply', '--details', '--traceparent']);
  assert.equal(r.code, 0, r.err);
  assert.equal(fs.statSync(user(t)).mode & 0o777, 0o600);
  assert.equal(json(user(t)).env.OTEL_LOG_USER_PROMPTS, '1');
  assert.equal(json(user(t)).env.CLAUDE_CODE_PROPAGATE_TRACEPARENT, '1');
  r = await setup(t, ['--remove']);
  assert.equal(r.code, 0, r.err);
  assert.ok(!fs.existsSync(user(t)));
});

test('other flags the second time: what the first time added goes, what was there before it is still known', async t => {
  const text = '{\n  "env": {\n    "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"\n  }\n}\n', file = write(user(t), text);
  await setup(t, ['--apply', '--details']);
  await setup(t, ['--apply', '--http', '127.0.0.1:5318']);
  const s = json(file);
  assert.equal(s.env.OTEL_EXPORTER_OTLP_ENDPOINT, 'http://127.0.0.1:5318');
  assert.equal(s.env.OTEL_LOG_USER_PROMPTS, undefined);
  assert.deepEqual(s.hooks.Stop.map(m => m.hooks[0].url), ['http://127.0.0.1:5318/hooks']);
  await setup(t, ['--remove']);
  assert.equal(read(file), text);
});

test('--remove leaves what was changed since, and says so', async t => {
  const file = write(user(t), '{\n  "env": {\n    "OTEL_LOGS_EXPORTER": "console"\n  }\n}\n');
  await setup(t, ['--apply']);
  const s = json(file);
  s.env.OTEL_METRICS_EXPORTER = 'prometheus'; s.env.MINE = '1'; s.hooks.Stop[0].hooks[0].timeout = 60; s.hooks.Notification.push({ hooks: [{ type: 'command', command: 'x' }] });
  fs.writeFileSync(file, JSON.stringify(s, null, 2));
  const r = await setup(t, ['--remove']);
  assert.equal(r.code, 0, r.err);
  assert.match(r.err, /env\.OTEL_METRICS_EXPORTER was changed since/); assert.match(r.err, /hooks\.Stop/);
  const left = json(file);
  assert.deepEqual(left, { env: { OTEL_LOGS_EXPORTER: 'console', OTEL_METRICS_EXPORTER: 'prometheus', MINE: '1' },
    hooks: { Stop: s.hooks.Stop, Notification: [{ hooks: [{ type: 'command', command: 'x' }] }] } });
});

test('--remove without a record takes out what is the same as would be added', async t => {
  const text = '{\n  "env": {\n    "A": "b"\n  },\n  "x": 1\n}\n', file = write(user(t), text);
  await setup(t, ['--apply', '--details']);
  fs.rmSync(t.path('.local'), { recursive: true });
  const r = await setup(t, ['--remove']);
  assert.match(r.err, /no record/);
  assert.equal(read(file), text);
});

test('a status line of somebody else is kept and chained, and comes back', async t => {
  const text = '{\n  "statusLine": {\n    "type": "command",\n    "command": "cat > theirs; echo \\"it\'s mine\\"",\n    "padding": 2\n  }\n}\n', file = write(user(t), text);
  await setup(t, ['--apply']);
  assert.deepEqual(json(file).statusLine, parse(text).statusLine, 'not asked for: not touched');
  await setup(t, ['--apply', '--statusline']);
  const line = json(file).statusLine;
  assert.equal(line.padding, 2);
  const r = await t.run('sh', ['-c', 'cd "$1" && printf %s "$2" | eval "$3"', 'sh', t.dir, '{"session_id":"a"}', line.command]);
  assert.equal(r.out, "it's mine\n");
  assert.equal(read(t.path('theirs')), '{"session_id":"a"}');
  await setup(t, ['--remove']);
  assert.equal(read(file), text);
});

test('a file that is no JSON is refused and stays as it is', async t => {
  for (const [text, what] of [['{\n  // a comment\n  "a": 1\n}', /comments/], ['{"a": 1,}', /line 1/], ['{"env": {"A": "1", "A": "2"}}', /twice/], ['[]', /object/],
    ['{"a": 01}', /line 1/], ['{"a": "\n"}', /line/], ['{"a":1} x', /line 1/], ['{'.repeat(10), /JSON/], ['{"a":'.repeat(80) + '1' + '}'.repeat(80), /nested/], ['\0', /object/]]) {
    const file = write(user(t), text);
    for (const flag of ['--apply', '--remove']) {
      const r = await setup(t, [flag]);
      assert.equal(r.code, 1, `${text}: ${r.out}`);
      assert.match(r.err, /^claude-top: [^\n]*\n$/); assert.match(r.err, what);
      assert.equal(read(file), text);
    }
  }
  for (const text of ['{"env": null}', '{"env": []}', '{"hooks": "x"}', '{"hooks": {"Stop": {}}}']) {
    const file = write(user(t), text), r = await setup(t, ['--apply']);
    assert.equal(r.code, 1, text); assert.match(r.err, /is no (object|array)/); assert.equal(read(file), text);
  }
});

test('an endpoint of somebody else is never lost in silence', async t => {
  const text = '{"env": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://alloy.example:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Basic%20eDp5,X-Scope=a%3Bb"}}';
  const file = write(user(t), text), config = write(t.path('config.ini'), '# mine\n');
  let r = await setup(t, [], { CLAUDE_TOP_CONFIG: config });
  assert.match(r.err, /alloy\.example:4317/); assert.match(r.err, /--adopt-upstream/);
  r = await setup(t, ['--apply'], { CLAUDE_TOP_CONFIG: config });
  assert.equal(r.code, 4); assert.match(r.err, /--adopt-upstream.*--drop-upstream/); assert.equal(read(file), text);
  fs.writeFileSync(t.path('token'), '0123456789abcdef0123\n', { mode: 0o600 });
  r = await setup(t, ['--apply', '--adopt-upstream', '--token-file', t.path('token')], { CLAUDE_TOP_CONFIG: config });
  assert.equal(r.code, 0, r.err);
  assert.match(r.out, /restart claude-top/);
  assert.ok(!r.out.includes('0123456789abcdef0123'), 'the token is not printed');
  assert.match(read(config), /\[upstream\][^]*grpc = http:\/\/alloy\.example:4317/);
  const shown = await t.run(program, ['--print-config', '--config', config]);
  assert.match(shown.out, /alloy\.example/); assert.ok(!shown.out.includes('eDp5'));
  assert.equal(json(file).env.OTEL_EXPORTER_OTLP_HEADERS, 'Authorization=Bearer 0123456789abcdef0123');
  assert.match(read(config), /headers = .*Authorization: Basic eDp5/);
  /* It is our upstream now: no more words. */
  r = await setup(t, ['--apply', '--token-file', t.path('token')], { CLAUDE_TOP_CONFIG: config });
  assert.equal(r.code, 0, r.err); assert.equal(r.err, '');
  r = await setup(t, ['--remove'], { CLAUDE_TOP_CONFIG: config });
  assert.equal(read(file), text);
  /* An endpoint for one signal would pass us by. */
  const detour = '{"env": {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://tempo.example/v1/traces"}}';
  fs.writeFileSync(file, detour);
  r = await setup(t, ['--apply', '--drop-upstream']);
  assert.equal(r.code, 0, r.err);
  assert.equal(json(file).env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, undefined);
  await setup(t, ['--remove']);
  assert.equal(read(file), detour);
});

test('project, local and managed settings', async t => {
  const folder = t.path('work'); fs.mkdirSync(folder);
  let r = await inside(t, folder, ['--apply', '--project']);
  assert.equal(r.code, 0, r.err);
  assert.equal(json(t.path('work/.claude/settings.json')).env.OTEL_LOGS_EXPORTER, 'otlp');
  r = await inside(t, folder, ['--apply', '--local']);
  assert.ok(fs.existsSync(t.path('work/.claude/settings.local.json')));
  assert.ok(!fs.existsSync(user(t)));
  await inside(t, folder, ['--remove', '--project']); await inside(t, folder, ['--remove', '--local']);
  assert.deepEqual(fs.readdirSync(t.path('work/.claude')).filter(f => !f.endsWith('backup')), []);
  fs.writeFileSync(t.path('token'), '0123456789abcdef0123\n', { mode: 0o600 });
  r = await inside(t, folder, ['--apply', '--project', '--token-file', t.path('token')]);
  assert.equal(r.code, 2); assert.match(r.err, /--local/);
  write(t.path('managed.json'), '{"env": {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://corp.example"}, "allowManagedHooksOnly": true, "allowedHttpHookUrls": ["https://corp.example/*"]}');
  write(t.path('work/.claude/settings.local.json'), '{"env": {"CLAUDE_CODE_ENABLE_TELEMETRY": "0"}, "disableAllHooks": true}');
  r = await inside(t, folder, ['--apply']);
  assert.match(r.err, /managed settings .*corp\.example.*administrator/); assert.match(r.err, /local settings .*CLAUDE_CODE_ENABLE_TELEMETRY=0/);
  assert.match(r.err, /allowManagedHooksOnly/); assert.match(r.err, /disableAllHooks/); assert.match(r.err, /allowedHttpHookUrls/);
});

test('a symbolic link stays one; CLAUDE_CONFIG_DIR is heeded', async t => {
  write(t.path('dotfiles/claude.json'), '{}\n', 0o644);
  fs.mkdirSync(t.path('.claude')); fs.symlinkSync(t.path('dotfiles/claude.json'), user(t));
  await setup(t, ['--apply']);
  assert.ok(fs.lstatSync(user(t)).isSymbolicLink());
  assert.ok(json(t.path('dotfiles/claude.json')).hooks);
  assert.equal(fs.statSync(t.path('dotfiles/claude.json')).mode & 0o777, 0o644);
  fs.mkdirSync(t.path('other'));
  await setup(t, ['--apply'], { CLAUDE_CONFIG_DIR: t.path('other') });
  assert.ok(json(t.path('other/settings.json')).hooks);
});

test('an older client gets the hooks that it knows, as commands', async t => {
  for (const [how, args] of [['asked', []], ['said', ['--client-version', '2.0.76']]]) {
    const bin = t.path(`bin-${how}`);
    write(path.join(bin, 'claude'), '#!/bin/sh\necho "2.0.76 (Claude Code)"\nsleep 20 >/dev/null\n', 0o755);
    const r = await t.run(program, ['setup', '--print-json', ...args], { ...env(t), PATH: how === 'asked' ? `${bin}:/usr/bin:/bin` : '/usr/bin:/bin' });
    const { hooks } = JSON.parse(r.out);
    assert.equal(Object.keys(hooks).length, 12, how);
    assert.ok(Object.values(hooks).every(([m]) => m.hooks[0].type === 'command'), how);
  }
  const count = async version => Object.keys(JSON.parse((await setup(t, ['--print-json', '--client-version', version])).out).hooks).length;
  for (const [version, hooks] of [['2.1.0', 14], ['2.1.196', 14], ['2.1.197', 27], ['2.1.330', 30], ['2.2', 30], ['3.0', 30]]) assert.equal(await count(version), hooks, version);
  const unknown = JSON.parse((await setup(t, ['--print-json'])).out).hooks;
  assert.equal(Object.keys(unknown).length, 27);
  const r = await setup(t, ['--client-version', 'new']);
  assert.equal(r.code, 2);
});

test('one thing at a time', async t => {
  const r = await setup(t, ['--apply', '--remove']);
  assert.equal(r.code, 2); assert.match(r.err, /one of/);
});

run();
