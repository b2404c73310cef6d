// The exporters of the OpenTelemetry SDK for JavaScript, and grpc-node by itself.
//
//   node javascript.mjs CLAUDE_TOP
import { createRequire } from 'node:module';
import path from 'node:path';
import { assert, run, test, until } from '../tools/tap.mjs';
import { assertFlow, env, here, javascript, serve, sink } from './harness.mjs';

const COUNT = 250;
/* Read by grpc-node when it is loaded; says nothing until the verbosity is raised. */
process.env.GRPC_TRACE = 'keepalive,transport';

async function exportAll(t, s, protocol, compression, port) {
  const c = await t.run('node', [path.join(here, 'otel_client.mjs'), await javascript(), protocol, compression, s[port], String(COUNT)], env);
  assert.equal(c.code, 0, c.err);
}

for (const protocol of ['http', 'proto', 'grpc']) for (const compression of ['none', 'gzip']) {
  const name = { http: 'http/json', proto: 'http/protobuf', grpc: 'grpc' }[protocol];
  test(`JavaScript SDK, ${name}, compression ${compression}, on both ports`, async t => {
    await javascript();
    const up = await sink(t), s = await serve(t, up);
    await exportAll(t, s, protocol, compression, 'http');
    await exportAll(t, s, protocol, compression, 'grpc');
    await assertFlow(s, up, { spans: 2 * COUNT, logs: 2 * COUNT, metric_points: 2 * COUNT });
    for (const r of up.received()) {
      assert.equal(r.transport, protocol === 'grpc' ? 'grpc' : 'http');
      assert.match(r.headers['user-agent'], /OTel-OTLP-Exporter-JavaScript/);
      assert.equal(r.headers['content-encoding'] ?? r.headers['grpc-encoding'], compression === 'gzip' ? 'gzip' : undefined);
    }
    await s.stop();
  });
}

/* An ExportTraceServiceRequest of n spans without anything in them, padded to be long. */
function tracesRequest(n, padding = 0) {
  const varint = v => { const b = []; for (; v > 127; v = Math.floor(v / 128)) b.push(v % 128 + 128); return Buffer.from([...b, v]); };
  const field = (number, body) => Buffer.concat([Buffer.from([number * 8 + 2]), varint(body.length), body]);
  const span = Buffer.concat([field(1, Buffer.alloc(16, 1)), field(2, Buffer.alloc(8, 2)), field(5, Buffer.alloc(1 + padding, 'n'))]);
  return field(1, field(2, Buffer.concat(Array.from({ length: n }, () => field(2, span)))));
}

async function grpcClient(s, options) {
  const grpc = createRequire(path.join(await javascript(), 'package.json'))('@grpc/grpc-js');
  const client = new grpc.Client(s.grpc, grpc.credentials.createInsecure(), options);
  const raw = x => x;
  const call = (method, body, metadata = {}, callOptions = {}) => new Promise(resolve => {
    const m = new grpc.Metadata();
    for (const [k, v] of Object.entries(metadata)) m.set(k, v);
    client.makeUnaryRequest(method, raw, raw, body, m, { deadline: Date.now() + 30000, ...callOptions },
      (error, reply) => resolve({ code: error?.code ?? 0, details: error?.details ?? '', reply }));
  });
  return { grpc, client, call };
}
const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

/* What grpc-node says of its keep-alive. */
function listen(grpc) {
  const heard = { sent: 0, answered: 0, gone: 0 };
  const seen = (...words) => {
    const line = words.join(' ');
    if (/keepalive.*Sending ping/i.test(line)) heard.sent++;
    if (/keepalive.*Received ping response/i.test(line)) heard.answered++;
    if (/GOAWAY|session closed|connection dropped/i.test(line)) heard.gone++;
  };
  grpc.setLogVerbosity(grpc.logVerbosity.DEBUG);
  grpc.setLogger({ error: seen, info: seen, debug: seen });
  return heard;
}

