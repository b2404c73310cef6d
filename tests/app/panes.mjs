// Several panes on one collector: viewers, who takes the ports when their owner goes, and how they are handed over.
//
//   node panes.mjs CLAUDE_TOP
import fs from 'node:fs';
import net from 'node:net';
import { spawnSync } from 'node:child_process';
import { assert, request, run, skip, test, until } from '../tools/tap.mjs';

const program = process.argv[2];
const COLS = 100;
const ROWS = 20;

function freePort() {
  return new Promise(f => { const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => f(port)); }); });
}

async function place(t) {
  const [http, grpc] = [await freePort(), await freePort()];
  return { http: `127.0.0.1:${http}`, grpc: `127.0.0.1:${grpc}`, socket: t.path('s.sock'), state: t.path('state') };
}

const settings = (p, more) => ['--http', p.http, '--grpc', p.grpc, '--socket', p.socket, '--state-dir', p.state, ...more];

/** A claude-top on a terminal of its own; out is all that it wrote there. */
async function pane(t, p, ...more) {
  if (spawnSync('script', ['--version']).status !== 0) skip('script(1) is not installed');
  const pidFile = t.path(`pid-${Math.random()}`);
  const words = [program, ...settings(p, more)].map(w => `'${w}'`).join(' ');
  const child = t.start('script', ['-qec', `stty cols ${COLS} rows ${ROWS}; echo $$ >${pidFile}; exec ${words}`, '/dev/null'],
    { TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', TZ: 'UTC' });
  child.says = (words, from = 0) => until(`"${words}"`, () => child.out.slice(from).includes(words) || child.over && assert.fail(`ended: ${child.out}`));
  await child.says('live');
  child.program = Number(fs.readFileSync(pidFile, 'utf8'));
  child.gone = () => { process.kill(child.program, 'SIGKILL'); return child.ended; };
  return child;
}

async function serve(t, p, ...more) {
  const child = t.start(program, ['serve', ...settings(p, more)]);
  await until('the ready line', () => /^ready /m.test(child.out) || child.over);
  assert.match(child.out, /^ready /m, child.err);
  return child;
}

/** Sends one prompt after the other, each until it is taken, as an exporter with retries does. */
function sender(p) {
  const s = { sent: 0, failures: 0, longest: 0, on: true };
  s.done = (async () => {
    while (s.on) {
      const began = Date.now();
      const body = JSON.stringify({ hook_event_name: 'UserPromptSubmit', session_id: `session-${s.sent}`, cwd: '/src/x', prompt: 'hi' });
      for (;;) {
        const r = await request(`http://${p.http}/hooks`, { headers: { 'content-type': 'application/json' }, body }).catch(() => null);
        if (r?.status === 200) break;
        s.failures++;
        assert.ok(Date.now() - began < 15000, 'nobody takes it');
        await new Promise(f => setTimeout(f, 5));
      }
      s.longest = Math.max(s.longest, Date.now() - began);
      s.sent++;
    }
  })();
  s.done.catch(() => {}); /* stop() tells; a test that fails before it still has its children ended */
  s.stop = async () => { s.on = false; await s.done; };
  s.reaches = n => until(`${n} requests`, () => s.sent >= n);
  return s;
}

const status = async p => JSON.parse((await request('http://x/status', { method: 'GET', socketPath: p.socket })).body);
const flow = async p => JSON.parse((await request('http://x/flow', { method: 'GET', socketPath: p.socket })).body);

/* A kill between the journal and the answer makes the sender say it again: once for each kill, and hooks have no id to
   tell by. */
async function nothingIsLost(p, s, kills = 0) {
  const now = await until('the model', async () => { const x = await status(p); return !x.catching_up && x; });
  const ids = new Set(now.sessions.map(x => x.session_id));
  for (let i = 0; i < s.sent; i++) assert.ok(ids.has(`session-${i}`), `session-${i} of ${s.sent} is lost`);
  assert.equal(now.sessions.length, s.sent);
  assert.ok(now.totals.turns >= s.sent && now.totals.turns <= s.sent + kills, `${now.totals.turns} turns of ${s.sent}`);
}

/** Who has the state folder, by its lock. */
const holder = p => Number(fs.readFileSync(`${p.state}/lock`, 'utf8'));

/* What a pane says over the words of another role is written as a whole; over its own, as what differs. */
const receives = x => x.out.includes('this pane receives now');
const attached = x => x.out.includes('attached to the collector');

test('the owner is killed: one of the viewers that were asked to takes over, nothing is lost', async t => {
  const p = await place(t);
  const owner = await pane(t, p);
  const viewers = [await pane(t, p, '--take-over'), await pane(t, p, '--take-over'), await pane(t, p, '--take-over'), await pane(t, p)];
  const s = sender(p);
  await s.reaches(20);
  await owner.gone();
  await s.reaches(60);
  await until('everybody to settle', () => viewers.every(v => receives(v) || attached(v)));
  assert.equal(viewers.filter(receives).length, 1, 'one has the ports');
  assert.ok(s.longest < 5000, `a request took ${s.longest} ms`);
  console.log(`# the longest wait of the sender: ${s.longest} ms`);
  /* And again, from one that took over. */
  const second = viewers.find(receives);
  const others = viewers.filter(v => v !== second);
  const before = others.map(v => v.out.length);
  await second.gone();
  await s.reaches(s.sent + 40);
  await until('everybody to settle', () => others.every((v, i) => /receives now|attached to the/.test(v.out.slice(before[i]))));
  assert.equal(others.filter(receives).length, 1);
  await s.stop();
  await nothingIsLost(p, s, 2);
  const last = (await status(p)).flow.journal.last_seq;
  assert.ok(last >= s.sent && last <= s.sent + 2, `${last} frames of ${s.sent}`);
});

test('the owner quits: the same, also when the journal is in memory', async t => {
  const p = await place(t);
  const owner = await pane(t, p, '--journal', 'memory');
  const viewer = await pane(t, p, '--journal', 'memory', '--take-over');
  const s = sender(p);
  await s.reaches(10);
  const sent = s.sent;
  process.kill(owner.program, 'SIGTERM');
  await owner.ended;
  await viewer.says('this pane receives now');
  await s.reaches(s.sent + 10);
  await s.stop();
  const now = await until('the model', async () => { const x = await status(p); return !x.catching_up && x; });
  assert.ok(now.totals.turns >= s.sent - 1, `${now.totals.turns} of ${s.sent}, ${sent} before the end`);
});

test('without --take-over a viewer says that nobody receives, and attaches to the next collector', async t => {
  const p = await place(t);
  const first = await serve(t, p);
  const viewer = await pane(t, p);
  first.kill('SIGKILL');
  await first.ended;
  await viewer.says('the collector is gone, nothing is received: start claude-top in another pane');
  await viewer.says('no collector');
  await assert.rejects(request(`http://${p.http}/hooks`, { body: '{}' }));
  await serve(t, p);
  await viewer.says('attached to the collector that receives now');
  const from = viewer.out.length;
  const body = JSON.stringify({ hook_event_name: 'UserPromptSubmit', session_id: 's', cwd: '/src/later', prompt: 'hi' });
  await request(`http://${p.http}/hooks`, { headers: { 'content-type': 'application/json' }, body });
  await viewer.says('later', from);
});

test('a collector with another journal is news from its beginning', async t => {
  const p = await place(t);
  const first = await serve(t, p);
  const post = (id, cwd) => request(`http://${p.http}/hooks`, { headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ hook_event_name: 'UserPromptSubmit', session_id: id, cwd, prompt: 'hi' }) });
  for (let i = 0; i < 5; i++) await post(`a${i}`, `/src/first-${i}`);
  const viewer = await pane(t, p);
  await viewer.says('first-4');
  first.kill('SIGKILL');
  await first.ended;
  const second = { ...p, state: t.path('other') };
  await serve(t, second);
  await post('b', '/src/second');
  await viewer.says('second');
});

