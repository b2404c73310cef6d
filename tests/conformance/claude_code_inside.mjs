// claude_code_inside.mjs - beside the real Claude Code, where only the loopback is: a witness in front of claude-top,
// claude-top, and behind it the sink, which misbehaves in every way while the client works.
//
//   node claude_code_inside.mjs CLAUDE_TOP FOLDER          serves until SIGTERM: HTTP on 4318, gRPC on 4317
//   node claude_code_inside.mjs --finish FOLDER            the client is done: waits for the end, prints "RESULT {…}"
//
// The witness relays each request unchanged and writes down what it was and what claude-top answered. The phases follow
// one another when claude-top has felt each of them and has taken in more of the client's requests meanwhile; once the
// client is done, when it has felt them.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { readLines, request, root, until } from '../tools/tap.mjs';
import { freePort } from './free_port.mjs';

const sha = b => crypto.createHash('sha256').update(b).digest('hex');
const PHASES = ['503', 'hang', 'reset', 'away'];
/* Everything that may take long here ends well before run.sh gives up on the client. */
const PATIENCE_MS = 100_000;

function relayHttp(target, note) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  return http.createServer((q, r) => {
    const parts = []; q.on('data', d => parts.push(d));
    q.on('end', () => {
      const body = Buffer.concat(parts), row = note('http', q.url, body);
      const { host, connection, ...headers } = q.headers;
      const onward = http.request(`http://${target}${q.url}`, { method: q.method, headers, agent }, res => {
        const back = []; res.on('data', d => back.push(d));
        res.on('end', () => { row.acknowledged = res.statusCode === 200; r.writeHead(res.statusCode, res.headers); r.end(Buffer.concat(back)); });
      });
      onward.on('error', e => { row.error = e.message; r.destroy(); });
      onward.end(body);
    });
  });
}

function relayGrpc(target, note) {
  const session = http2.connect(`http://${target}`);
  session.on('error', () => {});
  return http2.createServer().on('stream', (s, h) => {
    const parts = []; s.on('data', d => parts.push(d)); s.on('error', () => {});
    s.on('end', () => {
      const body = Buffer.concat(parts), row = note('grpc', h[':path'], body);
      const { ':authority': host, ...headers } = h;
      const onward = session.request(headers), back = [];
      let head = {}, trailers = {};
      onward.on('response', x => { head = x; }); onward.on('trailers', x => { trailers = x; }); onward.on('data', d => back.push(d));
      onward.on('error', e => { row.error = e.message; });
      onward.on('close', () => {
        row.acknowledged = (trailers['grpc-status'] ?? head['grpc-status']) === '0';
        if (s.destroyed) return;
        const plain = x => Object.fromEntries(Object.entries(x).filter(([k]) => typeof k === 'string'));
        if (!back.length && 'grpc-status' in head) { s.respond(plain(head), { endStream: true }); return; }
        s.respond(plain(head), { waitForTrailers: true });
        s.on('wantTrailers', () => s.sendTrailers(plain(trailers)));
        s.end(Buffer.concat(back));
      });
      onward.end(body);
    });
  });
}

async function inside(program, folder) {
  const children = new Set(), socket = path.join(folder, 's.sock');
  const start = (command, args) => {
    const p = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, HOME: folder } });
    children.add(p); p.out = '';
    p.stdout.on('data', d => { p.out += d; });
    p.gone = new Promise(f => p.on('close', code => { p.over = true; p.code = code; children.delete(p); f(); }));
    return p;
  };
  process.on('SIGTERM', () => { for (const p of children) p.kill('SIGKILL'); process.exit(0); });

  const ports = [await freePort(), await freePort()];
  let sinks = 0, sink;
  /* Each has a folder of its own: they number from 1. */
  const openSink = async () => {
    sink = start('node', [path.join(root, 'tests/tools/otlp-sink.mjs'), '--http', String(ports[0]), '--grpc', String(ports[1]), '--out', path.join(folder, `sink-${sinks++}`)]);
    await until('the sink', () => sink.over || sink.out.includes('sink:'));
  };
  const atSink = () => Array.from({ length: sinks }, (_, i) => readLines(path.join(folder, `sink-${i}/received.jsonl`))).flat();
  const mode = m => request(`http://127.0.0.1:${ports[0]}/_mode`, { method: 'PUT', body: m });
  await openSink();
  const server = start(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--state-dir', path.join(folder, 'state'), '--socket', socket,
    '--upstream-http', `http://127.0.0.1:${ports[0]}`, '--upstream-grpc', `http://127.0.0.1:${ports[1]}`,
    '--upstream-backoff-first', '50ms', '--upstream-backoff-max', '300ms', '--upstream-request-timeout', '1s']);
  await until('claude-top', () => server.over || /^ready .*\n/m.test(server.out));
  const [, httpAddress, grpcAddress] = /^ready http=(\S*) grpc=(\S*) /m.exec(server.out);
  const status = async () => JSON.parse((await request('http://x/status', { method: 'GET', socketPath: socket })).body);

  let phase = 'ok';
  const witnessed = [];
  const note = (transport, p, body) => { const row = { transport, path: p, sha256: sha(body), bytes: body.length, phase, acknowledged: null }; witnessed.push(row); return row; };
  const acknowledged = () => witnessed.filter(r => r.acknowledged);
  relayHttp(httpAddress, note).listen(4318, '127.0.0.1');
  relayGrpc(grpcAddress, note).listen(4317, '127.0.0.1');

  let clientDone = false;
  const felt = async () => {
    if (phase === 'away') return /connection refused/i.test((await status()).flow.upstream.last_error ?? '');
    if (phase === 'hang') return /time|answer/i.test((await status()).flow.upstream.last_error ?? '') && atSink().some(r => r.mode === 'hang');
    return atSink().filter(r => r.mode === phase).length >= 2;
  };
  const story = (async () => {
    await until('requests of the client', () => clientDone || acknowledged().length >= 2, PATIENCE_MS);
    for (phase of PHASES) {
      const before = acknowledged().length;
      if (phase === 'away') { sink.kill('SIGKILL'); await sink.gone; } else await mode(phase);
      await until(`the phase ${phase}`, async () => (clientDone || acknowledged().length >= before + 2) && await felt(), PATIENCE_MS);
    }
    phase = 'ok again';
    await openSink();
  })();

  /* --finish asks this one, over a socket of its own. */
  http.createServer(async (q, r) => {
    clientDone = true;
    let result;
    try {
      await story;
      await until('the queue', async () => { const f = (await status()).flow; return f.queued.requests === 0 && f.forwarded.requests >= acknowledged().length; }, PATIENCE_MS);
      const last = await until('the model', async () => { const s = await status(); return !s.catching_up && s; });
      server.kill('SIGTERM'); await server.gone;
      result = { witnessed, received: atSink().map(({ mode: m, transport, path: p, sha256, bytes }) => ({ mode: m, transport, path: p, sha256, bytes })), status: last, code: server.code };
    } catch (e) {
      result = { error: e.stack, phase, status: await status().catch(() => null) };
    }
    r.end(JSON.stringify(result));
  }).listen(path.join(folder, 'finish.sock'));
}

if (process.argv[2] === '--finish') {
  const r = await request('http://x/', { socketPath: path.join(process.argv[3], 'finish.sock') });
  console.log(`\nRESULT ${r.body}`);
} else await inside(process.argv[2], process.argv[3]);
