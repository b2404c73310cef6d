// The tee's contract, row by row: what is sent, and what is made of every answer. (tee_durability.mjs: what is kept.)
//
//   node tee.mjs TEE_DRIVER
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { Driver, Sink, Upstream, captured, heldPort, log, metric, range, run, sha256, temp, trace } from './tee_upstream.mjs';

const reply = (code, headers = {}, body = '') => (q, r) => { r.writeHead(code, headers); r.end(body); };
const json = { 'content-type': 'application/json' };

async function identical() {
  const sink = await Sink.start();
  const driver = await Driver.start(sink.url, temp(), { other: 'pass' });
  const all = captured();
  const sent = all.filter(f => f.source === 'http');
  assert.ok(sent.length > 200 && all.length > sent.length, 'captures of both transports are there');
  for (const f of all) driver.append(f);
  const bodies = sent.map(f => fs.readFileSync(f.file));
  const bytes = bodies.reduce((n, b) => n + b.length, 0);
  await driver.when(s => s.forwarded_requests === sent.length);
  const received = sink.received();
  assert.equal(received.length, sent.length);
  for (const signal of ['/v1/traces', '/v1/metrics', '/v1/logs']) {
    const want = sent.flatMap((f, i) => f.path === signal ? [{ sha256: sha256(bodies[i]), headers: Object.fromEntries(f.headers) }] : []);
    const got = received.filter(r => r.path === signal).map(({ sha256, headers: { host, 'content-length': length, ...headers }, bytes }) => {
      assert.equal(Number(length), bytes);
      assert.equal(host, new URL(sink.url).host);
      return { sha256, headers };
    });
    assert.deepEqual(got, want, `${signal}: bodies, headers and order`);
  }
  const s = await driver.idle();
  assert.equal(s.forwarded_bytes, bytes);
  assert.deepEqual([s.health, s.last_error, s.last_status, s.queued_requests, s.queued_bytes, s.queued_oldest_wall_ns, s.rejected, s.retries],
    ['ok', '', 200, 0, 0, 0, 0, 0]);
  await driver.stop(1000);
}

async function endToEndHeaders() {
  const up = await new Upstream().start();
  const driver = await Driver.start(`${up.url}/otlp/base/?tenant=a`, '-');
  const kept = [['Content-Type', 'application/x-protobuf; v=1'], ['content-encoding', 'gzip'], ['User-Agent', 'OTel/1 (x; y)'],
    ['AUTHORIZATION', 'Bearer s3cret=='], ['X-Scope-OrgID', '7'], ['x-twice', 'one'], ['x-twice', 'two'], ['X-Empty', ''],
    ['X-Long', 'v'.repeat(8000)], ['X-Semi', 'a; b: c;'], ['Accept', 'application/x-protobuf'], ['Cookie', 'a=b']];
  const perHop = [['Connection', 'x-gone'], ['Keep-Alive', 'timeout=5'], ['Transfer-Encoding', 'chunked'], ['TE', 'trailers'],
    ['Trailer', 'x'], ['Upgrade', 'h2c'], ['Proxy-Authorization', 'Basic x'], ['Host', 'evil'], ['Content-Length', '1']];
  driver.append({ path: '/v1/traces', headers: [...kept, ...perHop], text: 'body' });
  driver.append({ path: '/v1/logs', headers: [], text: '' });
  const big = path.join(temp(), 'big'), bytes = Buffer.alloc(3 << 20, 'big');
  fs.writeFileSync(big, bytes);
  driver.append({ path: '/v1/metrics', headers: [], file: big });
  await driver.when(s => s.forwarded_requests === 3);
  const own = ['Host', 'Content-Length'];
  const [full, bare] = ['/traces', '/logs'].map(p => up.requests.find(r => r.path.includes(p)));
  assert.equal(full.path, '/otlp/base/v1/traces?tenant=a');
  assert.deepEqual([full.method, full.version, full.body.toString()], ['POST', '1.1', 'body']);
  assert.deepEqual(full.raw.filter(([n]) => !own.includes(n)), kept);
  assert.deepEqual(full.raw.filter(([n]) => own.includes(n)), [['Host', `127.0.0.1:${up.port}`], ['Content-Length', '4']]);
  assert.deepEqual(bare.raw, [['Host', `127.0.0.1:${up.port}`], ['Content-Length', '0']], 'nothing is added to a bare request');
  const large = up.requests.find(r => r.path.includes('/metrics'));
  assert.deepEqual(large.raw, [['Host', `127.0.0.1:${up.port}`], ['Content-Length', `${bytes.length}`]], 'nor to a large one');
  assert.ok(large.body.equals(bytes));
  await driver.stop();
}

