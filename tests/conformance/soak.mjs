#!/usr/bin/env node
// Soak, not a test of the normal run: all signals over OTLP/HTTP and OTLP/gRPC at a fixed rate while the collector behind
// claude-top is killed and comes back. Ends with what was measured as JSON; exit code 0 only when everything sent reached
// the sink (by content), in order for each signal and transport, nothing was refused or dropped, and memory stayed flat.
//
//   node soak.mjs CLAUDE_TOP [--minutes 10] [--rate REQUESTS_A_SECOND] [--period SECONDS] [--away SECONDS_OF_THE_PERIOD]
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freePort } from './free_port.mjs';

const SIGNALS = ['traces', 'metrics', 'logs'], TRANSPORTS = ['http', 'grpc'];
const service = { traces: 'trace.v1.TraceService', metrics: 'metrics.v1.MetricsService', logs: 'logs.v1.LogsService' };
const grpcPath = s => `/opentelemetry.proto.collector.${service[s]}/Export`;
const signalOf = p => SIGNALS.find(s => p.toLowerCase().includes(s.slice(0, 5)));
const sleep = ms => new Promise(f => setTimeout(f, ms));
/* Shorter than SHA-256, and still no two bodies have the same. */
const hash = b => crypto.createHash('sha256').update(b).digest('base64url').slice(0, 22);

/* The collector behind: writes "transport signal hash" of each request down, then accepts it. It has no bad days; it is
 * killed instead, between the two as well. */
function sinkMain(httpPort, grpcPort, file) {
  const log = fs.openSync(file, 'a');
  /* Not the exports of nothing by which claude-top asks whether anybody is there. */
  const note = (transport, p, parts) => {
    const body = Buffer.concat(parts);
    if (body.length > 5) fs.writeSync(log, `${transport} ${signalOf(p)} ${hash(body)}\n`);
  };
  http.createServer((q, r) => {
    const parts = []; q.on('data', d => parts.push(d));
    q.on('end', () => { note('http', q.url, parts); r.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(); });
  }).listen(httpPort, '127.0.0.1');
  http2.createServer().on('stream', (s, h) => {
    const parts = []; s.on('data', d => parts.push(d)); s.on('error', () => {});
    s.on('end', () => {
      note('grpc', h[':path'], parts);
      s.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      s.on('wantTrailers', () => s.sendTrailers({ 'grpc-status': '0' }));
      s.end(Buffer.alloc(5));
    });
  }).listen(grpcPort, '127.0.0.1');
}

/* A request of ITEMS spans, points or records with padding; key makes it the only one of its kind. */
const ITEMS = 10;
const varint = v => { const b = []; for (; v > 127; v = Math.floor(v / 128)) b.push(v % 128 + 128); return Buffer.from([...b, v]); };
const field = (number, body) => Buffer.concat([Buffer.from([number * 8 + 2]), varint(body.length), body]);
const item = {
  traces: text => Buffer.concat([field(1, Buffer.alloc(16, 1)), field(2, Buffer.alloc(8, 2)), field(5, text)]),
  metrics: text => Buffer.concat([field(1, text), field(5, field(1, Buffer.alloc(0)))]),
  logs: text => field(5, field(1, text)),
};
const padding = 'x'.repeat(150);
const message = (signal, key) => field(1, field(2, Buffer.concat(Array.from({ length: ITEMS }, (_, i) =>
  field(2, item[signal](Buffer.from(`${key} ${i} ${padding}`)))))));

class Lane {
  constructor(transport, signal, address) {
    Object.assign(this, { transport, signal, address, sent: [], latencies: [], bytes: 0 });
    if (transport === 'http') this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    else { this.session = http2.connect(`http://${address}`); this.session.on('error', e => { this.broken = e; }); }
  }

