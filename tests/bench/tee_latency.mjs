#!/usr/bin/env node
// Latency that the tee adds, over OTLP/HTTP and OTLP/gRPC: one request after the other, to the sink itself and through
// claude-top. Prints p50 and p99 in microseconds of the acknowledgement, and of the time until the sink has the request.
// The sink and the sender are this process, so that both ends read one clock; what they cost is in every figure.
//
// The two ways take turns, round after round, so that what else the machine does hits both. Each figure is the median of
// the rounds', what is added and the ratio the median of the differences and ratios within each round.
//
//   node tee_latency.mjs CLAUDE_TOP [REQUESTS_OF_A_ROUND [BYTES_OF_A_BODY [ROUNDS]]]
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';

const [program, requests = '1000', bytes = '2000', rounds = '9'] = process.argv.slice(2);
const WARM = 200;
const GRPC = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
/* ExportLogsServiceRequest: one record whose body is a string of the wanted size. */
const varint = v => { const b = []; for (; v > 127; v = Math.floor(v / 128)) b.push(v % 128 + 128); return Buffer.from([...b, v]); };
const field = (number, body) => Buffer.concat([Buffer.from([number * 8 + 2]), varint(body.length), body]);
const message = field(1, field(2, field(2, field(5, field(1, Buffer.alloc(Number(bytes), 'x'))))));
const framed = Buffer.concat([Buffer.alloc(5), message]);
framed.writeUInt32BE(message.length, 1);

const listen = s => new Promise(f => s.listen(0, '127.0.0.1', () => f(`127.0.0.1:${s.address().port}`)));
let arrived = () => {};
const httpSink = http.createServer((q, r) => {
  q.resume(); q.on('end', () => { arrived(performance.now()); r.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(); });
});
const grpcSink = http2.createServer().on('stream', s => {
  s.resume(); s.on('error', () => {});
  s.on('end', () => {
    arrived(performance.now());
    s.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    s.on('wantTrailers', () => s.sendTrailers({ 'grpc-status': '0' }));
    s.end(Buffer.alloc(5));
  });
});

function sender(transport, address) {
  if (transport === 'http') {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    return { end: () => agent.destroy(), post: () => new Promise((resolve, reject) => {
      const r = http.request(`http://${address}/v1/logs`, { method: 'POST', agent,
        headers: { 'content-type': 'application/x-protobuf', 'content-length': message.length } }, res => {
        res.resume(); res.on('end', () => (res.statusCode === 200 ? resolve() : reject(new Error(`HTTP ${res.statusCode}`))));
      });
      r.on('error', reject); r.end(message);
    }) };
  }
  const session = http2.connect(`http://${address}`);
  return { end: () => session.destroy(), post: () => new Promise((resolve, reject) => {
    const s = session.request({ ':method': 'POST', ':path': GRPC, 'content-type': 'application/grpc', te: 'trailers' });
    let status;
    s.on('response', h => { status ??= h['grpc-status']; }); s.on('trailers', h => { status = h['grpc-status'] ?? status; });
    s.resume(); s.on('error', reject);
    s.on('close', () => (String(status) === '0' ? resolve() : reject(new Error(`grpc-status ${status}`))));
    s.end(framed);
  }) };
}

const at = (a, q) => Math.round(1000 * a.sort((x, y) => x - y)[Math.min(a.length - 1, Math.floor(a.length * q))]);

async function measure(transport, address) {
  const s = sender(transport, address), acknowledged = [], there = [];
  for (let i = 0; i < WARM + Number(requests); i++) {
    const reached = new Promise(f => { arrived = f; }), begin = performance.now();
    await s.post();
    const end = performance.now(), seen = await reached;
    if (i >= WARM) { acknowledged.push(end - begin); there.push(seen - begin); }
  }
  s.end();
  return [at(acknowledged, 0.5), at(acknowledged, 0.99), at(there, 0.5), at(there, 0.99)];
}

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ct-bench-'));
const sinks = { http: await listen(httpSink), grpc: await listen(grpcSink) };
const server = spawn(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--synthesize', 'never', '--state-dir', path.join(dir, 'state'),
  '--socket', path.join(dir, 's.sock'), '--upstream-http', `http://${sinks.http}`, '--upstream-grpc', `http://${sinks.grpc}`],
{ env: { ...process.env, HOME: dir }, stdio: ['ignore', 'pipe', 'inherit'] });
const gone = new Promise(f => server.on('close', f));
try {
  let said = '';
  const ready = await new Promise((f, no) => {
    server.stdout.on('data', d => { said += d; const m = /ready http=(\S+) grpc=(\S+)/.exec(said); if (m) f(m); });
    gone.then(() => no(new Error('claude-top ended')));
  });
  const median = a => { a.sort((x, y) => x - y); const h = a.length >> 1; return a.length % 2 ? a[h] : (a[h - 1] + a[h]) / 2; };
  const ways = [['http', ready[1]], ['grpc', ready[2]]], seen = { http: [], grpc: [] };
  const load = () => os.loadavg()[0].toFixed(2);
  console.log(`load average of this machine: ${load()}; medians of ${rounds} rounds of ${requests} requests`);
  for (let i = 0; i < Number(rounds); i++)
    for (const [transport, address] of ways) {
      const direct = await measure(transport, sinks[transport]);
      seen[transport].push([direct, await measure(transport, address)]);
    }
  for (const [transport] of ways) {
    const figures = of => [0, 1, 2, 3].map(k => median(seen[transport].map(([direct, tee]) => of(direct[k], tee[k]))));
    for (const [name, f] of [['direct', figures(d => d)], ['through claude-top', figures((d, t) => t)], ['added', figures((d, t) => t - d)]])
      console.log(`${transport} ${name.padEnd(18)} acknowledged p50 ${f[0]} us p99 ${f[1]} us; at the sink p50 ${f[2]} us p99 ${f[3]} us`);
    const ratio = figures((d, t) => t / d).map(x => x.toFixed(2));
    console.log(`RATIO ${transport} through claude-top / direct: acknowledged p50 ${ratio[0]}, p99 ${ratio[1]}; at the sink p50 ${ratio[2]}, p99 ${ratio[3]}`);
  }
  console.log(`load average of this machine: ${load()}`);
} finally {
  server.kill('SIGTERM');
  await gone;
  httpSink.closeAllConnections(); httpSink.close();
  grpcSink.close();
  fs.rmSync(dir, { recursive: true, force: true });
}
process.exit(0);