async function passedOver() {
  const up = await new Upstream().start();
  const driver = await Driver.start(up.url, '-', { other: 'pass' });
  driver.append(log('{"hook":1}', { source: 'hook', path: '/hooks' }));
  driver.append(log('\0\0\0\0\0', { source: 'grpc', path: '/opentelemetry.proto.collector.logs.v1.LogsService/Export' }));
  driver.append(log('profile', { path: '/v1development/profiles' }));
  driver.append(log('other', { path: '/v2/logs' }));
  const s = await driver.when(stats => stats.forwarded_requests === 1);
  assert.equal(s.queued_requests, 0);
  assert.deepEqual(up.requests.map(r => [r.path, r.body.toString()]), [['/v1development/profiles', 'profile']]);
  await driver.stop();
}

async function keepAlive() {
  const up = await new Upstream().start();
  const driver = await Driver.start(up.url, '-');
  for (let i = 0; i < 20; i++) for (const f of [log, trace, metric]) driver.append(f(`${i}`));
  await driver.when(s => s.forwarded_requests === 60);
  assert.ok(up.connections <= 3, `${up.connections} connections for three lanes`);
  /* A connection that the upstream closed while it was idle costs nothing. */
  for (const s of up.sockets) s.destroy();
  driver.append(log('again'));
  const s = await driver.when(stats => stats.forwarded_requests === 61);
  assert.equal(s.rejected + s.dropped, 0);
  await driver.stop();
}

async function refusedForGood() {
  const sink = await Sink.start();
  await sink.mode('400');
  const driver = await Driver.start(sink.url, '-');
  driver.append(log('{"bad":1}'));
  let s = await driver.when(stats => stats.rejected === 1);
  assert.deepEqual([s.health, s.last_status, s.last_error, s.retries, s.queued_requests, s.forwarded_requests],
    ['rejecting', 400, 'HTTP 400: refused by test sink', 0, 0, 0]);
  assert.equal(s.journal_first, 1, 'the frame stays in the journal');
  await sink.mode('ok');
  driver.append(log('{"good":1}'));
  s = await driver.when(stats => stats.forwarded_requests === 1);
  assert.deepEqual([s.health, s.last_error], ['ok', '']);
  assert.deepEqual(sink.received().map(r => r.mode), ['400', 'ok'], 'never sent again');
  await driver.stop();
}

async function statuses() {
  const plan = new Map([[500, 1], [404, 1], [408, 1], [413, 1], [302, 1], [501, 1], [429, 2], [502, 2], [503, 2], [504, 2]]);
  const seen = new Map();
  const up = await new Upstream((q, r) => {
    const code = Number(q.body), n = (seen.get(code) ?? 0) + 1;
    seen.set(code, n);
    r.writeHead(n === 1 ? code : 200, { location: '/elsewhere' });
    r.end();
  }).start();
  const driver = await Driver.start(up.url, '-');
  for (const code of plan.keys()) driver.append(metric(String(code)));
  const s = await driver.when(stats => stats.rejected === 6 && stats.forwarded_requests === 4);
  assert.deepEqual(seen, plan);
  assert.equal(s.retries, 4);
  await driver.stop();
}

