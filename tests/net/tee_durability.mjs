// The tee's contract, row by row: kills, restarts, retention, blocked signals, damage. (tee.mjs: requests and answers.)
//
//   node tee_durability.mjs TEE_DRIVER
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Driver, Upstream, grpc, heldPort, log, metric, range, run, temp, trace } from './tee_upstream.mjs';

/** Killed at some moment, again and again: everything arrives, in order but for what is sent twice. */
async function killed() {
  const up = await new Upstream((q, r) => setImmediate(() => r.end())).start();
  const dir = temp(), total = 400;
  let driver = await Driver.start(up.url, dir);
  for (let i = 0; i < total; i++) driver.append((i % 2 ? log : trace)(`${i}`));
  await driver.ask(); /* every append is acknowledged */
  for (const enough of [60, 160, 260]) {
    await up.until(() => up.requests.length >= enough);
    await driver.kill();
    driver = await Driver.start(up.url, dir);
  }
  await driver.when(s => s.queued_requests === 0 && s.journal_last === total && new Set(up.bodies()).size === total);
  for (const [of, odd] of [['/logs', 1], ['/traces', 0]]) {
    const seen = up.bodies(of).map(Number);
    const news = seen.filter((n, i) => seen.indexOf(n) === i);
    assert.deepEqual(news, range(total / 2, i => 2 * i + odd), `${of}: each one, first arrivals in order`);
  }
  const before = up.requests.length;
  const nothingAgain = async words => {
    driver = await Driver.start(up.url, dir);
    const s = await driver.idle();
    assert.deepEqual([s.forwarded_requests, s.queued_requests, up.requests.length], [0, 0, before], words);
  };
  await driver.idle(); /* the cursor is saved */
  await driver.kill();
  await nothingAgain('what was taken and saved is not sent again after a kill');
  await driver.stop();
  await nothingAgain('nor after a clean end');
  await driver.stop();
}

async function lostCursor() {
  const up = await new Upstream().start();
  const dir = temp();
  let driver = await Driver.start(up.url, dir);
  for (let i = 0; i < 5; i++) driver.append(log(`${i}`));
  await driver.when(s => s.forwarded_requests === 5);
  await driver.stop();
  const cursors = fs.readdirSync(dir).filter(f => f.endsWith('.cursor'));
  assert.deepEqual(cursors.sort(), ['test-grpc.cursor', 'test-http.cursor'], 'one for each transport, named after the tee');
  for (const c of cursors) fs.writeFileSync(path.join(dir, c), 'garbage');
  driver = await Driver.start(up.url, dir);
  await driver.when(s => s.forwarded_requests === 5);
  assert.deepEqual(up.bodies(), [...range(5, String), ...range(5, String)], 'twice, never zero times');
  await driver.stop();
}

/** A destination that was never there before begins where it is told; a kill does not make it new again. */
async function newDestination() {
  const up = await new Upstream().start(), gone = `http://127.0.0.1:${await heldPort()}`, dir = temp();
  let driver = await Driver.start(gone, dir);
  for (let i = 0; i < 3; i++) driver.append(log(`old ${i}`));
  await driver.when(s => s.queued_requests === 3);
  await driver.stop();
  const forget = () => { for (const f of fs.readdirSync(dir).filter(f => f.endsWith('.cursor'))) fs.rmSync(path.join(dir, f)); };
  forget();
  driver = await Driver.start(gone, dir, { from: 'now' });
  assert.equal((await driver.ask()).queued_requests, 0);
  driver.append(log('new'));
  driver.append(grpc('by gRPC'));
  await driver.when(s => s.queued_requests === 2);
  await driver.kill();
  driver = await Driver.start(up.url, dir, { from: 'now' });
  await driver.when(s => s.forwarded_requests === 2);
  assert.deepEqual(up.bodies(), ['new', 'by gRPC'], 'what came after its first start, and nothing before');
  await driver.stop();
  forget();
  driver = await Driver.start(up.url, dir, { from: 'oldest' });
  await driver.when(s => s.forwarded_requests === 5);
  await driver.stop();
  /* The position of what is held begins there too. */
  forget();
  driver = await Driver.start(up.url, dir, { from: 'now', other: 'hold' });
  driver.append(grpc('held'));
  await driver.when(s => s.held_requests === 1);
  await driver.stop();
}

