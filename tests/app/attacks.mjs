// Attacks on the whole program: each is answered with its status and counted by name, what it costs is bounded, and a
// well-behaved sender is served all the while.
//
//   node attacks.mjs CLAUDE_TOP
import fs from 'node:fs';
import net from 'node:net';
import zlib from 'node:zlib';
import { assert, request, run, test, until } from '../tools/tap.mjs';

const program = process.argv[2];
const MIB = 1024 * 1024;
const BODY = 8 * MIB, BUDGET = 32 * MIB;
// Bodies in flight, what one inflates to, and what cJSON makes of one (json_nodes of 128 bytes); and as much again for
// the allocator, which gives back when it likes.
const NODES = 200000;
const PEAK = 2 * (BUDGET + 3 * BODY + NODES * 128);

const log = inside => `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{${inside}}]}]}]}`;
const good = log('"severityText":"fine"');
const json = { 'content-type': 'application/json' }, pb = { 'content-type': 'application/x-protobuf' };
const gzip = { ...pb, 'content-encoding': 'gzip' };

/** A protobuf field of that many empty messages, below the given path of fields. */
function fields(path, field, count) {
  const varint = n => { const out = []; for (; n > 127; n = Math.floor(n / 128)) out.push((n % 128) | 128); return Buffer.from([...out, n]); };
  let body = Buffer.alloc(2 * count);
  for (let i = 0; i < count; i++) body[2 * i] = field << 3 | 2;
  for (const f of [...path].reverse()) body = Buffer.concat([Buffer.from([f << 3 | 2]), varint(body.length), body]);
  return body;
}

const bombs = [
  ['gzip that inflates to 64 MiB', 413, 'inflated_size', gzip, zlib.gzipSync(Buffer.alloc(64 * MIB))],
  ['gzip in gzip', 400, 'decode', gzip, zlib.gzipSync(zlib.gzipSync(Buffer.alloc(64 * MIB)))],
  ['gzip that is cut off', 400, 'bad_compression', gzip, zlib.gzipSync(Buffer.alloc(1000)).subarray(0, 15)],
  ['values 10,000 deep in JSON', 400, 'nesting', json,
    log('"body":' + '{"arrayValue":{"values":['.repeat(10000) + '{}' + ']}}'.repeat(10000))],
  ['a million brackets', 400, 'nesting', json, '['.repeat(MIB)],
  ['a million attributes in JSON', 413, 'records', json, log('"attributes":[{}' + ',{}'.repeat(MIB) + ']')],
  ['too many attributes in JSON', 413, 'attributes', json, log('"attributes":[{}' + ',{}'.repeat(2000) + ']')],
  ['a million attributes in protobuf', 413, 'attributes', pb, fields([1, 2, 2], 6, MIB)],
  ['an array bomb', 413, 'attributes', pb, fields([1, 2, 2, 5, 5], 1, MIB)],
  ['a million records', 413, 'records', pb, fields([1, 2], 2, MIB)],
  ['a body over the limit', 413, 'body_size', pb, Buffer.alloc(BODY + 1)],
  ['bytes that are no OTLP', 400, 'decode', pb, Buffer.alloc(1000, 0xff)],
  ['an unknown coding', 400, 'content_encoding', { ...pb, 'content-encoding': 'br' }, 'x'],
  ['an unknown type', 415, 'content_type', { 'content-type': 'text/html' }, 'x'],
];

const P = 'POST /v1/logs HTTP/1.1\r\nHost: localhost\r\n';
const raws = [
  ['CL with TE', 400, 'smuggling', P + 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['two CLs', 400, 'smuggling', P + 'Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello'],
  ['obs-fold', 400, 'smuggling', P + 'X: y\r\n z\r\n\r\n'],
  ['a huge header', 431, 'headers', P + 'X: ' + 'x'.repeat(100000)],
  ['many headers', 431, 'headers', P + 'X: y\r\n'.repeat(1000) + '\r\n'],
  ['chunk extensions', 400, 'malformed', P + 'Transfer-Encoding: chunked\r\n\r\n1;' + 'e'.repeat(10000)],
  ['what is no HTTP', 400, 'malformed', '\x01\x02\x03\r\n\r\n'],
];

/** The status of the answer to raw bytes. */
function raw(port, bytes) {
  return new Promise((yes, no) => {
    let text = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setTimeout(20000, () => no(new Error('no answer')));
    socket.on('data', d => { text += d; });
    socket.on('error', () => {});
    socket.on('close', () => yes(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])));
    socket.on('end', () => socket.end());
  });
}

