#!/usr/bin/env node
// Sends recorded captures (tests/data/captures) to an OTLP receiver exactly as the client sent them:
// same bodies, same headers, HTTP or gRPC as recorded, hooks interleaved by time.
//
//   node replay-capture.mjs [--http URL] [--grpc URL] [--hooks URL] [--speed N|max] [--repeat K] DIR...
//
// Prints one JSON line: requests sent, accepted, refused, bytes, seconds. Needs Node 18+, no packages.
import fs from 'node:fs';
import path from 'node:path';
import http from 'node:http';
import http2 from 'node:http2';

const opt = { http: 'http://127.0.0.1:4318', grpc: 'http://127.0.0.1:4317', hooks: null, speed: 'max', repeat: '1' };
const dirs = [];
for (let i = 2; i < process.argv.length; i++) {
  const a = process.argv[i];
  if (a.startsWith('--')) opt[a.slice(2)] = process.argv[++i]; else dirs.push(a);
}
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let h2;
const lines = f => fs.existsSync(f) ? fs.readFileSync(f, 'utf8').split('\n').filter(Boolean).map(l => JSON.parse(l)) : [];

function post(url, headers, body) {
  return new Promise(resolve => {
    const r = http.request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': body.length } }, res => {
      const parts = []; res.on('data', d => parts.push(d));
      res.on('end', () => resolve({ ok: res.statusCode === 200 || res.statusCode === 204, status: res.statusCode, body: Buffer.concat(parts) }));
    });
    r.on('error', e => resolve({ ok: false, status: e.code })); r.end(body);
  });
}
function grpc(p, headers, body) {
  if (!h2 || h2.destroyed || h2.closed) { h2 = http2.connect(opt.grpc); h2.on('error', () => {}); }
  return new Promise(resolve => {
    const s = h2.request({ ':method': 'POST', ':path': p, ...headers });
    let st = null; s.on('response', h => { st ??= h['grpc-status']; }); s.on('trailers', h => { st = h['grpc-status'] ?? st; });
    s.on('data', () => {}); s.on('error', e => resolve({ ok: false, status: e.code })); s.on('end', () => {}); s.on('close', () => resolve({ ok: String(st) === '0', status: st }));
    s.end(body);
  });
}
const out = { requests: 0, accepted: 0, refused: 0, hooks: 0, hooks_accepted: 0, bytes: 0, statuses: {} };
const t0 = performance.now();
for (let k = 0; k < Number(opt.repeat); k++) for (const d of dirs) {
  const rows = [...lines(path.join(d, 'requests.jsonl')).map(r => ({ ...r, kind: 'otlp' })),
    ...(opt.hooks ? lines(path.join(d, 'hooks.jsonl')).map(r => ({ ...r, kind: 'hook' })) : [])].sort((a, b) => a.t - b.t);
  let last = rows[0]?.t;
  for (const r of rows) {
    if (opt.speed !== 'max') { const w = (r.t - last) * 1000 / Number(opt.speed); if (w > 0) await new Promise(f => setTimeout(f, w)); last = r.t; }
    if (r.kind === 'hook') {
      const b = Buffer.from(JSON.stringify(r.body)); out.hooks++;
      const x = await post(opt.hooks, { 'content-type': 'application/json', 'user-agent': 'axios/1.15.2' }, b); out.hooks_accepted += x.ok;
      continue;
    }
    const body = fs.readFileSync(path.join(d, r.body));
    const x = r.transport === 'grpc' ? await grpc(r.path, r.headers, body) : await post(new URL(r.path, opt.http), r.headers, body);
    out.requests++; out.bytes += body.length; out[x.ok ? 'accepted' : 'refused']++; out.statuses[x.status] = (out.statuses[x.status] ?? 0) + 1;
  }
}
out.seconds = Number(((performance.now() - t0) / 1000).toFixed(3));
console.log(JSON.stringify(out)); h2?.close(); agent.destroy();