/** Signals that the destination does not take are nothing to it, in every count; one that comes back begins then. */
async function someSignals() {
  const up = await new Upstream().start(), dir = temp();
  const LOGS = 1 << 3, TRACES = 1 << 1, settings = { segment_bytes: 4000, max_bytes: 20000 };
  let driver = await Driver.start(up.url, dir, { ...settings, signals: LOGS });
  for (let i = 0; i < 100; i++) for (const f of [log, trace]) driver.append(f(`${i}`.padEnd(500, '.')));
  let s = await driver.when(stats => stats.journal_last === 200 && stats.forwarded_requests + stats.dropped === 100 && stats.journal_first > 1);
  assert.deepEqual([s.queued_requests, s.held_requests, up.bodies('/traces').length], [0, 0, 0]);
  assert.equal(up.bodies('/logs').length, s.forwarded_requests);
  await driver.idle();
  await driver.stop();
  const before = up.requests.length;
  driver = await Driver.start(up.url, dir, { ...settings, signals: LOGS | TRACES });
  driver.append(trace('now'));
  s = await driver.when(stats => stats.forwarded_requests === 1);
  assert.deepEqual(up.requests.slice(before).map(r => r.body.toString()), ['now']);
  assert.deepEqual([s.queued_requests, s.dropped], [0, 0]);
  await driver.idle();
  await driver.stop();
}

/** Frames that retention takes: each is either received or counted, never both, and the counts add up. */
async function retention(dir) {
  const total = 120, size = 1000;
  const body = i => `${i}`.padEnd(size, '.');
  const number = b => parseInt(b, 10);
  let held = null, refuse = false;
  const up = await new Upstream((q, r, n) => {
    if (n === 1) { held = r; return; }
    r.writeHead(refuse ? 503 : 200);
    r.end();
  }).start();
  const driver = await Driver.start(up.url, dir, { max_bytes: 40000, segment_bytes: 8000 });
  driver.append(log(body(0)));
  await up.until(() => held);
  for (let i = 1; i < total; i++) driver.append((i % 3 === 2 ? trace : log)(body(i)));
  /* Traces flow meanwhile; log 0 is in flight, though its segment is long gone. */
  let s = await driver.when(stats => stats.journal_last === total && up.bodies('/traces').length + stats.dropped > 0);
  await driver.until(() => driver.stats.queued_requests + driver.stats.forwarded_requests + driver.stats.dropped === total,
    () => JSON.stringify(driver.stats));
  s = await driver.ask();
  assert.ok(s.journal_first > 1 && s.dropped > 0, JSON.stringify(s));
  held.writeHead(200);
  held.end();
  s = await driver.when(stats => stats.queued_requests === 0);
  assert.equal(s.forwarded_requests + s.dropped, total, 'each one once');
  const got = up.bodies().map(number);
  assert.equal(new Set(got).size, got.length);
  assert.equal(got.length, s.forwarded_requests, 'the one in flight was not counted as lost');
  assert.equal(s.forwarded_bytes, got.length * size);
  assert.deepEqual([s.queued_bytes, s.queued_oldest_wall_ns, s.health], [0, 0, 'ok']);
  await driver.stop();
}

/** The frame in flight is taken by retention and its attempt fails: lost, once. */
async function retentionInFlightFails() {
  const size = 1000, total = 60;
  let held = null;
  const up = await new Upstream((q, r, n) => { if (n === 1) held = r; else r.end(); }).start();
  const driver = await Driver.start(up.url, temp(), { max_bytes: 20000, segment_bytes: 4000 });
  driver.append(log('0'.padEnd(size, '.')));
  await up.until(() => held);
  for (let i = 1; i < total; i++) driver.append(log(`${i}`.padEnd(size, '.')));
  let s = await driver.when(stats => stats.journal_last === total && stats.queued_requests + stats.dropped === total && stats.dropped > 0);
  const before = (await driver.ask()).dropped;
  held.writeHead(503);
  held.end();
  s = await driver.when(stats => stats.queued_requests === 0);
  assert.equal(s.dropped, before + 1);
  assert.equal(s.forwarded_requests + s.dropped, total);
  const got = up.bodies().map(b => parseInt(b, 10));
  assert.deepEqual(got, [0, ...range(s.forwarded_requests, i => total - s.forwarded_requests + i)], 'the newest are left, in order');
  await driver.stop();
}