  post(body) {
    return new Promise((resolve, reject) => {
      if (this.transport === 'http') {
        const r = http.request(`http://${this.address}/v1/${this.signal}`, { method: 'POST', agent: this.agent,
          headers: { 'content-type': 'application/x-protobuf', 'content-length': body.length } }, res => {
          res.resume(); res.on('end', () => (res.statusCode === 200 ? resolve() : reject(new Error(`HTTP ${res.statusCode}`))));
        });
        r.on('error', reject); r.end(body);
      } else {
        const s = this.session.request({ ':method': 'POST', ':path': grpcPath(this.signal), 'content-type': 'application/grpc', te: 'trailers' });
        let status;
        s.on('response', h => { status ??= h['grpc-status']; }); s.on('trailers', h => { status = h['grpc-status'] ?? status; });
        s.resume(); s.on('error', reject);
        s.on('close', () => (String(status) === '0' ? resolve() : reject(new Error(`grpc-status ${status}`))));
        s.end(body);
      }
    });
  }

  async go(rate, until) {
    const start = performance.now();
    for (let i = 0; performance.now() < until; i++) {
      const wait = start + i * 1000 / rate - performance.now();
      if (wait > 1) await sleep(wait);
      let body = message(this.signal, `${this.transport} ${this.signal} ${i}`);
      if (this.transport === 'grpc') { const h = Buffer.alloc(5); h.writeUInt32BE(body.length, 1); body = Buffer.concat([h, body]); }
      const t = performance.now();
      await this.post(body);
      this.latencies.push(performance.now() - t);
      this.sent.push(hash(body)); this.bytes += body.length;
    }
  }

  end() { this.agent?.destroy(); this.session?.destroy(); }
}

function snapshot(socketPath) {
  return new Promise((resolve, reject) => http.get({ socketPath, path: '/status' }, res => {
    const parts = []; res.on('data', d => parts.push(d)); res.on('end', () => resolve(JSON.parse(Buffer.concat(parts)).flow));
  }).on('error', reject));
}

const memory = pid => {
  const s = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return { rss: Number(/VmRSS:\s*(\d+)/.exec(s)[1]), anon: Number(/RssAnon:\s*(\d+)/.exec(s)[1]) };
};
const median = a => [...a].sort((x, y) => x - y)[Math.floor(a.length / 2)];
const quantile = (a, q) => Number([...a].sort((x, y) => x - y)[Math.min(a.length - 1, Math.floor(a.length * q))].toFixed(2));

/** What reached the sink against what the lane sent: resent ones may be there twice, but first in their order. */
function compare(lane, got) {
  const seen = new Set(), first = [];
  for (const h of got) if (!seen.has(h)) { seen.add(h); first.push(h); }
  const unexpected = new Set(lane.sent);
  for (const h of first) unexpected.delete(h);
  return { sent: lane.sent.length, received: first.length, missing: unexpected.size, duplicates: got.length - first.length,
    ordered: first.length === lane.sent.length && first.every((h, i) => h === lane.sent[i]) };
}

