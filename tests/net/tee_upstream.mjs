// What the tee's tests are made of: upstreams, the driver (tee_driver.c) and TAP.
import assert from 'node:assert/strict';
import child from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

export const DEADLINE_MS = 60000;

const cleanups = [];
export const cleanup = f => cleanups.push(f);
/** What a test returns that cannot be made here. */
export const skip = why => new Skipped(why);
class Skipped { constructor(why) { this.why = why; } }

export function temp() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tee-'));
  cleanups.push(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export const range = (n, f) => Array.from({ length: n }, (_, i) => f(i));
export const sha256 = bytes => crypto.createHash('sha256').update(bytes).digest('hex');

const data = process.env.CT_TEST_DATA ?? new URL('../data', import.meta.url).pathname;

/** All requests of all captures, as commands of the driver. */
export function captured() {
  const captures = path.join(data, 'captures'), all = [];
  for (const dir of fs.readdirSync(captures).sort()) {
    const file = path.join(captures, dir, 'requests.jsonl');
    if (!fs.existsSync(file)) continue;
    for (const line of fs.readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
      const r = JSON.parse(line);
      all.push({ source: r.transport, path: r.path, headers: Object.entries(r.headers), file: path.join(captures, dir, r.body) });
    }
  }
  return all;
}

/** Resolves when what is awaited has happened; rejects with words when it has not in time. */
export function within(promise, words, ms = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, no) => { timer = setTimeout(() => no(new Error(`not in time: ${words()}`)), ms); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A line of test events that a condition can be awaited on: until() looks again at every poke(). */
export class Watched {
  waiters = new Set();
  poke() { for (const w of [...this.waiters]) w(); }
  until(condition, words = () => String(condition)) {
    let look;
    return within(new Promise((yes, no) => {
      look = () => {
        try { const value = condition(); if (value) { this.waiters.delete(look); yes(value); } } catch (e) { no(e); }
      };
      this.waiters.add(look);
      look();
    }), words).finally(() => this.waiters.delete(look));
  }
}

/**
 * An upstream in this process, on a free port of the loopback. answer(request, response, number) replies; the
 * default is 200 without a body. Each request is {path, raw (header pairs), headers (by lower-case name), body, at}.
 */
export class Upstream extends Watched {
  requests = [];
  connections = 0;
  create = handler => http.createServer(handler);
  scheme = 'http';
  constructor(answer = (request, response) => response.end()) { super(); this.answer = answer; }
  async start(port = 0) {
    this.sockets = new Set();
    this.server = this.create((q, r) => {
      const parts = [];
      q.on('data', d => parts.push(d));
      q.on('end', () => {
        const raw = [];
        for (let i = 0; i < q.rawHeaders.length; i += 2) raw.push([q.rawHeaders[i], q.rawHeaders[i + 1]]);
        const request = { path: q.url, method: q.method, version: q.httpVersion, raw, headers: q.headers,
          body: Buffer.concat(parts), at: performance.now() };
        this.requests.push(request);
        this.answer(request, r, this.requests.length);
        this.poke();
      });
    });
    this.server.on('connection', s => { this.connections++; this.sockets.add(s); s.on('close', () => this.sockets.delete(s)); });
    this.server.keepAliveTimeout = 0;
    await new Promise((yes, no) => { this.server.once('error', no); this.server.listen(port, '127.0.0.1', yes); });
    this.port = this.server.address().port;
    this.url = `${this.scheme}://127.0.0.1:${this.port}`;
    cleanups.push(() => this.stop());
    return this;
  }
  async stop() {
    if (!this.server) return;
    const server = this.server; this.server = null;
    for (const s of this.sockets) s.destroy();
    await new Promise(yes => server.close(yes));
  }
  bodies(of = '') { return this.requests.filter(r => r.path.endsWith(of)).map(r => r.body.toString()); }
}

/** A gRPC message: flag, length, payload. */
export function message(payload, flag = 0) {
  const bytes = Buffer.from(payload), head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/**
 * A gRPC upstream in this process. answer(request, stream, number) replies; the default is OK with an empty message.
 * Each request is {path, headers, raw (header pairs), body, at}. Pings of clients are counted. tls: {key, cert, …}.
 */
export class GrpcUpstream extends Watched {
  requests = [];
  connections = 0;
  pings = 0;
  constructor(answer = (request, stream) => GrpcUpstream.reply(stream), tls = null) { super(); this.answer = answer; this.tls = tls; }
  /** One message, then trailers. */
  static reply(stream, { status = 0, body = message(''), headers = {}, trailers = {} } = {}) {
    if (stream.destroyed || stream.closed) return;
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...headers }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': `${status}`, ...trailers }));
    stream.end(body);
  }
  /** Headers only. */
  static refuse(stream, status, headers = {}) {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': `${status}`, ...headers }, { endStream: true });
  }
  async start(port = 0) {
    this.sessions = new Set();
    this.server = this.tls ? http2.createSecureServer(this.tls) : http2.createServer();
    this.server.on('session', s => {
      this.connections++;
      this.sessions.add(s);
      s.on('close', () => this.sessions.delete(s));
      s.on('error', () => {});
      s.on('ping', () => { this.pings++; });
    });
    this.server.on('tlsClientError', e => { this.tlsError = e; this.poke(); });
    this.server.on('stream', (stream, headers, flags, list) => {
      const parts = [];
      stream.on('error', () => {});
      stream.on('data', d => parts.push(d));
      stream.on('end', () => {
        const raw = [];
        for (let i = 0; i < list.length; i += 2) raw.push([list[i], list[i + 1]]);
        const request = { path: headers[':path'], headers, raw, body: Buffer.concat(parts), at: performance.now(),
          peer: stream.session?.socket?.getPeerCertificate?.()?.subject };
        this.requests.push(request);
        this.answer(request, stream, this.requests.length);
        this.poke();
      });
    });
    await new Promise((yes, no) => { this.server.once('error', no); this.server.listen(port, '127.0.0.1', yes); });
    this.port = this.server.address().port;
    this.url = `${this.tls ? 'https' : 'http'}://127.0.0.1:${this.port}`;
    cleanups.push(() => this.stop());
    return this;
  }
  async stop() {
    if (!this.server) return;
    const server = this.server; this.server = null;
    for (const s of this.sessions) s.destroy();
    await new Promise(yes => server.close(yes));
  }
  bodies(of = '') { return this.requests.filter(r => r.path.includes(of)).map(r => r.body.subarray(5).toString()); }
}

/** tests/tools/otlp-sink.mjs as a process of its own. */
export class Sink {
  static async start() {
    const script = new URL('../tools/otlp-sink.mjs', import.meta.url).pathname;
    for (let attempt = 0; ; attempt++) {
      const sink = new Sink();
      const [port, grpc] = [await heldPort(), await heldPort()];
      sink.dir = temp();
      sink.url = `http://127.0.0.1:${port}`;
      sink.grpc = `http://127.0.0.1:${grpc}`;
      sink.process = child.spawn(process.execPath, [script, '--http', port, '--grpc', grpc, '--out', sink.dir], { stdio: 'ignore' });
      sink.exited = new Promise(yes => sink.process.once('exit', yes));
      cleanups.push(() => sink.process.kill('SIGKILL'));
      if (await sink.answers()) return sink;
      assert.ok(attempt < 5, 'otlp-sink does not start'); // somebody else took the port
    }
  }
  async answers() {
    let gone = false;
    this.exited.then(() => { gone = true; });
    const until = performance.now() + DEADLINE_MS;
    while (!gone && performance.now() < until) {
      try { await this.call('GET', '/_stats'); return !gone; } catch { await new Promise(setImmediate); }
    }
    return false;
  }
  call(method, where, body) {
    return new Promise((yes, no) => {
      const q = http.request(this.url + where, { method, agent: false }, r => {
        const parts = []; r.on('data', d => parts.push(d)); r.on('end', () => yes(Buffer.concat(parts).toString()));
      });
      q.on('error', no); q.end(body);
    });
  }
  mode(mode) { return this.call('PUT', '/_mode', mode); }
  received() {
    const file = path.join(this.dir, 'received.jsonl');
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map(l => JSON.parse(l)) : [];
  }
}

const freePort = () => new Promise(yes => {
  const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => yes(port)); });
});