async function messagesAreClean() {
  const status = Buffer.concat([Buffer.from([0x08, 3, 0x12, 9]), Buffer.from('no\x1b[31m\n!')]);
  const up = await new Upstream((q, r) => {
    if (q.path === '/v1/traces') return reply(400, { 'content-type': 'application/x-protobuf' }, status)(q, r);
    if (q.path === '/v1/metrics') return reply(404, { 'content-type': 'text/plain; charset=utf-8' }, '404 page not found\nmore')(q, r);
    return reply(400, { 'content-type': 'text/html' }, '<html><body>no</body></html>')(q, r);
  }).start();
  const driver = await Driver.start(up.url, '-');
  driver.append(trace('x'));
  let s = await driver.when(stats => stats.rejected === 1);
  assert.match(s.last_error, /^HTTP 400: no/);
  assert.doesNotMatch(s.last_error, /[\x00-\x1f\x7f]/);
  driver.append(metric('x'));
  s = await driver.when(stats => stats.rejected === 2);
  assert.equal(s.last_error, 'HTTP 404: 404 page not found');
  driver.append(log('x'));
  s = await driver.when(stats => stats.rejected === 3);
  assert.equal(s.last_error, 'HTTP 400');
  await driver.stop();
}

async function retryAfterSeconds() {
  const sink = await Sink.start();
  await sink.mode('429:1');
  const driver = await Driver.start(sink.url, '-');
  driver.append(log('{}'));
  const s = await driver.when(stats => stats.health === 'retrying');
  assert.equal(s.last_error, 'HTTP 429: refused by test sink, retrying in 1 s');
  assert.ok(s.next_retry_ms > 500 && s.next_retry_ms <= 1000, `waits ${s.next_retry_ms} ms`);
  await sink.mode('ok');
  await driver.when(stats => stats.forwarded_requests === 1);
  const [first, second] = sink.received();
  assert.ok(second.t - first.t >= 0.995, `came back after ${second.t - first.t} s`);
  assert.equal(second.sha256, first.sha256);
  await driver.stop();
}

async function retryAfterDateAndCap() {
  const up = await new Upstream((q, r, n) => {
    if (n > 2) return r.end();
    const after = n === 1 ? new Date(Date.now() + 1999).toUTCString() : '86400';
    r.writeHead(503, { 'retry-after': after });
    r.end();
  }).start();
  const driver = await Driver.start(up.url, '-', { retry_after_max_ms: 400 });
  driver.append(log('x'));
  const s = await driver.when(stats => stats.forwarded_requests === 1);
  assert.equal(s.retries, 2);
  const waits = [1, 2].map(i => up.requests[i].at - up.requests[i - 1].at);
  for (const w of waits) assert.ok(w >= 395, `${w} ms: the cap, not the date, a day, or the backoff of 50 ms`);
  await driver.stop();
}

async function unavailable() {
  const sink = await Sink.start();
  await sink.mode('503');
  const driver = await Driver.start(sink.url, temp());
  for (let i = 0; i < 10; i++) driver.append(log(`${i}`));
  let s = await driver.when(stats => stats.queued_requests === 10 && stats.retries >= 2);
  assert.match(s.last_error, /^HTTP 503: refused by test sink, retrying in \d+ ms$/);
  assert.ok(s.queued_oldest_wall_ns > 0);
  assert.equal(s.queued_bytes, 10);
  await sink.mode('ok');
  s = await driver.when(stats => stats.queued_requests === 0 && stats.forwarded_requests === 10);
  assert.equal(s.health, 'ok');
  assert.deepEqual(sink.received().filter(r => r.mode === 'ok').map(r => r.sha256), range(10, i => sha256(`${i}`)), 'drained in order');
  await driver.stop();
}

async function hanging() {
  const sink = await Sink.start();
  await sink.mode('hang');
  const driver = await Driver.start(sink.url, '-', { request_timeout_ms: 250 });
  driver.append(trace('a'));
  const s = await driver.when(stats => stats.health === 'retrying');
  assert.match(s.last_error, /^no answer within 250 ms, retrying in/);
  await sink.mode('ok');
  await driver.when(stats => stats.forwarded_requests === 1);
  await driver.stop();
}

