// Lines for status bars: the README's very lines, what they say, and that they never say an error.
//
//   node bars.mjs CLAUDE_TOP
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { assert, request, root, run, skip, test, until } from '../tools/tap.mjs';

const program = process.argv[2];
const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
const section = readme.slice(readme.indexOf('## Status bars'), readme.indexOf('## Turns and sessions'));
const blocks = [...section.matchAll(/```\w*\n([^]*?)```/g)].map(m => m[1]);

/** Commands as the README's settings have them, without what the settings put around them. */
const commands = [...new Set(blocks.flatMap(b => b.split('\n')).flatMap(line => {
  const quoted = /"(claude-top status [^"]*)"/.exec(line) ?? /#\((claude-top status [^)]*)\)/.exec(line) ??
    /\$\((claude-top status [^)]*)\)/.exec(line) ?? /^(?:command=)?(claude-top status .*)$/.exec(line);
  return quoted ? [quoted[1]] : [];
}))];

/** A collector that the environment leads to, as a user's is; one session waits, one works. */
async function busy(t, ...more) {
  const p = t.start(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '', ...more], { XDG_RUNTIME_DIR: t.dir });
  const [, http] = await until('the ready line', () => /ready http=(\S+)/.exec(p.out) ?? (p.over && assert.fail(p.err)));
  p.hook = async (name, id, more = {}) => {
    const body = JSON.stringify({ hook_event_name: name, session_id: id, cwd: path.join(t.dir, id), prompt: 'hi', ...more });
    const r = await request(`http://${http}/hooks`, { headers: { 'content-type': 'application/json' }, body });
    assert.equal(r.status, 200);
  };
  await p.hook('UserPromptSubmit', 'web-ui');
  await p.hook('PermissionRequest', 'web-ui', { tool_name: 'Bash', tool_input: { command: 'make' } });
  await p.hook('UserPromptSubmit', 'api');
  return p;
}

/** As a bar runs it: by the shell, found on the PATH. */
function shell(t, command) {
  return t.run('sh', ['-c', `cd "$HOME" && ${command}`], { XDG_RUNTIME_DIR: t.dir, PATH: `${path.dirname(path.resolve(program))}:${process.env.PATH}` });
}