/** What is waiting for a retry goes with its segment; what is left is exactly what the journal still holds. */
async function retentionWhileAway() {
  const total = 200;
  const port = await heldPort();
  const dir = temp();
  let driver = await Driver.start(`http://127.0.0.1:${port}`, dir, { max_bytes: 20000, segment_bytes: 4000 });
  for (let i = 0; i < total; i++) {
    driver.append(log(`${i}`.padEnd(500, '.')));
    driver.append(log('{}', { source: 'hook', path: '/hooks' }));
  }
  /* Every odd number is a log. One that is in flight when it goes is counted when its attempt has failed. */
  const s = await driver.when(stats => stats.journal_last === 2 * total
    && stats.queued_requests === total - Math.floor(stats.journal_first / 2));
  const left = total - s.dropped;
  assert.deepEqual([s.queued_requests, s.queued_bytes], [left, 500 * left]);
  await driver.stop();
  const up = await new Upstream().start(port);
  driver = await Driver.start(up.url, dir, { max_bytes: 20000, segment_bytes: 4000 });
  await driver.when(stats => stats.forwarded_requests === left);
  assert.deepEqual(up.bodies().map(b => parseInt(b, 10)), range(left, i => total - left + i));
  await driver.stop();
}

async function blockedLane() {
  let blocked = true;
  const up = await new Upstream((q, r) => { r.writeHead(blocked && q.path === '/v1/logs' ? 503 : 200); r.end(); }).start();
  const dir = temp();
  let driver = await Driver.start(up.url, dir);
  for (let i = 0; i < 50; i++) for (const f of [log, trace, metric]) driver.append(f(`${i}`));
  let s = await driver.when(stats => stats.forwarded_requests === 100 && stats.queued_requests === 50);
  assert.equal(s.health, 'retrying');
  assert.match(s.last_error, /^HTTP 503, retrying in/);
  await driver.stop();
  const seen = up.requests.length;
  driver = await Driver.start(up.url, dir);
  driver.append(trace('50'));
  await driver.when(stats => stats.forwarded_requests === 1 && stats.queued_requests === 50);
  assert.deepEqual(up.requests.slice(seen).filter(r => r.path !== '/v1/logs').map(r => r.body.toString()), ['50'],
    'each lane goes on from its own place');
  blocked = false;
  s = await driver.when(stats => stats.queued_requests === 0);
  const taken = up.bodies('/logs').slice(-50);
  assert.deepEqual(taken.map(Number), range(50, i => i), 'drained in order');
  await driver.stop();
}

async function backlog() {
  const total = 3000, dir = temp();
  const port = await heldPort();
  const away = { backoff_first_ms: 20000, backoff_max_ms: 20000 };
  let driver = await Driver.start(`http://127.0.0.1:${port}`, dir, away);
  for (let i = 0; i < total; i++) driver.append(i % 10 ? log('hook', { source: 'hook', path: '/hooks' }) : metric('m'.repeat(i % 7)));
  const before = await driver.when(stats => stats.queued_requests === total / 10 && stats.journal_last === total);
  await driver.stop();
  driver = await Driver.start(`http://127.0.0.1:${port}`, dir, away);
  const s = await driver.when(stats => stats.queued_requests === total / 10 && stats.health === 'retrying');
  assert.deepEqual([s.queued_bytes, s.queued_oldest_wall_ns], [before.queued_bytes, before.queued_oldest_wall_ns]);
  assert.equal(s.queued_bytes, range(total / 10, i => (10 * i) % 7).reduce((a, b) => a + b));
  assert.equal(s.last_error, 'connection refused, retrying in 20 s');
  await driver.stop(1000);
}

async function damagedFrame() {
  const up = await new Upstream().start();
  const dir = temp();
  const port = await heldPort();
  let driver = await Driver.start(`http://127.0.0.1:${port}`, dir);
  for (let i = 0; i < 9; i++) driver.append(log(`marker-${i}-`.padEnd(200, 'x')));
  await driver.when(s => s.queued_requests === 9);
  await driver.stop();
  let hit = 0;
  for (const name of fs.readdirSync(dir)) {
    const bytes = fs.readFileSync(path.join(dir, name)), at = bytes.indexOf('marker-4-');
    if (at < 0) continue;
    bytes[at] ^= 1;
    fs.writeFileSync(path.join(dir, name), bytes);
    hit++;
  }
  assert.equal(hit, 1);
  driver = await Driver.start(up.url, dir);
  const s = await driver.when(stats => stats.forwarded_requests === 8 && stats.dropped === 1);
  assert.equal(s.queued_requests, 0);
  assert.deepEqual(up.bodies().map(b => b[7]), [...'01235678']);
  await driver.stop();
}