/* src/otlp/h2_guard.h lets 100 pings by in 10 seconds. */
test('grpc-node, keep-alive pings every 50 ms, with calls between them', async t => {
  await javascript();
  const up = await sink(t), s = await serve(t, up);
  const { grpc, client, call } = await grpcClient(s, { 'grpc.keepalive_time_ms': 50, 'grpc.keepalive_timeout_ms': 5000, 'grpc.keepalive_permit_without_calls': 1 });
  const heard = listen(grpc), rounds = 3;
  for (let i = 0; i < rounds; i++) {
    const reply = await call(TRACES, tracesRequest(3));
    assert.equal(reply.code, 0, reply.details);
    const before = heard.answered;
    await until('10 pings answered', () => heard.answered >= before + 10 || heard.gone);
  }
  assert.equal(heard.gone, 0);
  assert.ok(heard.sent >= heard.answered && heard.answered >= 10 * rounds, JSON.stringify(heard));
  client.close();
  await assertFlow(s, up, { spans: 3 * rounds });
  await s.stop();
});

test('grpc-node, keep-alive pings without end: sent away, counted, taken in again; no call is lost that was answered', async t => {
  await javascript();
  const up = await sink(t), s = await serve(t, up);
  const { grpc, client, call } = await grpcClient(s, { 'grpc.keepalive_time_ms': 1, 'grpc.keepalive_timeout_ms': 5000, 'grpc.keepalive_permit_without_calls': 1 });
  const heard = listen(grpc);
  let taken = 0, failed = 0;
  const flow = await until('the flood', async () => {
    const reply = await call(TRACES, tracesRequest(3));
    /* The last of these is what it makes of ENHANCE_YOUR_CALM. */
    assert.ok([grpc.status.OK, grpc.status.UNAVAILABLE, grpc.status.RESOURCE_EXHAUSTED].includes(reply.code), `${reply.code} ${reply.details}`);
    if (reply.code === grpc.status.OK) taken++; else failed++;
    const f = await s.flow();
    return f.refused.flood && heard.gone && f;
  }, 60000);
  assert.ok(heard.answered >= 50, JSON.stringify(heard));
  assert.deepEqual(Object.keys(flow.refused), ['flood']);
  await until('a call on a new connection', async () => {
    const { code } = await call(TRACES, tracesRequest(3));
    if (code === grpc.status.OK) taken++; else failed++;
    return code === grpc.status.OK;
  });
  client.close();
  /* What was refused or broke off may still have been taken. */
  const last = await s.when(f => f.received.spans >= 3 * taken && f.forwarded.requests === f.received.requests);
  assert.ok(last.received.spans <= 3 * (taken + failed), `${last.received.spans} spans, ${taken} calls answered, ${failed} not`);
  assert.equal((await up.stats()).ok, last.forwarded.requests);
  await s.stop();
});

test('grpc-node, 300 calls of 100 kB at once on one connection', async t => {
  await javascript();
  const up = await sink(t), s = await serve(t, up);
  const { client, call } = await grpcClient(s, {});
  const body = tracesRequest(100, 1000);
  const replies = await Promise.all(Array.from({ length: 300 }, () => call(TRACES, body)));
  assert.deepEqual([...new Set(replies.map(r => `${r.code} ${r.details}`))], ['0 ']);
  await assertFlow(s, up, { spans: 30000 });
  client.close();
  await s.stop();
});

test('grpc-node understands what is refused', async t => {
  await javascript();
  const s = await serve(t, null);
  const { grpc, client, call } = await grpcClient(s, {});
  for (const [method, body, code] of [
    ['/opentelemetry.proto.collector.trace.v1.TraceService/Import', tracesRequest(1), grpc.status.UNIMPLEMENTED],
    ['/grpc.health.v1.Health/Check', Buffer.alloc(0), grpc.status.UNIMPLEMENTED],
    [TRACES, Buffer.from([0xff, 0xff, 0xff]), grpc.status.INVALID_ARGUMENT],
  ]) {
    const r = await call(method, body);
    assert.equal(r.code, code, `${method}: ${r.code} ${r.details}`);
    assert.notEqual(r.details, '');
  }
  assert.equal((await call(TRACES, tracesRequest(1))).code, 0, 'the connection goes on');
  client.close();
  await s.stop();
});

await run();
