// Runs `claude-top hook` and `claude-top statusline` as Claude Code does: quick, silent, and 0 whatever happens.
//
//   node quick.mjs CLAUDE_TOP
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { spawn, execFileSync } from 'node:child_process';
import { assert, captures, readLines, request, run, skip, test, until } from '../tools/tap.mjs';

const program = path.resolve(process.argv[2]);
const lines = readLines(path.join(captures, 'interactive', 'statusline.jsonl')).map(r => JSON.stringify(r.body));
const start = readLines(path.join(captures, 'resume', 'hooks.jsonl')).filter(r => r.event === 'SessionStart').at(-1).body;
const last = JSON.parse(lines.at(-1));

/** The command with that standard input: { code, signal, out, err, ms }. stdin: null leaves it open. cwd: where it runs. */
function feed(t, args, stdin, env = {}, cwd = t.dir) {
  const began = process.hrtime.bigint();
  const p = spawn(program, args, { cwd, env: { HOME: t.dir, PATH: process.env.PATH, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  t.children.push(p);
  const r = { out: '', err: '' };
  p.stdout.on('data', d => { r.out += d; });
  p.stderr.on('data', d => { r.err += d; });
  p.stdin.on('error', () => { });
  if (stdin !== null) p.stdin.end(stdin);
  p.ended = new Promise(f => p.on('close', (code, signal) => {
    p.over = true;
    f({ ...r, code, signal, ms: Number(process.hrtime.bigint() - began) / 1e6 });
  }));
  return p.ended;
}

const silent = r => assert.deepEqual([r.code, r.signal, r.out, r.err], [0, null, '', '']);

async function serve(t) {
  const socket = t.path('s.sock');
  const p = t.start(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--state-dir', t.path('state'), '--socket', socket]);
  await until('the ready line', () => p.over || /^ready .*\n/m.test(p.out));
  p.socket = socket;
  p.status = async () => JSON.parse((await request('http://x/status', { method: 'GET', socketPath: socket })).body);
  p.session = async id => (await p.status()).sessions.find(s => s.session_id === id);
  return p;
}

test('a hook arrives, and its session is known', async t => {
  const p = await serve(t);
  silent(await feed(t, ['hook', '--socket', p.socket], JSON.stringify(start)));
  silent(await feed(t, ['hook'], JSON.stringify({ ...start, hook_event_name: 'UserPromptSubmit', prompt: 'hello' }),
    { CLAUDE_TOP_SOCKET: p.socket }));
  const s = await until('the session', () => p.session(start.session_id));
  assert.equal(s.start_source, 'resume');
  assert.equal(s.context.used_tokens, start.context_tokens);
  assert.equal(s.context.window_size, null);
  assert.equal((await p.status()).flow.received.hooks, 2);
});

test('the branch is told, as git left it', async t => {
  const p = await serve(t);
  const folder = t.path('shop');
  fs.mkdirSync(path.join(folder, '.git'), { recursive: true });
  const head = name => fs.writeFileSync(path.join(folder, '.git', 'HEAD'), `ref: refs/heads/${name}\n`);
  head('feat/"login"');
  silent(await feed(t, ['hook', '--socket', p.socket], ` ${JSON.stringify(start)}`, {}, folder));
  silent(await feed(t, ['hook', '--socket', p.socket], JSON.stringify({ ...start, hook_event_name: 'UserPromptSubmit', prompt: 'hello' })));
  await until('the branch', async () => (await p.session(start.session_id))?.branch === 'feat/"login"');
  head('fix');
  const line = { ...last, session_id: start.session_id, cwd: folder, workspace: { current_dir: folder } };
  const r = await feed(t, ['statusline', '--socket', p.socket], JSON.stringify(line), { NO_COLOR: '1' });
  assert.match(r.out, / · shop \(fix\) · /);
  await until('the new branch', async () => (await p.session(start.session_id)).branch === 'fix');
  // Who takes over gets what Claude Code said, no more; what the client says itself comes first.
  const said = { ...line, worktree: { branch: 'client' } };
  const then = await feed(t, ['statusline', '--socket', p.socket, '--then', 'cat'], JSON.stringify(said));
  assert.equal(then.out, JSON.stringify(said));
  await until('what the client says', async () => (await p.session(start.session_id)).branch === 'client');
});

/** A process that stands in for Claude Code: it sleeps until it is killed. */
const client = t => t.start('sleep', ['1000']);
const prompt = { ...start, hook_event_name: 'UserPromptSubmit', prompt: 'hello', prompt_id: 'p1' };

test('a killed client does not stay at work', async t => {
  if (!fs.existsSync('/proc/self/stat')) skip('this system does not tell when a process started');
  const p = await serve(t), c = client(t);
  silent(await feed(t, ['hook', '--socket', p.socket], JSON.stringify(start), { CLAUDE_PID: String(c.pid) }));
  silent(await feed(t, ['hook', '--socket', p.socket], JSON.stringify(prompt)));
  await until('it is at work', async () => (await p.session(start.session_id))?.state === 'thinking');
  c.kill('SIGKILL');
  const s = await until('it has ended', async () => { const x = await p.session(start.session_id); return x.state === 'ended' && x; });
  assert.equal(s.state_evidence, 'its process is gone');
  assert.notEqual(s.tree[0].state, 'running');
});

test('without CLAUDE_PID the ancestor called claude is the client', async t => {
  if (!fs.existsSync('/proc/self/stat')) skip('this system does not tell when a process started');
  const p = await serve(t), claude = t.path('claude');
  fs.copyFileSync('/bin/sh', claude);
  fs.chmodSync(claude, 0o755);
  const file = t.path('start.json');
  fs.writeFileSync(file, JSON.stringify(start));
  const c = t.start(claude, ['-c', `sh -c '${program} hook --socket ${p.socket} < ${file}; true'; while :; do sleep 1; done`], { HOME: t.dir });
  silent(await feed(t, ['hook', '--socket', p.socket], JSON.stringify(prompt)));
  await until('it is at work', async () => { const s = await p.session(start.session_id); return s?.state === 'thinking' && s.start_source === 'resume'; });
  c.kill('SIGKILL');
  const s = await until('it has ended', async () => { const x = await p.session(start.session_id); return x.state === 'ended' && x; });
  assert.equal(s.state_evidence, 'its process is gone');
});

test('a client that was killed while nobody looked has ended, too', async t => {
  if (!fs.existsSync('/proc/self/stat')) skip('this system does not tell when a process started');
  const p = await serve(t), c = client(t), other = client(t);
  const lives = { ...start, session_id: 'lives' };
  silent(await feed(t, ['hook', '--socket', p.socket], JSON.stringify(start), { CLAUDE_PID: String(c.pid) }));
  silent(await feed(t, ['hook', '--socket', p.socket], JSON.stringify(prompt)));
  silent(await feed(t, ['hook', '--socket', p.socket], JSON.stringify(lives), { CLAUDE_PID: String(other.pid) }));
  silent(await feed(t, ['hook', '--socket', p.socket], JSON.stringify({ ...prompt, session_id: 'lives' })));
  await until('both are at work', async () => (await p.session('lives'))?.state === 'thinking');
  p.kill('SIGTERM');
  await until('the collector has ended', () => p.over);
  c.kill('SIGKILL');
  await until('the client has ended', () => c.over);
  const again = await serve(t);
  await until('it has ended', async () => (await again.session(start.session_id))?.state === 'ended');
  assert.equal((await again.session('lives')).state, 'thinking');
});

test('a goodbye stands, and so does a process that means nothing', async t => {
  if (!fs.existsSync('/proc/self/stat')) skip('this system does not tell when a process started');
  const p = await serve(t), c = client(t);
  for (const pid of ['0', '-1', 'x', '99999999999', '2147483647'])
    silent(await feed(t, ['hook', '--socket', p.socket], JSON.stringify({ ...prompt, session_id: 'none' }), { CLAUDE_PID: pid }));
  silent(await feed(t, ['hook', '--socket', p.socket], JSON.stringify(start), { CLAUDE_PID: String(c.pid) }));
  silent(await feed(t, ['hook', '--socket', p.socket], JSON.stringify(prompt)));
  silent(await feed(t, ['hook', '--socket', p.socket], JSON.stringify({ ...start, hook_event_name: 'SessionEnd', reason: 'other' })));
  await until('it has ended', async () => (await p.session(start.session_id))?.state === 'ended');
  const hooks = (await p.status()).flow.journal.last_seq;
  c.kill('SIGKILL');
  await until('the client has ended', () => c.over);
  silent(await feed(t, ['hook', '--socket', p.socket], JSON.stringify({ ...prompt, session_id: 'later' })));
  await until('what came later is known', () => p.session('later'));
  assert.equal((await p.status()).flow.journal.last_seq, hooks + 1); // no frame of our own
  assert.equal((await p.session(start.session_id)).state_evidence, 'SessionEnd hook');
  assert.equal((await p.session('none')).state, 'thinking');
});

test('no collector, a dead socket, no socket at all: nothing happens', async t => {
  const dead = t.path('dead.sock');
  const server = net.createServer();
  await new Promise(f => server.listen(dead, f));
  // A socket file that nobody listens on any more.
  fs.renameSync(dead, dead + '.kept');
  await new Promise(f => server.close(f));
  fs.renameSync(dead + '.kept', dead);
  fs.writeFileSync(t.path('file'), '');
  for (const socket of [t.path('none.sock'), dead, t.path('file'), t.dir, '', '/' + 'x'.repeat(300)]) {
    silent(await feed(t, ['hook', '--socket', socket], JSON.stringify(start)));
    const r = await feed(t, ['statusline', '--socket', socket], lines.at(-1), { NO_COLOR: '1' });
    assert.deepEqual([r.code, r.err, r.out], [0, '', 'Opus 5.5 · project · ▰▱▱▱▱▱▱▱▱▱ 1% · $0.02\n']);
  }
  silent(await feed(t, ['hook', '--no-such-flag', 'word'], 'not json'));
  silent(await feed(t, ['hook'], ''));
});

test('a collector that does not answer is waited for no longer than said', async t => {
  const socket = t.path('mute.sock');
  const held = [];
  const server = net.createServer(c => held.push(c.on('error', () => { })));
  await new Promise(f => server.listen(socket, f));
  silent(await feed(t, ['hook', '--socket', socket], JSON.stringify(start)));
  const r = await feed(t, ['statusline', '--socket', socket], lines.at(-1));
  assert.equal(r.code, 0);
  assert.match(r.out, /Opus 5\.5/);
  assert.ok(r.ms < 5000, `${r.ms} ms`);
  // What does not fit into the socket's buffer is given up.
  const big = await feed(t, ['hook', '--socket', socket], JSON.stringify({ ...start, x: 'y'.repeat(8 << 20) }));
  silent(big);
  assert.ok(big.ms < 5000, `${big.ms} ms`);
  for (const c of held) c.destroy();
  await new Promise(f => server.close(f));
});

test('standard input that never ends, is huge or is closed', async t => {
  const p = await serve(t);
  const slow = await feed(t, ['hook', '--socket', p.socket], null);
  silent(slow);
  assert.ok(slow.ms >= 250 && slow.ms < 5000, `${slow.ms} ms`);
  const line = await feed(t, ['statusline', '--socket', p.socket], null);
  assert.deepEqual([line.code, line.out, line.err], [0, '\n', '']);
  silent(await feed(t, ['hook', '--socket', p.socket], Buffer.alloc(40 << 20, 'x')));
  const closed = execFileSync('sh', ['-c', '"$0" hook --socket "$1" <&-; echo "$?"', program, p.socket]);
  assert.equal(String(closed), '0\n');
  assert.equal((await p.status()).flow.received.hooks, 0);
  // As large as a tool's result may be.
  silent(await feed(t, ['hook', '--socket', p.socket], JSON.stringify({ ...start, x: 'y'.repeat(1 << 20) })));
  await until('the large hook', async () => (await p.status()).flow.received.hooks === 1);
});

test('a full disk and a closed standard output are no matter', t => {
  if (!fs.existsSync('/dev/full')) return;
  const full = execFileSync('sh', ['-c', 'echo "$2" | "$0" statusline --socket "$1" >/dev/full; echo "$?"', program, t.path('none'), lines[0]]);
  assert.equal(String(full), '0\n');
  const shut = execFileSync('sh', ['-c', 'echo "$2" | "$0" statusline --socket "$1" >&-; echo "$?"', program, t.path('none'), lines[0]]);
  assert.equal(String(shut), '0\n');
});

test('status lines reach the session, its restart and its viewers', async t => {
  let p = await serve(t);
  for (const line of lines) {
    const r = await feed(t, ['statusline', '--socket', p.socket], line);
    assert.equal(r.code, 0);
    assert.match(r.out, /^[^\n]+\n$/);
  }
  silent(await feed(t, ['hook', '--socket', p.socket], JSON.stringify({ session_id: last.session_id, hook_event_name: 'UserPromptSubmit', prompt: 'x' })));
  const check = async () => {
    const s = await until('the session', () => p.session(last.session_id));
    assert.equal(s.model, 'claude-opus-5-5');
    assert.equal(s.model_name, 'Opus 5.5');
    assert.equal(s.service_version, '2.1.330');
    assert.deepEqual([s.context.used_tokens, s.context.window_size, s.context.used_percentage], [13304, 1000000, 1]);
    assert.ok(Date.parse(s.context.reported_at) > 0);
    assert.deepEqual(s.limits, { five_hour: null, seven_day: null, reported_at: null });
    assert.equal(s.reported_cost_usd, 0.024804);
    assert.deepEqual([s.turns, s.llm_calls, s.cost_usd], [1, 0, 0]);
  };
  await check();
  const status = await p.status();
  assert.deepEqual([status.flow.received.status_lines, status.flow.received.hooks], [lines.length, lines.length + 1]);
  assert.equal(status.flow.decode_errors, 0);
  p.kill('SIGTERM');
  await p.ended;
  p = await serve(t);
  await check();
});

test('the line has what the session burns', async t => {
  const p = await serve(t);
  const now = BigInt(Date.now()) * 1000000n;
  const attributes = Object.entries({ 'session.id': last.session_id, 'event.name': 'api_request', model: 'claude-opus-5-5', request_id: 'r1' })
    .map(([key, stringValue]) => ({ key, value: { stringValue } }))
    .concat(Object.entries({ input_tokens: 60000, output_tokens: 2000, cost_usd: 1 }).map(([key, doubleValue]) => ({ key, value: { doubleValue } })));
  await request(p.out.match(/http=(\S+)/)[1].replace(/^/, 'http://') + '/v1/logs', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: String(now), attributes }] }] }] }),
  });
  await until('the call', async () => (await p.session(last.session_id))?.llm_calls === 1);
  const r = await until('an answer in time', async () => {
    const one = await feed(t, ['statusline', '--socket', p.socket], lines.at(-1), { NO_COLOR: '1' });
    return one.out.includes('tok/min') && one;
  });
  assert.equal(r.out, 'Opus 5.5 · project · ▰▱▱▱▱▱▱▱▱▱ 1% · $0.02 · 12.4k tok/min · $12.00/h\n');
  const s = await p.session(last.session_id);
  assert.deepEqual(s.burn, { tokens_per_min: 12400, cost_per_hour_usd: 12, is_estimate: false });
  const status = await p.status();
  assert.deepEqual(status.totals.burn, s.burn);
  // Windows of the RED table.
  assert.equal(status.red_window, '15m');
  for (const [window, rate] of [['1m', 1], ['5m', 0.2], ['all', null]]) {
    const out = await t.run(program, ['status', '--json', '--window', window, '--socket', p.socket]);
    const json = JSON.parse(out.out);
    assert.equal(json.red_window, window);
    assert.equal(json.red.find(row => row.kind === 'llm').rate_per_min, rate);
  }
});

test('colours, and none', async t => {
  assert.match((await feed(t, ['statusline'], lines.at(-1))).out, /\u001b\[1mOpus 5\.5\u001b\[0m/);
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }])
    assert.ok(!(await feed(t, ['statusline'], lines.at(-1), env)).out.includes('\u001b'));
});

test('setup names the commands', async t => {
  let r = await t.run(program, ['setup', '--print-json']);
  let json = JSON.parse(r.out);
  const command = json.hooks.SessionStart[0].hooks[0];
  assert.deepEqual(command, { type: 'command', command: `${fs.realpathSync(program)} hook`, timeout: 5 });
  assert.equal(json.statusLine, undefined);
  r = await t.run(program, ['setup', '--print-json', '--statusline', '--socket', "/tmp/it's here.sock"]);
  json = JSON.parse(r.out);
  assert.equal(json.statusLine.command, `${fs.realpathSync(program)} statusline --socket '/tmp/it'\\''s here.sock'`);
  // A shell understands it.
  r = await t.run('sh', ['-c', `set -- ${json.statusLine.command}; printf %s "$4"`]);
  assert.equal(r.out, "/tmp/it's here.sock");
});

await run();