async function main(program, opt) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ct-soak-'));
  const log = path.join(dir, 'received'), socket = path.join(dir, 's.sock');
  const ports = [await freePort(), await freePort()];
  const children = new Set();
  const start = (command, args) => {
    const p = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, HOME: dir } });
    children.add(p);
    p.gone = new Promise(f => p.on('close', () => { children.delete(p); f(); }));
    return p;
  };
  const startSink = () => start(process.execPath, [fileURLToPath(import.meta.url), '--sink', ...ports.map(String), log]);
  try {
    let sink = startSink();
    const server = start(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--state-dir', path.join(dir, 'state'), '--socket', socket,
      '--upstream-http', `http://127.0.0.1:${ports[0]}`, '--upstream-grpc', `http://127.0.0.1:${ports[1]}`, '--upstream-backoff-max', '1s', '--synthesize', 'never']);
    let said = '';
    const ready = await new Promise((f, no) => { server.stdout.on('data', d => { said += d; const m = /ready http=(\S+) grpc=(\S+)/.exec(said); if (m) f(m); });
      server.on('close', () => no(new Error('claude-top ended'))); });

    const lanes = TRANSPORTS.flatMap(t => SIGNALS.map(s => new Lane(t, s, t === 'http' ? ready[1] : ready[2])));
    const t0 = performance.now(), until = t0 + opt.minutes * 60000;
    const samples = [];
    let backlog = 0, outages = 0, over = false;
    const watch = (async () => {
      while (!over) {
        const flow = await snapshot(socket);
        backlog = Math.max(backlog, flow.queued.requests);
        samples.push(memory(server.pid));
        if (samples.length % 15 === 0)
          console.error(`${Math.round((performance.now() - t0) / 1000)} s: received ${flow.received.requests}, queued ${flow.queued.requests}, rss ${samples.at(-1).rss} kB`);
        await sleep(1000);
      }
    })();
    const outage = (async () => {
      while (performance.now() + opt.period * 1000 < until) {
        await sleep((opt.period - opt.away) * 1000);
        sink.kill('SIGKILL'); await sink.gone; outages++;
        await sleep(opt.away * 1000);
        sink = startSink();
      }
    })();
    await Promise.all(lanes.map(l => l.go(opt.rate / lanes.length, until)));
    const sending = (performance.now() - t0) / 1000;
    await outage;
    const sent = lanes.reduce((n, l) => n + l.sent.length, 0);
    let flow;
    /* A busy machine drains half as fast as it is filled. */
    const limit = performance.now() + 2 * opt.minutes * 60000 + 60000;
    do { await sleep(100); flow = await snapshot(socket); } while ((flow.queued.requests || flow.forwarded.requests < sent) && performance.now() < limit);
    const drained = (performance.now() - t0) / 1000 - sending;
    over = true; await watch;
    lanes.forEach(l => l.end());
    server.kill('SIGTERM'); await server.gone;
    sink.kill('SIGKILL'); await sink.gone;

    const got = {};
    for (const line of fs.readFileSync(log, 'utf8').split('\n').filter(Boolean)) {
      const [transport, signal, h] = line.split(' ');
      (got[`${transport} ${signal}`] ??= []).push(h);
    }
    const result = { seconds: Number(sending.toFixed(1)), requests_per_second: Math.round(sent / sending), records_per_second: Math.round(ITEMS * sent / sending),
      megabytes: Math.round(lanes.reduce((n, l) => n + l.bytes, 0) / 1e6), outages, largest_backlog: backlog, drained_in_seconds: Number(drained.toFixed(1)), lanes: {} };
    for (const l of lanes) result.lanes[`${l.transport} ${l.signal}`] = { ...compare(l, got[`${l.transport} ${l.signal}`] ?? []),
      accepted_ms: { p50: quantile(l.latencies, 0.5), p99: quantile(l.latencies, 0.99) } };
    const part = (a, b) => samples.slice(Math.floor(samples.length * a), Math.ceil(samples.length * b));
    /* Sampled once a second: the one after the first minute, and the last. */
    const kb = name => ({ after_a_minute: samples[Math.min(60, samples.length - 1)][name], at_the_end: samples.at(-1)[name], second_quarter: median(part(0.25, 0.5).map(s => s[name])), last_quarter: median(part(0.75, 1).map(s => s[name])), most: Math.max(...samples.map(s => s[name])) });
    result.rss_kb = kb('rss'); result.anonymous_kb = kb('anon');
    result.flow = { refused: flow.refused, retries: flow.retries, dropped: flow.dropped, upstream_rejected: flow.upstream_rejected, decode_errors: flow.decode_errors,
      forwarded: flow.forwarded.requests, journal_bytes: flow.journal.bytes };
    console.log(JSON.stringify(result, null, 2));

    for (const [name, l] of Object.entries(result.lanes)) assert.ok(l.missing === 0 && l.ordered && l.sent > 0, `${name}: ${JSON.stringify(l)}`);
    assert.deepEqual([flow.refused, flow.dropped, flow.upstream_rejected, flow.decode_errors, server.exitCode], [{}, 0, 0, 0, 0]);
    assert.ok(result.anonymous_kb.last_quarter <= result.anonymous_kb.second_quarter * 1.1 + 2048, 'memory grows');
  } finally {
    for (const p of children) p.kill('SIGKILL');
    await Promise.all([...children].map(p => p.gone));
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

if (process.argv[2] === '--sink') sinkMain(...process.argv.slice(3, 5).map(Number), process.argv[5]);
else {
  const opt = { minutes: 10, rate: 600, period: 20, away: 10 };
  for (let i = 3; i < process.argv.length; i += 2) {
    const name = process.argv[i].replace(/^--/, '');
    assert.ok(name in opt && Number(process.argv[i + 1]) > 0, `unknown or without a number: ${process.argv[i]}`);
    opt[name] = Number(process.argv[i + 1]);
  }
  await main(process.argv[2], opt);
}