async function reset() {
  const sink = await Sink.start();
  await sink.mode('reset');
  const driver = await Driver.start(sink.url, '-');
  driver.append(trace('a'));
  const s = await driver.when(stats => stats.retries >= 1);
  assert.match(s.last_error, /^connection (closed without an answer|lost), retrying in/);
  await sink.mode('ok');
  await driver.when(stats => stats.forwarded_requests === 1);
  await driver.stop();
}

async function slow() {
  const sink = await Sink.start();
  await sink.mode('slow:250');
  const driver = await Driver.start(sink.url, '-');
  for (let i = 0; i < 3; i++) driver.append(log(`${i}`));
  await driver.when(stats => stats.forwarded_requests === 3);
  const got = sink.received();
  assert.deepEqual(got.map(r => r.sha256), range(3, i => sha256(`${i}`)));
  for (let i = 1; i < 3; i++) assert.ok(got[i].t - got[i - 1].t >= 0.245, 'one request in flight per signal');
  await driver.stop();
}

async function heldUp() {
  const held = [];
  const up = await new Upstream((q, r) => held.push(r)).start();
  const driver = await Driver.start(up.url, '-');
  driver.append(log('0'));
  await up.until(() => held.length === 1);
  for (let i = 1; i < 10; i++) driver.append(log(`${i}`));
  const s = await driver.ask();
  assert.deepEqual([s.journal_last, s.forwarded_requests], [10, 0], 'all are appended while the first is in flight');
  driver.append(trace('x'));
  await up.until(() => held.length === 2);
  assert.deepEqual(up.requests.map(r => r.path), ['/v1/logs', '/v1/traces'], 'one in flight per signal');
  up.answer = (q, r) => r.end();
  for (const r of held) r.end();
  await driver.when(stats => stats.forwarded_requests === 11);
  assert.deepEqual(up.bodies('/logs'), range(10, String));
  await driver.stop();
}

async function partialSuccess() {
  const sink = await Sink.start();
  await sink.mode('partial');
  const driver = await Driver.start(sink.url, '-');
  driver.append(log('{}'));
  let s = await driver.when(stats => stats.partial_successes === 1);
  assert.deepEqual([s.health, s.forwarded_requests, s.rejected_records, s.retries, s.last_error],
    ['ok', 1, 1, 0, 'partial success, 1 rejected: one refused']);
  driver.append({ path: '/v1/logs', headers: [['content-type', 'application/x-protobuf']], text: '' });
  s = await driver.when(stats => stats.partial_successes === 2);
  assert.deepEqual([s.forwarded_requests, s.rejected_records, s.last_error], [2, 2, 'partial success, 1 rejected']);
  await sink.mode('ok');
  driver.append(log('{}'));
  s = await driver.when(stats => stats.forwarded_requests === 3);
  assert.equal(s.last_error, '');
  await driver.stop();
}

async function compressedAnswer() {
  const answer = zlib.gzipSync('{"partialSuccess":{"rejectedLogRecords":"4"}}');
  const up = await new Upstream(reply(200, { ...json, 'content-encoding': 'gzip' }, answer)).start();
  const driver = await Driver.start(up.url, '-');
  driver.append(log('{}', { headers: [['accept-encoding', 'gzip, deflate']] }));
  const s = await driver.when(stats => stats.forwarded_requests === 1);
  assert.equal(s.rejected_records, 4);
  assert.deepEqual(up.requests[0].raw.filter(([name]) => /accept/i.test(name)), [['accept-encoding', 'gzip, deflate']]);
  await driver.stop();
}

async function cappedAnswer() {
  const endless = (code) => (q, r) => {
    r.writeHead(code, json);
    const more = () => { while (!r.destroyed && r.write(Buffer.alloc(65536, 'x'))); };
    r.on('drain', more);
    more();
  };
  const up = await new Upstream((q, r, n) => (n === 1 ? endless(503) : endless(200))(q, r)).start();
  const driver = await Driver.start(up.url, '-', { response_bytes_max: 100000 });
  driver.append(log('{}'));
  const s = await driver.when(stats => stats.forwarded_requests === 1);
  assert.deepEqual([s.retries, s.last_error], [1, 'HTTP 200, but the answer could not be read']);
  assert.equal(up.requests.length, 2, 'what was taken is not sent again');
  await driver.stop();
}