/**
 * A port where nobody listens, and where nobody but who is told may: a connection of ours has it as its own end,
 * so that it is not given out as a free one. (It can be listened on, since all ends have SO_REUSEADDR.)
 */
export async function heldPort() {
  const peer = net.createServer(s => s.on('error', () => {}).unref()).unref();
  await new Promise(yes => peer.listen(0, '127.0.0.1', yes));
  for (;;) {
    const port = await freePort();
    const end = net.connect({ port: peer.address().port, host: '127.0.0.1', localAddress: '127.0.0.1', localPort: port });
    const held = await new Promise(yes => { end.once('connect', () => yes(true)); end.once('error', () => yes(false)); });
    if (!held) continue; /* taken meanwhile */
    end.on('error', () => {});
    cleanups.push(() => { end.destroy(); peer.close(); });
    return port;
  }
}

function withoutProxies() {
  return Object.fromEntries(Object.entries(process.env).filter(([k]) => !/^(https?|all|no)_proxy$/i.test(k)));
}

/** The driver; stats is the newest line that it printed. */
export class Driver extends Watched {
  static program = process.argv[2];
  /** A setting that is a list is given as often as it has values. env: what differs from ours. */
  static async start(url, dir, settings = {}, env = {}) {
    const d = new Driver();
    const args = [url, dir, ...Object.entries(settings).flatMap(([k, v]) => [v].flat().map(one => `${k}=${one}`))];
    d.process = child.spawn(Driver.program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...withoutProxies(), ...env } });
    d.process.stdin.on('error', () => {});
    d.exited = new Promise(yes => d.process.once('exit', (code, signal) => { d.code = code ?? signal; yes(d.code); d.poke(); }));
    d.stats = {};
    d.events = 0;
    readline.createInterface({ input: d.process.stdout }).on('line', line => { d.stats = JSON.parse(line); d.events++; d.poke(); });
    cleanups.push(() => d.process.kill('SIGKILL'));
    await d.until(() => d.stats.event === 'ready', () => `driver starts (exit ${d.code})`);
    d.command({ cmd: 'watch' });
    await d.until(() => d.stats.event === 'change');
    return d;
  }
  command(o) { this.process.stdin.write(JSON.stringify(o) + '\n'); }
  append(frame) { this.command({ cmd: 'append', ...frame }); }
  /** Waits until the statistics are as wished. */
  when(condition) {
    return this.until(() => this.stats.event && condition(this.stats) && this.stats,
      () => `${condition} with ${JSON.stringify(this.stats)} (exit ${this.code})`);
  }
  async ask() {
    const from = this.events;
    this.command({ cmd: 'stats' });
    return this.until(() => this.events > from && this.stats.event === 'stats' && this.stats);
  }
  /** Nothing queued and nothing unsaved: the loop would sleep for ever. */
  async idle() {
    const until = performance.now() + DEADLINE_MS;
    let s;
    do { s = await this.ask(); } while (s.loop_timeout !== -1 && performance.now() < until);
    assert.equal(s.loop_timeout, -1, 'no timer is armed');
    return s;
  }
  async stop(grace = 0) {
    this.command({ cmd: 'stop', grace });
    const s = await this.when(stats => stats.event === 'stopped');
    assert.equal(await within(this.exited, () => 'the driver ends'), 0, 'the driver ends well: no leak, no open handle');
    return s;
  }
  async kill() { this.process.kill('SIGKILL'); await within(this.exited, () => 'the driver is killed'); }
}