async function serve(t) {
  const sanitized = (process.env.ASAN_OPTIONS ?? '') + ':quarantine_size_mb=8';
  const p = t.start(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '', '--state-dir', t.path('state'), '--socket', t.path('s.sock'),
    '--limit-body-bytes', String(BODY), '--limit-inflated-bytes', String(BODY), '--limit-budget-bytes', String(BUDGET),
    '--limit-json-nodes', String(NODES), '--limit-header-time', '2s', '--limit-idle-time', '2s'], { ASAN_OPTIONS: sanitized });
  await until('the ready line', () => p.over || /^ready .*\n/m.test(p.out));
  p.url = `http://${/^ready http=(\S*)/m.exec(p.out)?.[1]}`;
  p.port = Number(new URL(p.url).port);
  p.flow = async () => JSON.parse((await request('http://x/status', { method: 'GET', socketPath: t.path('s.sock') })).body).flow;
  p.peak = () => Number(/VmHWM:\s*(\d+)/.exec(fs.readFileSync(`/proc/${p.pid}/status`, 'utf8'))?.[1]) * 1024;
  p.post = async (headers, body) => (await request(`${p.url}/v1/logs`, { headers, body })).status;
  return p;
}

/** Somebody who means well, from now until stop(); which says how many requests were answered with what. */
function bystander(s) {
  const answers = {};
  let stopped = false;
  const done = (async () => {
    while (!stopped) { const status = await s.post(json, good); answers[status] = (answers[status] ?? 0) + 1; }
  })();
  return { stop: async () => { stopped = true; await done; return answers; } };
}

async function expect(s, attacks, send) {
  for (const [name, status, why, ...what] of attacks) {
    const before = (await s.flow()).refused[why] ?? 0;
    assert.equal(await send(...what), status, name);
    assert.equal((await s.flow()).refused[why], before + 1, `${name}: flow.refused.${why}`);
  }
}

test('bombs and malformed requests are refused by name, and others are served', async t => {
  const s = await serve(t);
  assert.equal(await s.post(json, good), 200);
  const base = s.peak(), other = bystander(s);
  await expect(s, bombs, (headers, body) => s.post(headers, body));
  await expect(s, raws, bytes => raw(s.port, bytes));
  const answers = await other.stop();
  assert.deepEqual(Object.keys(answers), ['200']);
  const flow = await s.flow();
  assert.equal(flow.budget.used_bytes, 0);
  assert.ok(s.peak() - base < PEAK, `${(s.peak() - base) / MIB} MiB`);
  s.kill('SIGTERM');
  await s.ended;
  assert.equal(s.code, 0, s.err);
});

test('half requests fill the budget, end in time, and leave room for small ones', async t => {
  const s = await serve(t);
  assert.equal(await s.post(json, good), 200);
  const base = s.peak(), other = bystander(s);
  const head = `${P}Content-Type: application/x-protobuf\r\nContent-Length: ${BODY}\r\n\r\n`;
  const half = Buffer.concat([Buffer.from(head), Buffer.alloc(BODY / 2 + 1)]);
  const statuses = await Promise.all(Array.from({ length: 20 }, () => raw(s.port, half)));
  const flow = await s.flow();
  assert.ok(statuses.every(status => status === 503 || status === 408), String(statuses));
  assert.ok(flow.refused.overload > 10 && flow.refused.timeout > 0, JSON.stringify(flow.refused));
  assert.equal(flow.budget.used_bytes, 0);
  assert.deepEqual(Object.keys(await other.stop()), ['200']);
  assert.ok(s.peak() - base < PEAK, `${(s.peak() - base) / MIB} MiB`);
  s.kill('SIGTERM');
  await s.ended;
  assert.equal(s.code, 0, s.err);
});

run();
