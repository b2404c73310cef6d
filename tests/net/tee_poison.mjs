// One request that the upstream cannot bear does not block its lane for ever; an upstream that is away loses nothing.
//
//   node tee_poison.mjs TEE_DRIVER
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { Driver, GrpcUpstream, Upstream, grpc, log, message, run, trace } from './tee_upstream.mjs';

const UNPROVED = 1; /* the one that begins it; then poison_after_ms is over */
const SOON = { poison_attempts: 4, poison_after_ms: 1 };
const GIVEN_UP = /^given up: .+, \d+ times in .+, while empty requests were answered$/;

/** Everything but the poison goes, in order; the poison is counted, with words. */
async function poisonHttp() {
  const up = await new Upstream((q, r) => { if (q.body.toString() === 'poison') r.socket.destroy(); else r.end(); }).start();
  const driver = await Driver.start(up.url, '-', SOON);
  const json = ['Content-Type', 'application/json'];
  driver.append(log('a'));
  driver.append(log('poison', { headers: [json, ['Content-Encoding', 'gzip'], ['Authorization', 'Bearer x']] }));
  driver.append(log('b'));
  driver.append(trace('t'));
  const s = await driver.when(stats => stats.forwarded_requests === 3 && stats.rejected === 1 && stats.queued_requests === 0);
  const logs = up.requests.filter(r => r.path === '/v1/logs'), bodies = logs.map(r => r.body.toString());
  const probes = logs.filter(r => r.body.toString() === '{}');
  /* libcurl sends again by itself when the connection is one that it had kept. */
  const sent = bodies.filter(b => b === 'poison').length, least = UNPROVED + SOON.poison_attempts;
  assert.ok(sent >= least, `${sent} times`);
  assert.deepEqual(bodies.filter(b => b !== '{}'), ['a', ...Array(sent).fill('poison'), 'b']);
  assert.equal(probes.length, SOON.poison_attempts, 'each further attempt is preceded by one');
  assert.deepEqual([probes[0].headers['content-type'], probes[0].headers.authorization, probes[0].headers['content-encoding']], ['application/json', 'Bearer x', undefined]);
  assert.match(s.last_refusal, GIVEN_UP);
  assert.deepEqual([s.forwarded_bytes, s.dropped, s.retries], [3, 0, UNPROVED + SOON.poison_attempts - 1], 'probes are in no count');
  assert.deepEqual(up.bodies('/traces'), ['t']);
  await driver.stop();
}

/** Without a grpc-status: the stream is reset, or the connection ends in the middle of the answer. */
async function poisonGrpc(inAnswer) {
  const up = await new GrpcUpstream((q, stream) => {
    if (q.body.subarray(5).toString() !== 'poison') return GrpcUpstream.reply(stream);
    if (!inAnswer) return stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.write(message('').subarray(0, 2), () => stream.session?.destroy());
  }).start();
  const driver = await Driver.start(up.url, '-', { protocol: 'grpc', ...SOON });
  for (const text of ['a', 'poison', 'b']) driver.append(grpc(text));
  driver.append(grpc('t', { signal: 'traces' }));
  const s = await driver.when(stats => stats.forwarded_requests === 3 && stats.rejected === 1 && stats.queued_requests === 0);
  assert.match(s.last_refusal, GIVEN_UP);
  const bodies = up.bodies('Logs');
  assert.deepEqual(bodies.filter(b => b && b !== 'poison'), ['a', 'b']);
  assert.equal(bodies.filter(b => b === '').length, SOON.poison_attempts, 'empty messages before each further attempt');
  await driver.stop();
}

