// The tee's contract over gRPC, and what becomes of frames that came by the other transport.
//
//   node tee_grpc.mjs TEE_DRIVER
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { Driver, GrpcUpstream, Sink, Upstream, captured, grpc, heldPort, log, message, method, range, run, sha256, temp, trace }
  from './tee_upstream.mjs';

const GRPC = { protocol: 'grpc' };
const SIGNALS = ['traces', 'metrics', 'logs'];
/* Of one hop, or of the transport; te is sent anew. */
const ownHeaders = h => Object.fromEntries(Object.entries(h).map(([k, v]) => [k.toLowerCase(), v])
  .filter(([k]) => !['te', 'host', 'connection', 'grpc-timeout', 'content-length', 'transfer-encoding'].includes(k)));

/** google.rpc.Status with a RetryInfo, as grpc-status-details-bin. */
function retryInfo(seconds, nanos = 0) {
  const field = (n, bytes) => Buffer.concat([Buffer.from([n << 3 | 2, bytes.length]), bytes]);
  const varint = v => { const out = []; for (; v > 127; v = Math.floor(v / 128)) out.push(v % 128 | 128); return Buffer.from([...out, v]); };
  const delay = Buffer.concat([Buffer.from([8]), varint(seconds), Buffer.from([16]), varint(nanos)]);
  const any = Buffer.concat([field(1, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')), field(2, field(1, delay))]);
  return Buffer.concat([Buffer.from([8, 8]), field(2, Buffer.from('busy')), field(3, any)]).toString('base64').replace(/=+$/, '');
}

async function identical() {
  const sink = await Sink.start();
  const driver = await Driver.start(sink.grpc, temp(), { ...GRPC, other: 'pass' });
  const all = captured(), sent = all.filter(f => f.source === 'grpc');
  assert.ok(sent.length > 30 && sent.some(f => f.headers.some(([k]) => k === 'grpc-encoding')), 'captures by gRPC are there');
  for (const f of all) driver.append(f);
  await driver.when(s => s.forwarded_requests === sent.length);
  const received = sink.received();
  assert.ok(received.every(r => r.transport === 'grpc'));
  for (const signal of SIGNALS) {
    const want = sent.filter(f => f.path === method(signal)).map(f => ({ body: sha256(fs.readFileSync(f.file)), headers: ownHeaders(Object.fromEntries(f.headers)) }));
    const got = received.filter(r => r.path === method(signal)).map(r => ({ body: r.sha256, headers: ownHeaders(r.headers) }));
    assert.deepEqual(got, want, `${signal}: messages with their prefix, metadata and order`);
  }
  assert.ok(received.every(r => r.headers.te === 'trailers' && !('grpc-timeout' in r.headers)));
  const s = await driver.idle();
  assert.deepEqual([s.health, s.last_error, s.last_status, s.last_grpc_status, s.queued_requests, s.held_requests, s.rejected, s.retries],
    ['ok', '', 200, 0, 0, 0, 0, 0]);
  await driver.stop(1000);
}

async function metadata() {
  const up = await new GrpcUpstream().start();
  const driver = await Driver.start(`${up.url}/base/`, '-', GRPC);
  const kept = [['content-type', 'application/grpc+proto'], ['authorization', 'Bearer s3cret=='], ['user-agent', 'OTel/1 (x; y)'],
    ['x-twice', 'one'], ['x-twice', 'two'], ['trace-bin', 'AAEC/w'], ['x-long', 'v'.repeat(8000)], ['grpc-accept-encoding', 'gzip']];
  const dropped = [['te', 'trailers'], ['grpc-timeout', '10S'], ['connection', 'x'], ['host', 'evil'], ['content-length', '1'], ['proxy-authorization', 'x']];
  driver.append({ ...grpc('body'), headers: [...kept, ...dropped, ['X-Upper', 'Case']] });
  const big = 'b'.repeat(3 << 20);
  driver.append(grpc(big, { signal: 'traces' }));
  await driver.when(s => s.forwarded_requests === 2);
  const small = up.requests.find(r => r.path.includes('Logs')), large = up.requests.find(r => r.path.includes('Trace'));
  assert.equal(small.path, `/base${method('logs')}`);
  const pseudo = [':method', ':path', ':scheme', ':authority'];
  assert.deepEqual(small.raw.filter(([n]) => !pseudo.includes(n) && n !== 'te' && n !== 'content-length'), [...kept, ['x-upper', 'Case']]);
  assert.deepEqual([small.headers.te, small.headers['content-length'], small.headers[':method']], ['trailers', '9', 'POST']);
  assert.ok(small.body.equals(message('body')));
  assert.deepEqual(large.raw.filter(([n]) => !pseudo.includes(n)), [['te', 'trailers'], ['content-type', 'application/grpc'], ['content-length', `${big.length + 5}`]]);
  assert.equal(sha256(large.body), sha256(message(big)));
  await driver.stop();
}

async function keptConnections() {
  const up = await new GrpcUpstream().start();
  const driver = await Driver.start(up.url, '-', GRPC);
  for (let i = 0; i < 30; i++) for (const signal of SIGNALS) driver.append(grpc(`${i}`, { signal }));
  let s = await driver.when(stats => stats.forwarded_requests === 90);
  assert.ok(up.connections <= 3, `${up.connections} connections for three lanes`);
  for (const session of up.sessions) session.destroy();
  driver.append(grpc('again'));
  s = await driver.when(stats => stats.forwarded_requests === 91);
  for (const session of up.sessions) session.close(); /* GOAWAY: it may cross with the next request */
  driver.append(grpc('and again'));
  s = await driver.when(stats => stats.forwarded_requests === 92);
  assert.deepEqual([s.rejected, s.dropped, up.pings], [0, 0, 0]);
  assert.deepEqual(up.bodies('Logs'), [...range(30, String), 'again', 'and again']);
  await driver.idle();
  await driver.stop();
}

/** Node's server, like others, hangs up on clients that reset more than 1000 streams; libcurl 7.88 resets each. */
async function manyRequests() {
  const up = await new GrpcUpstream().start();
  const driver = await Driver.start(up.url, '-', GRPC);
  const frame = grpc('x');
  for (let i = 0; i < 1500; i++) driver.append(frame);
  const s = await driver.when(stats => stats.forwarded_requests === 1500);
  assert.deepEqual([s.retries, s.rejected, up.requests.length], [0, 0, 1500]);
  assert.ok(up.connections > 1 && up.connections < 20, `${up.connections} connections`);
  await driver.stop();
}

async function statuses() {
  const retried = [1, 4, 10, 11, 14, 15], refused = [2, 3, 5, 6, 7, 8, 9, 12, 13, 16, 17, 99];
  const seen = new Map();
  const up = await new GrpcUpstream((q, stream) => {
    const code = Number(q.body.subarray(5)), n = (seen.get(code) ?? 0) + 1;
    seen.set(code, n);
    if (n > 1) return GrpcUpstream.reply(stream);
    return code % 2 ? GrpcUpstream.refuse(stream, code) : GrpcUpstream.reply(stream, { status: code, body: '' });
  }).start();
  const driver = await Driver.start(up.url, '-', GRPC);
  for (const code of [...retried, ...refused]) driver.append(grpc(`${code}`, { signal: 'metrics' }));
  const s = await driver.when(stats => stats.rejected === refused.length && stats.forwarded_requests === retried.length);
  assert.deepEqual([...seen].filter(([, n]) => n === 2).map(([code]) => code), retried, 'these, and only these, are sent again');
  assert.equal(s.retries, retried.length);
  await driver.stop();
}

async function words() {
  const up = await new GrpcUpstream((q, stream, n) => {
    if (n === 1) return GrpcUpstream.refuse(stream, 3, { 'grpc-message': 'no%20%1B[31m%0A caf%C3%A9 100%' });
    if (n === 2) return GrpcUpstream.reply(stream, { status: 7, trailers: { 'grpc-message': 'in trailers' } });
    return GrpcUpstream.refuse(stream, 9, { 'grpc-status-details-bin': retryInfo(1) });
  }).start();
  const driver = await Driver.start(up.url, '-', GRPC);
  driver.append(grpc('x'));
  let s = await driver.when(stats => stats.rejected === 1);
  assert.match(s.last_error, /^gRPC INVALID_ARGUMENT: no .*café 100%$/);
  assert.doesNotMatch(s.last_error, /[\x00-\x1f\x7f]/);
  assert.deepEqual([s.health, s.last_status, s.last_grpc_status, s.retries], ['rejecting', 200, 3, 0]);
  driver.append(grpc('x'));
  s = await driver.when(stats => stats.rejected === 2);
  assert.equal(s.last_error, 'gRPC PERMISSION_DENIED: in trailers');
  driver.append(grpc('x'));
  s = await driver.when(stats => stats.rejected === 3);
  assert.equal(s.last_error, 'gRPC FAILED_PRECONDITION: busy', 'the message of the details, and RetryInfo changes nothing');
  await driver.stop();
}

async function retryInfoWins() {
  const up = await new GrpcUpstream((q, stream, n) => {
    if (n === 1) return GrpcUpstream.refuse(stream, 8, { 'grpc-status-details-bin': retryInfo(0, 600e6) });
    if (n === 2) return GrpcUpstream.reply(stream, { status: 14, trailers: { 'grpc-status-details-bin': retryInfo(86400) } });
    return GrpcUpstream.reply(stream);
  }).start();
  const driver = await Driver.start(up.url, '-', { ...GRPC, retry_after_max_ms: 700 });
  driver.append(grpc('x'));
  let s = await driver.when(stats => stats.health === 'retrying');
  assert.equal(s.last_error, 'gRPC RESOURCE_EXHAUSTED: busy, retrying in 600 ms');
  s = await driver.when(stats => stats.forwarded_requests === 1);
  assert.equal(s.retries, 2);
  const waits = [1, 2].map(i => up.requests[i].at - up.requests[i - 1].at);
  assert.ok(waits[0] >= 595 && waits[1] >= 695, `${waits} ms: what was asked for, capped, not the backoff of 50 ms`);
  await driver.stop();
}

/** Without grpc-status the HTTP status decides. */
async function withoutStatus() {
  const seen = new Map();
  const up = await new GrpcUpstream((q, stream) => {
    const code = Number(q.body.subarray(5)), n = (seen.get(code) ?? 0) + 1;
    seen.set(code, n);
    if (n > 1) return GrpcUpstream.reply(stream);
    const headers = { ':status': code, 'content-type': 'text/html' };
    if (code === 503) headers['retry-after'] = '1';
    stream.respond(headers);
    stream.end('<html>');
  }).start();
  const driver = await Driver.start(up.url, '-', { ...GRPC, retry_after_max_ms: 300 });
  for (const code of [400, 401, 403, 404, 500, 200, 429, 502, 503, 504]) driver.append(grpc(`${code}`));
  const s = await driver.when(stats => stats.rejected === 6 && stats.forwarded_requests === 4);
  assert.deepEqual([...seen].filter(([, n]) => n === 2).map(([code]) => code), [429, 502, 503, 504]);
  const again = up.requests.filter(r => r.body.subarray(5).toString() === '503').map(r => r.at);
  assert.ok(again[1] - again[0] >= 295, 'Retry-After of a proxy in between is heeded');
  assert.equal(s.retries, 4);
  await driver.stop();
}

async function misbehaving() {
  const sink = await Sink.start();
  const driver = await Driver.start(sink.grpc, temp(), { ...GRPC, request_timeout_ms: 400 });
  const step = async (mode, condition) => {
    await sink.mode(mode);
    driver.append(grpc(mode));
    const s = await driver.when(condition);
    if (mode !== 'ok') await sink.mode('ok');
    return s;
  };
  let s = await step('400', stats => stats.rejected === 1);
  assert.deepEqual([s.last_error, s.last_grpc_status], ['gRPC INVALID_ARGUMENT: refused by test sink', 3]);
  s = await step('429:1', stats => stats.rejected === 2);
  assert.equal(s.last_error, 'gRPC RESOURCE_EXHAUSTED: refused by test sink', 'without RetryInfo it is final');
  s = await step('503', stats => stats.health === 'retrying' && stats.retries >= 1);
  assert.match(s.last_error, /^gRPC UNAVAILABLE: refused by test sink, retrying in \d+ ms$/);
  s = await driver.when(stats => stats.forwarded_requests === 1);
  s = await step('hang', stats => stats.health === 'retrying');
  assert.match(s.last_error, /^no answer within 400 ms, retrying in/);
  s = await driver.when(stats => stats.forwarded_requests === 2);
  s = await step('reset', stats => stats.health === 'retrying');
  assert.match(s.last_error, /., retrying in/);
  s = await driver.when(stats => stats.forwarded_requests === 3);
  s = await step('partial', stats => stats.partial_successes === 1);
  assert.deepEqual([s.health, s.rejected_records, s.last_error], ['ok', 1, 'partial success, 1 rejected']);
  const retries = s.retries;
  s = await step('slow:150', stats => stats.forwarded_requests === 5);
  s = await step('ok', stats => stats.forwarded_requests === 6);
  assert.deepEqual([s.health, s.last_error, s.retries, s.queued_requests], ['ok', '', retries, 0]);
  const taken = sink.received().filter(r => ['ok', 'partial', 'slow:150'].includes(r.mode)).map(r => r.sha256);
  assert.deepEqual(taken, ['503', 'hang', 'reset', 'partial', 'slow:150', 'ok'].map(m => sha256(message(m))), 'each one once, in order');
  await driver.stop();
}

async function awayAndBack() {
  const port = await heldPort();
  const driver = await Driver.start(`http://127.0.0.1:${port}`, temp(), GRPC);
  for (let i = 0; i < 20; i++) for (const signal of ['logs', 'traces']) driver.append(grpc(`${i}`, { signal }));
  const s = await driver.when(stats => stats.queued_requests === 40 && stats.retries >= 4);
  assert.match(s.last_error, /^connection refused, retrying in \d+ ms$/);
  const up = await new GrpcUpstream().start(port);
  await driver.when(stats => stats.queued_requests === 0 && stats.forwarded_requests === 40);
  await up.stop();
  for (let i = 20; i < 30; i++) driver.append(grpc(`${i}`));
  await driver.when(stats => stats.queued_requests === 10 && stats.health === 'retrying');
  await up.start(port);
  await driver.when(stats => stats.queued_requests === 0);
  assert.deepEqual(up.bodies('Logs'), range(30, String), 'in order, once each');
  assert.deepEqual(up.bodies('Trace'), range(20, String));
  await driver.stop();
}

async function brokenAnswers() {
  const up = await new GrpcUpstream((q, stream, n) => {
    if (n === 1) { /* breaks off before its grpc-status: nobody knows */
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.write(message('').subarray(0, 2), () => stream.session.destroy());
      return;
    }
    if (n === 2) return stream.close(2); /* RST_STREAM */
    if (n === 3) return GrpcUpstream.reply(stream, { body: Buffer.from([0, 0, 0, 0, 9, 1]) });
    if (n === 4) return GrpcUpstream.reply(stream, { body: message(Buffer.alloc(200000)) });
    GrpcUpstream.reply(stream, { body: message(zlib.gzipSync(Buffer.from([0x0a, 2, 8, 7])), 1), headers: { 'grpc-encoding': 'gzip' } });
  }).start();
  const driver = await Driver.start(up.url, '-', { ...GRPC, response_bytes_max: 100000 });
  driver.append(grpc('a'));
  let s = await driver.when(stats => stats.forwarded_requests === 1);
  assert.deepEqual([s.retries, s.last_error], [2, 'gRPC OK, but the answer could not be read'], 'what was taken is not sent again');
  driver.append(grpc('b'));
  s = await driver.when(stats => stats.rejected === 1);
  assert.equal(s.last_error, 'the answer is too large to be read');
  driver.append(grpc('c'));
  s = await driver.when(stats => stats.forwarded_requests === 2);
  assert.equal(s.rejected_records, 7, 'a compressed answer is read');
  await driver.stop();
}

async function notGrpc() {
  const up = await new Upstream().start();
  const driver = await Driver.start(up.url, '-', GRPC);
  driver.append(grpc('x'));
  const s = await driver.when(stats => stats.retries >= 1);
  assert.match(s.last_error, /^connection (closed without an answer|lost), retrying in/);
  assert.equal(up.requests.length, 0);
  await driver.stop();
}

/** gRPC in, only an HTTP upstream: another framing around the same bytes. */
async function grpcToHttp() {
  const sink = await Sink.start();
  const driver = await Driver.start(sink.url, temp());
  const all = captured().filter(f => f.source === 'grpc');
  for (const f of all) driver.append(f);
  await driver.when(s => s.forwarded_requests === all.length);
  const received = sink.received();
  for (const signal of SIGNALS) {
    const want = all.filter(f => f.path === method(signal)).map(f => {
      const { 'grpc-encoding': encoding, 'grpc-accept-encoding': accept, ...headers } = ownHeaders(Object.fromEntries(f.headers));
      return { body: sha256(fs.readFileSync(f.file).subarray(5)), headers: { ...headers, 'content-type': 'application/x-protobuf', ...(encoding ? { 'content-encoding': encoding } : {}) } };
    });
    const got = received.filter(r => r.path === `/v1/${signal}`).map(r => ({ body: r.sha256, headers: ownHeaders(r.headers) }));
    assert.deepEqual(got, want, signal);
  }
  /* A message whose flag is unset is not compressed, whatever grpc-encoding says; a broken one is refused here. */
  driver.append(grpc('plain', { headers: [['grpc-encoding', 'gzip']] }));
  driver.append({ ...grpc('flag', { flag: 1 }) });
  driver.append(log('\0\0\0\0\x09short', { source: 'grpc', path: method('logs') }));
  const s = await driver.when(stats => stats.rejected === 2 && stats.forwarded_requests === all.length + 1);
  assert.equal(s.last_error, 'not sent: not a gRPC message');
  assert.equal('content-encoding' in sink.received().at(-1).headers, false);
  await driver.stop();
}

/** HTTP in, only a gRPC upstream: protobuf is converted, JSON is held, and nothing is lost or sent twice when an upstream comes. */
async function httpToGrpc() {
  const sink = await Sink.start();
  const dir = temp();
  let driver = await Driver.start(sink.grpc, dir, GRPC);
  const all = captured();
  const isJson = f => f.source === 'http' && f.headers.some(([k, v]) => /^content-type$/i.test(k) && /json/.test(v));
  const json = all.filter(isJson), rest = all.filter(f => !isJson(f));
  assert.ok(json.length > 20 && rest.some(f => f.source === 'http'));
  for (const f of all) driver.append(f);
  let s = await driver.when(stats => stats.forwarded_requests === rest.length && stats.held_requests === json.length);
  assert.deepEqual([s.queued_requests, s.rejected, s.dropped], [0, 0, 0]);
  const received = sink.received();
  const header = (f, name) => f.headers.find(([k]) => k.toLowerCase() === name)?.[1];
  for (const signal of SIGNALS) {
    const want = rest.filter(f => f.path === method(signal) || f.path === `/v1/${signal}`).map(f => {
      const body = fs.readFileSync(f.file);
      const encoding = header(f, f.source === 'http' ? 'content-encoding' : 'grpc-encoding');
      return [sha256(f.source === 'http' ? message(body, encoding ? 1 : 0) : body), encoding, header(f, 'user-agent')];
    });
    const got = received.filter(r => r.path === method(signal)).map(r => [r.sha256, r.headers['grpc-encoding'], r.headers['user-agent']]);
    assert.deepEqual(got, want, `${signal}: in the order of arrival, whatever the transport`);
  }
  assert.ok(received.every(r => r.headers['content-type'] === 'application/grpc' && !('content-encoding' in r.headers)));
  await driver.idle();
  await driver.stop();
  driver = await Driver.start(sink.grpc, dir, GRPC);
  s = await driver.when(stats => stats.held_requests === json.length);
  await driver.stop();
  /* An HTTP upstream comes: it gets what was held, and only that. */
  driver = await Driver.start(sink.url, dir, { other: 'pass' });
  s = await driver.when(stats => stats.forwarded_requests === json.length && stats.queued_requests === 0);
  await driver.idle();
  assert.deepEqual([s.held_requests, sink.received().filter(r => r.transport === 'http').length], [0, json.length]);
  await driver.stop();
}

/** Held frames wait for an upstream of their kind; a changed setting loses and doubles none. */
async function heldThenTaken() {
  const http = await new Upstream().start(), grpcUp = await new GrpcUpstream().start();
  const dir = temp();
  let driver = await Driver.start(http.url, dir, { other: 'hold' });
  for (let i = 0; i < 10; i++) { driver.append(grpc(`g${i}`)); driver.append(log(`h${i}`)); driver.append(trace(`t${i}`)); }
  let s = await driver.when(stats => stats.held_requests === 10 && stats.forwarded_requests === 20);
  assert.equal(s.queued_requests, 0);
  await driver.idle();
  await driver.stop();
  driver = await Driver.start(http.url, dir, { other: 'hold' });
  s = await driver.when(stats => stats.held_requests === 10);
  assert.deepEqual([s.forwarded_requests, s.queued_requests], [0, 0], 'held ones are counted again after a restart');
  await driver.stop();
  driver = await Driver.start(grpcUp.url, dir, { ...GRPC, other: 'pass' });
  s = await driver.when(stats => stats.forwarded_requests === 10);
  assert.deepEqual(grpcUp.bodies(), range(10, i => `g${i}`));
  driver.append(grpc('g10'));
  await driver.when(stats => stats.forwarded_requests === 11);
  await driver.stop();
  /* Now converted: only what no upstream has had. */
  driver = await Driver.start(http.url, dir);
  driver.append(grpc('g11'));
  driver.append(log('h10'));
  s = await driver.when(stats => stats.forwarded_requests === 2 && stats.queued_requests === 0);
  await driver.idle();
  assert.deepEqual(http.bodies('/logs'), [...range(10, i => `h${i}`), 'g11', 'h10']);
  assert.equal(grpcUp.requests.length, 11);
  await driver.stop();
}

/** Held frames that retention takes are held no more; they had no upstream, and are no loss of one. */
async function heldRetired() {
  const up = await new Upstream().start();
  const driver = await Driver.start(up.url, temp(), { other: 'hold', max_bytes: 40000, segment_bytes: 8000 });
  for (let i = 0; i < 120; i++) driver.append(grpc('x'.repeat(900)));
  const s = await driver.when(stats => stats.journal_last === 120 && stats.held_requests > 0 &&
    stats.held_requests === stats.journal_last - stats.journal_first + 1);
  assert.ok(s.journal_first > 1);
  assert.deepEqual([s.dropped, s.queued_requests, up.requests.length], [0, 0, 0]);
  await driver.stop();
}

await run([
  ['rule 18: every captured gRPC request leaves as it came, with its prefix and in order', identical],
  ['rule 18: custom metadata only, te anew, nothing of the sender\'s hop', metadata],
  ['connections are kept, replaced when they were closed, and never pinged', keptConnections],
  ['many requests: no upstream has cause to hang up', manyRequests],
  ['rule 15: which codes are retried', statuses],
  ['messages in trailers, in headers only and in the details are shown, cleaned', words],
  ['rule 15: RESOURCE_EXHAUSTED with RetryInfo; rule 16: RetryInfo wins, capped', retryInfoWins],
  ['an answer without grpc-status', withoutStatus],
  ['every way in which the sink misbehaves', misbehaving],
  ['away and back: drained in order', awayAndBack],
  ['answers that break off, are no message, too large, or compressed', brokenAnswers],
  ['an upstream that speaks HTTP/1 only is retried, and said', notGrpc],
  ['gRPC becomes HTTP by its framing only', grpcToHttp],
  ['HTTP protobuf becomes gRPC by its framing only, JSON is held for an HTTP upstream', httpToGrpc],
  ['held frames wait for their upstream; no change of settings loses or doubles one', heldThenTaken],
  ['held frames that retention takes', heldRetired],
]);