async function brokenAnswer() {
  const up = await new Upstream((q, r, n) => {
    if (n === 1) return q.path && r.socket.end('SSH-2.0-OpenSSH_9\r\n');
    r.socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{"par');
  }).start();
  const driver = await Driver.start(up.url, '-');
  driver.append(log('{}'));
  const s = await driver.when(stats => stats.forwarded_requests === 1);
  assert.equal(s.retries, 1, 'no status: again; a status whose body broke off: not again');
  await driver.stop();
}

async function awayAndBack() {
  const port = await heldPort();
  const driver = await Driver.start(`http://127.0.0.1:${port}`, temp());
  for (let i = 0; i < 20; i++) for (const f of [log, trace]) driver.append(f(`${i}`));
  const s = await driver.when(stats => stats.queued_requests === 40 && stats.retries >= 4);
  assert.match(s.last_error, /^connection refused, retrying in \d+ ms$/);
  assert.equal(s.forwarded_requests, 0);
  const up = await new Upstream().start(port);
  await driver.when(stats => stats.queued_requests === 0 && stats.forwarded_requests === 40);
  await up.stop();
  for (let i = 20; i < 30; i++) driver.append(log(`${i}`));
  await driver.when(stats => stats.queued_requests === 10 && stats.health === 'retrying');
  await up.start(port);
  await driver.when(stats => stats.queued_requests === 0);
  assert.deepEqual(up.bodies('/logs'), range(30, String), 'in order, once each');
  assert.deepEqual(up.bodies('/traces'), range(20, String));
  await driver.stop();
}

async function notHttps() {
  const up = await new Upstream().start();
  const driver = await Driver.start(up.url.replace('http:', 'https:'), '-');
  driver.append(log('x'));
  const s = await driver.when(stats => stats.retries >= 1);
  assert.equal(s.health, 'retrying');
  assert.match(s.last_error, /., retrying in/);
  assert.equal(up.requests.length, 0);
  await driver.stop();
}

async function unsendableHeader() {
  const up = await new Upstream().start();
  const driver = await Driver.start(up.url, '-');
  for (const bad of [['X-A', 'a\r\nX-Injected: 1'], ['X-B\nX-Injected', '1'], ['', 'x'], ['X:C', 'x'], ['X;D', '']])
    driver.append(log('bad', { headers: [bad] }));
  driver.append(log('good'));
  const s = await driver.when(stats => stats.forwarded_requests === 1);
  assert.equal(s.rejected, 5);
  assert.deepEqual(up.bodies(), ['good']);
  await driver.stop();
}

await run([
  ['rule 18: every captured HTTP request leaves as it came, in order', identical],
  ['rule 18: end-to-end headers only, nothing added', endToEndHeaders],
  ['hooks, gRPC and unknown paths are passed over, profiles are not', passedOver],
  ['connections are kept and replaced', keepAlive],
  ['rule 15: a refusal is not retried, counted and shown', refusedForGood],
  ['rule 15: which statuses are retried', statuses],
  ['messages of upstreams are cleaned', messagesAreClean],
  ['rule 16: Retry-After in seconds wins', retryAfterSeconds],
  ['rule 16: Retry-After as a date, and capped', retryAfterDateAndCap],
  ['503: waits, then drains in order', unavailable],
  ['a hanging upstream is a failure after the timeout', hanging],
  ['a reset connection is retried', reset],
  ['a slow upstream gets one request at a time per signal', slow],
  ['rule 17: an upstream that does not answer holds nobody up', heldUp],
  ['rule 5: partial successes are counted and shown, not retried', partialSuccess],
  ['a compressed answer is read', compressedAnswer],
  ['rule 16: reading an answer is capped', cappedAnswer],
  ['answers that break off', brokenAnswer],
  ['away and back: drained in order', awayAndBack],
  ['TLS that fails is retried and said', notHttps],
  ['headers that HTTP cannot carry are refused here', unsendableHeader],
]);