/** As a tunnel does whose other end is away: every connection is taken and closed. Nothing is given up. */
async function acceptsAndCloses() {
  let away = true, asked = 0;
  const up = await new Upstream((q, r) => { if (away) { asked++; r.socket.destroy(); } else r.end(); }).start();
  const driver = await Driver.start(up.url, '-', { poison_attempts: 1, poison_after_ms: 1 });
  for (const text of ['a', 'b', 'c']) driver.append(log(text));
  await up.until(() => asked >= 30);
  let s = await driver.ask();
  assert.deepEqual([s.rejected, s.queued_requests, s.health], [0, 3, 'retrying']);
  assert.equal(up.bodies().filter(b => b === 'a').length, UNPROVED, 'the request itself is spared while nobody answers');
  const before = up.requests.length;
  away = false;
  s = await driver.when(stats => stats.forwarded_requests === 3);
  assert.deepEqual(up.bodies().slice(before).filter(b => b !== '{}'), ['a', 'b', 'c']);
  assert.equal(s.rejected, 0);
  await driver.stop();
}

/** A probe that is told to wait is no proof: the upstream is away, in its own words. */
async function busy() {
  let probes = 0;
  const up = await new Upstream((q, r) => {
    if (q.body.toString() !== '{}') return r.socket.destroy();
    probes++;
    r.writeHead(503);
    return r.end();
  }).start();
  const driver = await Driver.start(up.url, '-', { poison_attempts: 1, poison_after_ms: 1 });
  driver.append(log('a'));
  await up.until(() => probes >= 10);
  const s = await driver.ask();
  assert.deepEqual([s.rejected, s.queued_requests], [0, 1]);
  assert.match(s.last_error, /^HTTP 503, retrying in/);
  await driver.stop();
}

async function notYet() {
  const up = await new Upstream((q, r) => { if (q.body.toString() === 'poison') r.socket.destroy(); else r.end(); }).start();
  for (const settings of [{ poison_attempts: 1, poison_after_ms: 3600000 }, { poison_attempts: 0, poison_after_ms: 1 }]) {
    const before = up.requests.length;
    const driver = await Driver.start(up.url, '-', settings);
    driver.append(log('poison'));
    await up.until(() => up.bodies().slice(before).filter(b => b === 'poison').length >= 12);
    const s = await driver.ask();
    assert.deepEqual([s.rejected, s.queued_requests], [0, 1], JSON.stringify(settings));
    assert.ok(!up.bodies().slice(before).includes('{}'), 'nothing of ours is sent');
    await driver.stop();
  }
}

/** Retention takes the poison while its probe is under way: lost once, and the lane goes on. */
async function retired() {
  const size = 1000;
  let held = null;
  const up = await new Upstream((q, r) => {
    if (q.body.toString().startsWith('poison')) return r.socket.destroy();
    if (q.body.toString() === '{}' && !held) { held = r; return null; }
    return r.end();
  }).start();
  const driver = await Driver.start(up.url, '-', { poison_attempts: 100, poison_after_ms: 1, max_bytes: 20000, segment_bytes: 4000 });
  driver.append(log('poison'.padEnd(size, '.')));
  await up.until(() => held);
  for (let i = 1; i < 60; i++) driver.append(log(`${i}`.padEnd(size, '.')));
  await driver.when(s => s.journal_last === 60 && s.journal_first > 1);
  held.end();
  const s = await driver.when(stats => stats.queued_requests === 0 && stats.forwarded_requests + stats.dropped === 60);
  assert.equal(s.rejected, 0);
  const got = up.bodies().filter(b => b[0] !== 'p' && b[0] !== '{').map(b => parseInt(b, 10));
  assert.equal(got.length, s.forwarded_requests);
  assert.deepEqual(got, [...got].sort((a, b) => a - b));
  await driver.stop();
}

await run([
  ['a request that breaks the connection each time is given up, by HTTP', poisonHttp],
  ['the same by gRPC, whose stream is reset', () => poisonGrpc(false)],
  ['the same by gRPC, whose answer breaks off', () => poisonGrpc(true)],
  ['an upstream that takes connections and closes them is away', acceptsAndCloses],
  ['an upstream that tells probes to wait is away', busy],
  ['not before its time, and not at all where that is switched off', notYet],
  ['retention takes it while it is asked about', retired],
]);
