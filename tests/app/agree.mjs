// Whoever reads a journal says the same: its owner, those who watched from the beginning or came late, and a replay.
//
//   node agree.mjs CLAUDE_TOP
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { assert, captures, request, root, run, skip, test, until } from '../tools/tap.mjs';

const program = process.argv[2];

function freePort() {
  return new Promise(f => { const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => f(port)); }); });
}

/* synthesized: traces are made of clients that send none, for an upstream that is down. */
async function place(t, synthesized) {
  const [http, grpc] = [await freePort(), await freePort()];
  const p = { http: `127.0.0.1:${http}`, grpc: `127.0.0.1:${grpc}`, socket: t.path('s.sock'), state: t.path('state') };
  p.settings = ['--http', p.http, '--grpc', p.grpc, '--socket', p.socket, '--state-dir', p.state];
  if (synthesized) p.settings.push('--upstream-http', `http://127.0.0.1:${await freePort()}`, '--synthesize-delay', '10m');
  return p;
}

async function serve(t, p) {
  const child = t.start(program, ['serve', ...p.settings]);
  await until('the ready line', () => /^ready /m.test(child.out) || child.over);
  assert.match(child.out, /^ready /m, child.err);
  return child;
}

/** A viewer on a terminal of its own, which takes over when the owner is gone. */
async function viewer(t, p) {
  if (spawnSync('script', ['--version']).status !== 0) skip('script(1) is not installed');
  const pidFile = t.path(`pid-${t.children.length}`);
  const words = [program, ...p.settings, '--take-over'].map(w => `'${w}'`).join(' ');
  const child = t.start('script', ['-qec', `stty cols 100 rows 20; echo $$ >${pidFile}; exec ${words}`, '/dev/null'],
    { TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', TZ: 'UTC' });
  await until('the screen', () => child.out.includes('live') || child.over);
  assert.ok(!child.over, child.out);
  child.program = Number(fs.readFileSync(pidFile, 'utf8'));
  return child;
}

async function send(t, p, names) {
  const r = await t.run(process.execPath, [path.join(root, 'tests/tools/replay-capture.mjs'), '--http', `http://${p.http}`, '--grpc',
    `http://${p.grpc}`, '--hooks', `http://${p.http}/hooks`, ...names.map(n => path.join(captures, n))]);
  assert.equal(r.code, 0, r.err);
  const said = JSON.parse(r.out);
  assert.equal(said.refused, 0, r.out);
  return said.accepted;
}

async function status(t, p) {
  const r = await t.run(program, ['status', '--json', '--socket', p.socket]);
  assert.equal(r.code, 0, r.err);
  return JSON.parse(r.out);
}

/** What the collector says when at least so many requests are in its model, and the replay of its journal at the same frame. */
const settled = (t, p, frames) => until('the model', async () => {
  const before = await status(t, p);
  if (before.catching_up || before.flow.journal.last_seq < frames) return false;
  const read = await t.run(program, ['replay', p.state, '--json']);
  assert.equal(read.code, 0, read.err);
  const live = await status(t, p);
  return live.flow.journal.last_seq === before.flow.journal.last_seq && { live, replayed: JSON.parse(read.out) };
}, 30000);

const holder = p => Number(fs.readFileSync(path.join(p.state, 'lock'), 'utf8'));

const byId = x => [...x.sessions].sort((a, b) => (a.session_id < b.session_id ? -1 : 1));

function agree(now, first, who) {
  assert.deepEqual(byId(now.replayed), byId(now.live), `${who} and the replay`);
  assert.deepEqual(byId(now.live).map(s => s.session_id), byId(first).map(s => s.session_id), who);
  assert.deepEqual(byId(now.live), byId(first), `${who} and the first owner`);
  assert.deepEqual(now.live.totals, first.totals, who);
}

const SETS = [
  { names: ['interactive'] },
  { names: ['subagents-background', 'tools-grpc'] },
  { names: ['interceptor-permission', 'failing-tool', 'resume', 'mcp-tool'] },
  { names: ['server-error-final', 'rate-limited-then-ok', 'cumulative-metrics'] },
  { names: ['old-2.0.76-subagent'], synthesized: true },
];

for (const { names, synthesized } of SETS)
  test(`owner, viewers and replay agree: ${names.join(', ')}`, async t => {
    const p = await place(t, synthesized);
    const owner = await serve(t, p);
    const early = await viewer(t, p);
    const frames = await send(t, p, names);
    const late = await viewer(t, p);
    const at = await settled(t, p, frames);
    assert.ok(at.live.sessions.length >= names.length && at.live.totals.llm_calls > 0);
    assert.ok(at.live.sessions.some(s => s.tree.length), 'there are trees to compare');
    if (synthesized) assert.ok(at.live.sessions.every(s => s.synthesized && s.trace_ids.length));
    agree(at, at.live, 'the first owner');
    /* A viewer says what it knows when it has the ports: first the one, then the other. */
    const left = new Map([[early.program, early], [late.program, late]]);
    const who = v => (v === early ? 'who watched from the beginning' : 'who came late');
    process.kill(owner.pid, 'SIGKILL');
    while (left.size) {
      const pid = await until('the next owner', () => left.has(holder(p)) && holder(p));
      const next = left.get(pid);
      await until('its socket', () => status(t, p).catch(() => null));
      agree(await settled(t, p, frames), at.live, who(next));
      left.delete(pid);
      process.kill(pid, 'SIGKILL');
      await next.ended;
    }
  });

await run();