test('every example of the README runs, and says what it should', async t => {
  assert.ok(commands.length >= 8, `${commands.length} examples`);
  const once = commands.map(c => c.replace(' --watch', ''));
  for (const command of once) {
    const p = await shell(t, command);
    assert.equal(p.code, 0, `${command}: ${p.err}`);
    assert.equal(p.err, '', command);
    assert.equal(p.out.split('\n').length, 2, command);
    if (/waybar|i3status/.test(command)) assert.equal(JSON.parse(p.out).text, '');
  }
  const c = await busy(t);
  await until('both sessions', async () => (await shell(t, "claude-top status --format '{waiting} {running}'")).out === '1 1\n');
  for (const command of once) {
    let line = '';
    /* A collector that is slow for once costs a line. */
    await until(command, async () => {
      const p = await shell(t, command);
      assert.equal(p.code, 0, `${command}: ${p.err}`);
      assert.equal(p.err, '', command);
      line = /waybar|i3status/.test(command) ? JSON.parse(p.out).text : p.out;
      return line.trim();
    });
    if (/context/.test(command)) assert.match(line, /^#\[reverse\] 1 #\[default\]\n$/);
    else if (/--cwd/.test(command)) assert.match(line, /^⏸ 1 ● 1 /, command);
    else assert.match(line, /web-ui|⏸ 1/, command);
  }
  const says = (args, line) => until(args, async () => (await shell(t, `claude-top ${args}`)).out === line);
  await says("status --format '{name} {state}'", 'web-ui permission\n');
  await says("status --format '{name}' --session last", 'api\n');
  assert.equal((await shell(t, "claude-top status --format '{sessions} {name}' --cwd=api")).code, 2);
  fs.mkdirSync(t.path('api'));
  await says("status --format '{sessions} {name}' --cwd=api", '1 api\n');
  await says("--once --format '{sessions}'", '2\n');
  c.kill('SIGKILL');
  await c.ended;
  assert.equal((await shell(t, 'claude-top status --format tmux')).out, '\n');
});

test('tmux takes the README\'s lines as they are', async t => {
  if (spawnSync('tmux', ['-V']).status !== 0) skip('tmux is not installed');
  const conf = blocks.find(b => b.includes('status-right'));
  fs.writeFileSync(t.path('tmux.conf'), conf.replace('status-interval 2', 'status-interval 1') + 'set -g status-right-length 80\n');
  await busy(t);
  const env = { XDG_RUNTIME_DIR: t.dir, PATH: `${path.dirname(path.resolve(program))}:${process.env.PATH}`, LC_ALL: 'C.UTF-8', TMUX: '', TMUX_TMPDIR: t.dir };
  const tmux = (...args) => t.run('tmux', ['-u', '-S', t.path('inner'), ...args], env);
  const outer = (...args) => t.run('tmux', ['-u', '-S', t.path('outer'), '-f', '/dev/null', ...args], env);
  try {
    const made = await tmux('-f', t.path('tmux.conf'), 'new-session', '-d', 'sleep 60');
    assert.equal(made.code, 0, made.err);
    /* A status line is drawn for a client: a terminal in another tmux. */
    await outer('new-session', '-d', '-x', '120', '-y', '10', `TMUX= tmux -u -S ${t.path('inner')} attach`);
    let last = '';
    await until('the line', async () => (last = (await outer('capture-pane', '-p')).out).includes('⏸ 1 web-ui  ● 1'));
    assert.doesNotMatch(last, /#\[/);
  } finally {
    await tmux('kill-server');
    await outer('kill-server');
  }
});

test('--watch prints a line when it has changed, and ends with its reader', async t => {
  const c = await busy(t);
  const p = t.start('sh', ['-c', 'exec claude-top status --format "{waiting} {running}{collector!off}" --watch'],
    { XDG_RUNTIME_DIR: t.dir, PATH: `${path.dirname(path.resolve(program))}:${process.env.PATH}` });
  await until('the first line', () => p.out.endsWith('1 1\n'));
  await c.hook('Stop', 'api');
  await until('the second line', () => p.out.endsWith('1 0\n'));
  c.kill('SIGKILL');
  await until('the last line', () => p.out.endsWith('off\n'));
  await busy(t);
  await until('the collector after it', () => p.out.endsWith('1 1\n'));
  p.stdout.destroy();
  await p.ended;
  assert.equal(p.code, 0);
  assert.equal(p.err, '');
});

test('a collector that does not answer costs the line, not the bar', async t => {
  const net = await import('node:net');
  const deaf = net.createServer(() => {}).listen(t.path('claude-top.sock'));
  try {
    const began = Date.now();
    const p = await shell(t, 'claude-top status --format tmux');
    assert.equal(p.code, 0);
    assert.equal(p.out + p.err, '\n');
    assert.ok(Date.now() - began < 5000);
  } finally {
    deaf.close();
  }
});

test('mistakes are for whoever writes the settings: one line, exit code 2', async t => {
  for (const format of ['bogus', '{bogus}', '{name', '{name:x}']) {
    const p = await shell(t, `claude-top status --format '${format}'`);
    assert.equal(p.code, 2);
    assert.equal(p.out, '');
    assert.match(p.err, /^claude-top: --format: .*\n$/);
    assert.equal((await shell(t, `claude-top status --format '${format}' --window 5m`)).err, p.err, 'the program says the same');
  }
  const p = await shell(t, 'claude-top status --watch');
  assert.equal(p.code, 2);
  assert.match(p.err, /go with --format/);
});

test('the README has every name', async () => {
  const header = fs.readFileSync(path.join(root, 'src/app/quick/status_format.h'), 'utf8');
  const names = [...header.matchAll(/X\((\w+), "([^"]+)"\)/g)].map(m => `| \`${m[1]}\` | ${m[2]} |`);
  assert.ok(names.length > 30);
  for (const line of names) assert.ok(section.includes(line), line);
});

await run();