test('--take-over-now: a pane hands its ports over and goes on as a viewer', async t => {
  const p = await place(t);
  const owner = await pane(t, p);
  const waiting = await pane(t, p, '--take-over');
  const s = sender(p);
  await s.reaches(10);
  const next = await pane(t, p, '--take-over-now');
  await owner.says('another claude-top takes the ports: this pane goes on as a viewer');
  await until('the new owner', () => holder(p) === next.program);
  await owner.says('attached');
  await s.reaches(s.sent + 20);
  await s.stop();
  assert.equal(holder(p), next.program, 'who only waits leaves them to who asked');
  assert.ok(!waiting.over && !owner.over);
  await nothingIsLost(p, s);
  console.log(`# the longest wait of the sender: ${s.longest} ms`);
});

test('serve hands over and ends well', async t => {
  const p = await place(t);
  const owner = await serve(t, p);
  const next = await pane(t, p, '--take-over-now');
  await until('the new owner', () => holder(p) === next.program);
  await owner.ended;
  assert.equal(owner.code, 0, owner.err);
  assert.match(owner.err, /asked for the ports/);
});

test('a viewer knows the flow of its collector', async t => {
  const p = await place(t);
  const upstream = await freePort();
  await serve(t, p, '--upstream-http', `http://127.0.0.1:${upstream}`, '--upstream-backoff-first', '20ms');
  const viewer = await pane(t, p, '--view', 'flow');
  await request(`http://${p.http}/v1/nothing`, { body: '{}' });
  await request(`http://${p.http}/v1/logs`, { headers: { 'content-type': 'application/json' }, body: '{"resourceLogs":[]}' });
  await viewer.says(`127.0.0.1:${upstream}`);
  await viewer.says('down');
  const f = await flow(p);
  assert.equal(f.schema, 1);
  assert.equal(f.flow.refused.path, 1);
  assert.equal(f.listening.http, p.http);
  assert.equal(f.state_dir, p.state);
  assert.equal(f.handing_over, false);
  const out = await t.run(program, ['--socket', p.socket, '--dump', 'grid', '--view', 'flow', '--size', '120x30']);
  assert.equal(out.code, 0, out.err);
  assert.match(out.out, new RegExp(`127.0.0.1:${upstream}`));
  assert.match(out.out, /path/);
});