export const log = (text, more = {}) => ({ path: '/v1/logs', headers: [['Content-Type', 'application/json']], text, ...more });
const METHODS = { traces: 'trace.v1.TraceService', metrics: 'metrics.v1.MetricsService', logs: 'logs.v1.LogsService' };
export const method = signal => `/opentelemetry.proto.collector.${METHODS[signal]}/Export`;
/** A frame that came by gRPC; its message is the text. */
export const grpc = (text, { signal = 'logs', headers = [], flag = 0 } = {}) => {
  const file = path.join(temp(), 'message');
  fs.writeFileSync(file, message(text, flag));
  return { source: 'grpc', path: method(signal), headers: [['content-type', 'application/grpc'], ...headers], file };
};
export const trace = (text, more = {}) => log(text, { path: '/v1/traces', ...more });
export const metric = (text, more = {}) => log(text, { path: '/v1/metrics', ...more });

/** Runs the tests some at a time, prints TAP in their order, and leaves nothing behind. Argument 3: part of a name. */
export async function run(all, atOnce = 8) {
  const tests = all.filter(([name]) => name.includes(process.argv[3] ?? ''));
  const results = tests.map(() => { let done; const p = new Promise(yes => { done = yes; }); return { p, done }; });
  let next = 0;
  const worker = async () => {
    while (next < tests.length) {
      const i = next++;
      results[i].done(await Promise.resolve().then(tests[i][1]).then(r => (r instanceof Skipped ? r : null), e => e ?? new Error('failed')));
    }
  };
  for (let i = 0; i < atOnce; i++) worker();
  console.log(`1..${tests.length}`);
  let failed = 0;
  for (const [i, [name]] of tests.entries()) {
    const error = await results[i].p;
    if (error instanceof Skipped) {
      console.log(`ok ${i + 1} - ${name} # SKIP ${error.why}`);
      continue;
    }
    console.log(`${error ? 'not ok' : 'ok'} ${i + 1} - ${name}`);
    if (error) { failed++; console.log(String(error.stack ?? error).replace(/^/gm, '# ')); }
  }
  await Promise.allSettled(cleanups.reverse().map(f => f()));
  process.exit(failed ? 1 : 0);
}
