// The receiver against HTTP/2 clients of other people's making: Node's, and curl where it speaks HTTP/2.
//
//   node test_grpc.mjs GRPC_SERVER
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http2 from 'node:http2';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { spawn, spawnSync } from 'node:child_process';

const binary = process.argv[2];
const data = process.env.CT_TEST_DATA ?? new URL('../data', import.meta.url).pathname;
const replayer = new URL('../tools/replay-capture.mjs', import.meta.url).pathname;
const logs = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const temp = fs.mkdtempSync(path.join(os.tmpdir(), 'ct-grpc-'));

class Server {
  static running = new Set();
  static async start(...limits) {
    const s = new Server();
    s.folder = fs.mkdtempSync(path.join(temp, 'bodies-'));
    s.requests = []; s.events = []; s.waiting = [];
    s.child = spawn(binary, [s.folder, ...limits], { stdio: ['pipe', 'pipe', 'inherit'] });
    Server.running.add(s.child);
    s.ended = new Promise(f => s.child.on('exit', (code, signal) => { Server.running.delete(s.child); f(signal ?? code); }));
    readline.createInterface({ input: s.child.stdout }).on('line', line => {
      const e = JSON.parse(line);
      (e.event === 'request' ? s.requests : s.events).push(e);
      s.waiting = s.waiting.filter(w => !w());
    });
    const ready = await s.event('ready');
    s.first = `http://${ready.first}`; s.second = `http://${ready.second}`;
    return s;
  }
  when(cond) {
    return new Promise(f => { const w = () => { const v = cond(); if (v) f(v); return v; }; if (!w()) this.waiting.push(w); });
  }
  event(name) {
    return this.when(() => { const i = this.events.findIndex(e => e.event === name); return i >= 0 && this.events.splice(i, 1)[0]; });
  }
  arrived(n) { return this.when(() => this.requests.length >= n); }
  tell(line) { this.child.stdin.write(line + '\n'); }
  // Commands are carried out in order: an answer to the next one says that this one holds.
  async hold() { this.tell('hold'); await this.stats(); }
  async stats() { this.tell('stats'); return this.event('stats'); }
  // Asks again until it holds: what a connection leaves behind is gone a moment after the client's own end.
  async settled(cond) { for (;;) { const s = await this.stats(); if (cond(s)) return s; } }
  body(i) { return fs.readFileSync(path.join(this.folder, String(i + 1).padStart(6, '0'))); }
  async stop(grace = 1000) {
    this.tell(`stop ${grace}`);
    await this.event('stopped');
    assert.equal(await this.ended, 0);
  }
}

const lines = f => fs.readFileSync(f, 'utf8').split('\n').filter(Boolean).map(l => JSON.parse(l));
const frame = message => { const b = Buffer.alloc(5 + message.length); b.writeUInt32BE(message.length, 1); message.copy(b, 5); return b; };

function connect(url) {
  const session = http2.connect(url);
  session.on('error', () => {});
  return session;
}
function call(session, body, headers = {}) {
  const s = session.request({ ':method': 'POST', ':path': logs, 'content-type': 'application/grpc', te: 'trailers', ...headers });
  const r = { stream: s, parts: [] };
  r.done = new Promise(f => {
    s.on('response', h => { r.response = h; });
    s.on('trailers', h => { r.trailers = h; });
    s.on('data', d => r.parts.push(d));
    s.on('error', e => { r.error = e.code; });
    s.on('close', () => { r.status = (r.trailers ?? r.response)?.['grpc-status']; r.code = s.rstCode; r.body = Buffer.concat(r.parts); f(r); });
  });
  if (body) s.end(body);
  return r;
}