test('--dump of the running collector is what it knows now', async t => {
  const p = await place(t);
  const dump = () => t.run(program, ['--socket', p.socket, '--dump', 'grid', '--size', '80x24'], { LC_ALL: 'C.UTF-8' });
  let d = await dump();
  assert.equal(d.code, 3);
  assert.match(d.err, /^claude-top: no collector runs at .*\n$/);
  await serve(t, p);
  d = await dump();
  assert.equal(d.code, 0, d.err);
  const body = JSON.stringify({ hook_event_name: 'UserPromptSubmit', session_id: 's', cwd: '/src/shop', prompt: 'hi' });
  await request(`http://${p.http}/hooks`, { headers: { 'content-type': 'application/json' }, body });
  d = await dump();
  assert.match(d.out, /shop/);
});

test('sockets of a service manager are not handed over', async t => {
  const p = await place(t);
  const child = t.start('sh', ['-c', 'LISTEN_PID=$$ LISTEN_FDS=0 exec "$@"', 'sh', program, 'serve', ...settings(p, [])]);
  await until('the ready line', () => /^ready /m.test(child.out));
  const yes = await request('http://x/hand-over', { socketPath: p.socket });
  assert.equal(yes.status, 200);
  await child.ended;
  assert.equal(child.code, 0);
});

await run();