/** What the disk does not take is forwarded from memory, now and after the upstream was away. */
async function fullDisk() {
  const port = await heldPort();
  const driver = await Driver.start(`http://127.0.0.1:${port}`, temp(), { file_bytes_max: 5000 });
  for (let i = 0; i < 30; i++) driver.append(log(`${i}`.padEnd(500, '.')));
  await driver.when(s => s.queued_requests === 30 && s.health === 'retrying');
  const up = await new Upstream().start(port);
  await driver.when(s => s.forwarded_requests === 30);
  for (let i = 30; i < 40; i++) driver.append(log(`${i}`.padEnd(500, '.')));
  const s = await driver.when(stats => stats.forwarded_requests === 40);
  assert.deepEqual(up.bodies().map(b => parseInt(b, 10)), range(40, i => i));
  assert.equal(s.dropped, 0);
  await driver.stop();
}

async function cursorNotSaved() {
  const up = await new Upstream().start();
  const driver = await Driver.start(up.url, temp(), { file_bytes_max: 16 });
  driver.append(log('x'));
  await driver.when(s => s.forwarded_requests === 1 && s.cursor_failures === 2); /* the first place, and the next */
  await driver.stop();
}

async function stopDrains() {
  const up = await new Upstream((q, r) => setTimeout(() => r.end(), 10)).start();
  const dir = temp();
  let driver = await Driver.start(up.url, dir);
  for (let i = 0; i < 10; i++) driver.append(log(`${i}`));
  const s = await driver.stop(60000);
  assert.deepEqual([s.forwarded_requests, s.queued_requests], [10, 0]);
  await up.stop();
  /* Whoever is away for longer than the grace is not waited for. */
  driver = await Driver.start(up.url, dir, { backoff_first_ms: 120000, backoff_max_ms: 120000 });
  driver.append(log('later'));
  await driver.when(stats => stats.health === 'retrying');
  const from = performance.now();
  await driver.stop(50000);
  assert.ok(performance.now() - from < 50000);
}

async function stopCancels() {
  let held = false;
  const up = await new Upstream(() => { held = true; }).start();
  const dir = temp();
  let driver = await Driver.start(up.url, dir);
  driver.append(log('in flight'));
  await up.until(() => held);
  const s = await driver.stop(50);
  assert.deepEqual([s.forwarded_requests, s.queued_requests, s.dropped], [0, 1, 0]);
  up.answer = (q, r) => r.end();
  driver = await Driver.start(up.url, dir);
  await driver.when(stats => stats.forwarded_requests === 1);
  await driver.stop();
}

async function sleeps() {
  const up = await new Upstream().start();
  const driver = await Driver.start(up.url, temp());
  const first = await driver.idle();
  assert.deepEqual([first.health, first.last_error], ['idle', '']);
  for (const f of [log, trace, metric]) driver.append(f('x'));
  await driver.when(s => s.forwarded_requests === 3);
  const one = await driver.idle(), two = await driver.ask();
  assert.equal(two.changes, one.changes, 'nothing happens when nothing happens');
  await driver.stop();
}

await run([
  ['killed at any instant: everything arrives', killed],
  ['a lost cursor sends twice, never zero times', lostCursor],
  ['a new destination begins where it is told, once', newDestination],
  ['signals that a destination does not take are nothing to it', someSignals],
  ['retention on disk: each loss is counted', () => retention(temp())],
  ['retention in memory: each loss is counted', () => retention('-')],
  ['retention takes what is in flight, and the attempt fails', retentionInFlightFails],
  ['retention while the upstream is away', retentionWhileAway],
  ['a blocked signal does not stop the others', blockedLane],
  ['a backlog is counted exactly after a start', backlog],
  ['a damaged frame is counted, the others go', damagedFrame],
  ['a full disk: forwarded from memory', fullDisk],
  ['a cursor that cannot be saved is counted', cursorNotSaved],
  ['stopping drains within the grace', stopDrains],
  ['stopping cancels what takes longer, and it is sent next time', stopCancels],
  ['the loop sleeps when nothing is queued', sleeps],
]);