function replay(args) {
  return new Promise(f => {
    let out = '';
    const c = spawn(process.execPath, [replayer, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    c.stdout.on('data', d => { out += d; });
    c.on('close', () => f(JSON.parse(out)));
  });
}

/** Everything of a capture, through the given ports, arrives as it was sent. */
async function capture(name, swap) {
  const dir = path.join(data, 'captures', name);
  const rows = lines(path.join(dir, 'requests.jsonl')).sort((a, b) => a.t - b.t);
  const server = await Server.start();
  const [grpc, http] = swap ? [server.second, server.first] : [server.first, server.second];
  const result = await replay(['--grpc', grpc, '--http', http, dir]);
  assert.equal(result.accepted, rows.length);
  assert.equal(result.refused, 0);
  await server.arrived(rows.length);
  assert.equal(server.requests.length, rows.length);
  rows.forEach((row, i) => {
    const got = server.requests[i];
    assert.equal(got.transport, row.transport === 'grpc' ? 'grpc' : 'http1');
    assert.equal(got.path, row.path);
    assert.ok(server.body(i).equals(fs.readFileSync(path.join(dir, row.body))), `body ${i} of ${name}`);
    for (const [k, v] of Object.entries(row.headers)) {
      if (['te', 'host', 'connection', 'content-length', 'transfer-encoding'].includes(k.toLowerCase())) continue;
      assert.equal(Object.entries(got.headers).find(([n]) => n.toLowerCase() === k.toLowerCase())?.[1], v, `${k} of ${name}`);
    }
  });
  const stats = await server.settled(s => s.connections === 0);
  assert.deepEqual([stats.held, stats.refused], [0, {}]);
  await server.stop();
}

async function manyStreams() {
  const server = await Server.start();
  await server.hold();
  const session = connect(server.first);
  const calls = Array.from({ length: 100 }, (_, i) => call(session, frame(Buffer.from(`message ${i}`))));
  await server.arrived(100);
  server.tell('answer');
  for (const c of calls) {
    const r = await c.done;
    assert.deepEqual([r.response[':status'], r.response['content-type'], r.status, r.body.toString('hex')], [200, 'application/grpc', '0', '0000000000']);
  }
  session.close();
  await server.stop();
}

async function otlpHttpOverHttp2() {
  const server = await Server.start();
  const session = connect(server.second);
  const r = await call(session, Buffer.from('{}'), { ':path': '/v1/logs?a=b', 'content-type': 'application/json', te: undefined }).done;
  assert.equal(r.response[':status'], 200);
  assert.ok(r.response.date);
  await server.arrived(1);
  assert.deepEqual([server.requests[0].transport, server.requests[0].path], ['http2', '/v1/logs']);
  const wrong = await call(session, Buffer.from('{}'), { 'content-type': 'application/json' }).done;
  assert.equal(wrong.response[':status'], 415);
  session.close();
  await server.stop();
}

/** Bodies far above every window, several at once, in both directions of the connection's life. */
async function largeMessages() {
  const server = await Server.start();
  const session = connect(server.first);
  const message = Buffer.alloc(12 << 20, 'x');
  for (let i = 0; i < message.length; i += 4093) message[i] = i & 255;
  const calls = [1, 2, 3].map(() => call(session, frame(message)));
  for (const c of calls) assert.equal((await c.done).status, '0');
  await server.arrived(3);
  for (const i of [0, 1, 2]) assert.ok(server.body(i).subarray(5).equals(message));
  session.close();
  await server.stop();
}

async function refusals() {
  const server = await Server.start('body_bytes=1000');
  const session = connect(server.first);
  const big = await call(session, frame(Buffer.alloc(100000))).done;
  assert.deepEqual([big.status, big.response['grpc-message'], big.code], ['8', 'body too large', 0]);
  assert.equal(big.response['grpc-status-details-bin'], undefined);
  const unknown = await call(session, frame(Buffer.alloc(1)), { ':path': '/a.B/C' }).done;
  assert.equal(unknown.status, '12');
  await server.hold();
  const full = call(session, frame(Buffer.alloc(1)));
  await server.arrived(1);
  server.tell('refuse');
  const r = await full.done;
  assert.deepEqual([r.status, r.response['grpc-message']], ['14', 'full, try again']);
  // google.rpc.Status: code 14, then the message, then RetryInfo of 1 s.
  const details = Buffer.from(String(r.response['grpc-status-details-bin']), 'base64');
  assert.equal(details[1], 14);
  assert.ok(details.includes('type.googleapis.com/google.rpc.RetryInfo'));
  assert.ok(details.subarray(-4).equals(Buffer.from([0x0a, 0x02, 0x08, 0x01])));
  assert.deepEqual((await server.stats()).refused, { path: 1, body_size: 1, overload: 1 });
  session.close();
  await server.stop();
}

async function deadline() {
  const server = await Server.start();
  await server.hold();
  const session = connect(server.first);
  const late = await call(session, frame(Buffer.alloc(1)), { 'grpc-timeout': '50m' }).done;
  assert.equal(late.status, '4');
  server.tell('answer'); // goes nowhere
  const next = await call(session, frame(Buffer.alloc(1)), { 'grpc-timeout': '10S' }).done;
  assert.equal(next.status, '0');
  assert.deepEqual((await server.stats()).refused, { timeout: 1 });
  session.close();
  await server.stop();
}

/** Requests under way are answered, the client is told, and nothing new is taken. */
async function gracefulShutdown() {
  const server = await Server.start();
  await server.hold();
  const session = connect(server.first);
  const goaways = [];
  session.on('goaway', (code, last) => goaways.push([code, last]));
  const closed = new Promise(f => session.on('close', f));
  const c = call(session, frame(Buffer.from('under way')));
  await server.arrived(1);
  server.tell('stop 10000');
  await new Promise(f => session.once('goaway', f));
  server.tell('answer');
  assert.equal((await c.done).status, '0');
  await closed;
  assert.equal(await server.ended, 0);
  assert.ok(goaways.every(([code]) => code === 0));
  const refused = connect(server.first);
  await new Promise(f => refused.on('close', f));
}

async function idleConnectionsAreSentAway() {
  const server = await Server.start('keepalive_ms=100');
  const session = connect(server.first);
  const gone = new Promise(f => session.on('goaway', f));
  const closed = new Promise(f => session.on('close', f));
  assert.equal((await call(session, frame(Buffer.alloc(1))).done).status, '0');
  assert.equal(await gone, 0);
  await closed;
  await server.stop();
}

async function clientsThatVanish() {
  const server = await Server.start();
  await server.hold();
  for (let i = 0; i < 20; i++) {
    const session = connect(server.first);
    const whole = call(session, frame(Buffer.alloc(5000)));
    const half = call(session, null);
    half.stream.write(frame(Buffer.alloc(5000)).subarray(0, 3000));
    await server.arrived(i + 1);
    if (i % 2) whole.stream.close(http2.constants.NGHTTP2_CANCEL);
    session.destroy();
    await Promise.all([whole.done, half.done]);
  }
  await server.settled(s => s.connections === 0);
  server.tell('answer');
  assert.equal((await server.settled(s => s.held === 0)).requests, 20);
  await server.stop();
}

async function keepAlivePings() {
  const server = await Server.start();
  const session = connect(server.first);
  await new Promise(f => session.on('connect', f));
  for (let i = 0; i < 50; i++) await new Promise((f, no) => session.ping((e, ms, p) => e ? no(e) : f(p)));
  assert.equal((await call(session, frame(Buffer.alloc(1))).done).status, '0');
  session.close();
  await server.stop();
}

async function curl() {
  const features = spawnSync('curl', ['--version'], { encoding: 'utf8' });
  if (features.status !== 0 || !/HTTP2/.test(features.stdout)) return 'no curl with HTTP/2';
  const server = await Server.start();
  const file = path.join(temp, 'curl-body');
  fs.writeFileSync(file, Buffer.alloc(3 << 20, 'c'));
  for (const [i, args] of [['--http2-prior-knowledge'], ['--http2-prior-knowledge', '-H', 'Expect: 100-continue'], ['--http1.1', '-H', 'Transfer-Encoding: chunked']].entries()) {
    const out = await new Promise(f => {
      let text = '';
      const c = spawn('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code} %{http_version}', ...args, '-H', 'Content-Type: application/x-protobuf', '--data-binary', `@${file}`, `${server.first}/v1/logs`]);
      c.stdout.on('data', d => { text += d; });
      c.on('close', () => f(text));
    });
    assert.equal(out, i < 2 ? '200 2' : '200 1.1');
    await server.arrived(i + 1);
    assert.ok(server.body(i).equals(fs.readFileSync(file)));
  }
  await server.stop();
}

const tests = [
  ['tools-grpc arrives byte for byte', () => capture('tools-grpc', false)],
  ['tools-grpc-gzip arrives byte for byte, by the other port', () => capture('tools-grpc-gzip', true)],
  ['interactive-grpc-default-intervals arrives byte for byte', () => capture('interactive-grpc-default-intervals', false)],
  ['OTLP/HTTP arrives by either port', async () => { await capture('tools-json', false); await capture('tools-protobuf-gzip', true); }],
  ['a hundred streams of one connection', manyStreams],
  ['OTLP/HTTP over HTTP/2', otlpHttpOverHttp2],
  ['large messages', largeMessages],
  ['refusals carry status and words', refusals],
  ['rule 13: grpc-timeout', deadline],
  ['rule 14: GOAWAY before closing, running calls are answered', gracefulShutdown],
  ['idle connections are sent away with GOAWAY', idleConnectionsAreSentAway],
  ['clients that vanish leave nothing behind', clientsThatVanish],
  ['keep-alive pings', keepAlivePings],
  ['curl', curl],
];
console.log(`1..${tests.length}`);
let failed = 0;
for (const [i, [name, run]] of tests.entries()) {
  let timer;
  try {
    const late = new Promise((_, no) => { timer = setTimeout(() => no(new Error('took more than 60 s')), 60000); });
    const skip = await Promise.race([run(), late]);
    console.log(`ok ${i + 1} - ${name}${skip ? ` # SKIP ${skip}` : ''}`);
  } catch (e) {
    failed++;
    console.log(`not ok ${i + 1} - ${name}`);
    console.log(String(e.stack ?? e).replace(/^/gm, '# '));
  }
  clearTimeout(timer);
}
for (const child of Server.running) child.kill('SIGKILL');
fs.rmSync(temp, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
