// A real OpenTelemetry Collector in front of claude-top and behind it.
//
//   node collector.mjs CLAUDE_TOP
import fs from 'node:fs';
import zlib from 'node:zlib';
import { assert, request, run, test, until } from '../tools/tap.mjs';
import { assertFlow, collector, env, freePort, serve, sink } from './harness.mjs';

const BATCHES = 60, SPANS = 20;

/* Request number n with SPANS spans; each name is there once. */
const spansOf = n => Array.from({ length: SPANS }, (_, i) => `batch ${n} span ${i};`);
const traces = n => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: spansOf(n).map((name, i) => ({
  traceId: n.toString(16).padStart(32, 'a'), spanId: i.toString(16).padStart(16, 'b'), name, kind: 1,
  startTimeUnixNano: '1544712660000000000', endTimeUnixNano: '1544712661000000000' })) }] }] });
const allNames = Array.from({ length: BATCHES }, (_, n) => spansOf(n)).flat().sort();

async function send(address, n) {
  const r = await request(`http://${address}/v1/traces`, { headers: { 'content-type': 'application/json' }, body: traces(n) });
  assert.equal(r.status, 200, r.body.toString());
}

/** A collector that receives on both transports and exports with exporter, { name: settings }; its queue is on disk. */
async function collect(t, name, exporter, ports) {
  const binary = await collector();
  const http = ports?.http ?? await freePort(), grpc = ports?.grpc ?? await freePort();
  const storage = t.path(`${name}-queue`);
  fs.mkdirSync(storage, { recursive: true });
  const [kind] = Object.keys(exporter);
  const config = {
    extensions: { file_storage: { directory: storage, fsync: true } },
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${http}` }, grpc: { endpoint: `127.0.0.1:${grpc}` } } } },
    exporters: { [kind]: { ...exporter[kind],
      sending_queue: { enabled: true, storage: 'file_storage', num_consumers: 1, queue_size: 100000 },
      retry_on_failure: { enabled: true, initial_interval: '100ms', max_interval: '300ms', max_elapsed_time: '0s' } } },
    service: { extensions: ['file_storage'], telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: { receivers: ['otlp'], exporters: [kind] } } },
  };
  fs.writeFileSync(t.path(`${name}.json`), JSON.stringify(config));
  const p = t.start(binary, ['--config', t.path(`${name}.json`)], env);
  p.ports = { http, grpc };
  p.http = `127.0.0.1:${http}`; p.grpc = `127.0.0.1:${grpc}`;
  await until('the collector', () => p.over || /Everything is ready/.test(p.err), 60000);
  assert.ok(!p.over, p.err);
  p.stop = async signal => { p.kill(signal); await p.ended; };
  return p;
}

const exporters = (address, compression) => ({
  otlp: { otlp: { endpoint: address.grpc, compression, tls: { insecure: true } } },
  otlphttp: { otlphttp: { endpoint: `http://${address.http}`, compression } },
});

for (const kind of ['otlp', 'otlphttp']) {
  for (const compression of ['none', 'gzip', 'zstd']) {
    test(`in front: the ${kind} exporter, compression ${compression}`, async t => {
      await collector();
      const up = await sink(t), s = await serve(t, up);
      const c = await collect(t, 'front', { [kind]: exporters(s, compression)[kind][kind] });
      for (let n = 0; n < BATCHES; n++) await send(c.http, n);
      await s.when(f => f.received.spans >= BATCHES * SPANS);
      await assertFlow(s, up, { spans: BATCHES * SPANS });
      await c.stop('SIGTERM');
      await s.stop();
    });
  }

  test(`in front: the ${kind} exporter keeps what we were not there for, over its own kill -9`, async t => {
    await collector();
    const at = { http: await freePort(), grpc: await freePort() };
    const address = { http: `127.0.0.1:${at.http}`, grpc: `127.0.0.1:${at.grpc}` };
    const exporter = { [kind]: exporters(address, 'gzip')[kind][kind] };
    let c = await collect(t, 'front', exporter);
    for (let n = 0; n < BATCHES / 2; n++) await send(c.http, n);
    await c.stop('SIGKILL');
    c = await collect(t, 'front', exporter, c.ports);
    for (let n = BATCHES / 2; n < BATCHES; n++) await send(c.http, n);
    const up = await sink(t), s = await serve(t, up, at);
    await s.when(f => f.received.spans >= BATCHES * SPANS);
    await assertFlow(s, up, { spans: BATCHES * SPANS });
    await c.stop('SIGTERM');
    await s.stop();
  });
}

/* Which spans stand in what reached the sink, protobuf, uncompressed or gzip: their names end in a mark. */
const namesIn = up => up.received().flatMap(r => {
  const body = up.body(r), flag = r.transport === 'grpc' ? body[0] : r.headers['content-encoding'] === 'gzip';
  const message = r.transport === 'grpc' ? body.subarray(5) : body;
  return (flag ? zlib.gunzipSync(message) : message).toString('latin1').match(/batch \d+ span \d+;/g) ?? [];
});

for (const kind of ['otlp', 'otlphttp']) {
  test(`in front: the ${kind} exporter, while we are killed by kill -9 three times; behind us a sink that is away at first`, async t => {
    await collector();
    const at = { http: await freePort(), grpc: await freePort() };
    const c = await collect(t, 'front', { [kind]: exporters({ http: `127.0.0.1:${at.http}`, grpc: `127.0.0.1:${at.grpc}` }, 'gzip')[kind][kind] });
    const behind = { http: await freePort(), grpc: await freePort() };
    const upstream = { url: `http://127.0.0.1:${behind.http}`, grpc: `http://127.0.0.1:${behind.grpc}` };
    let n = 0;
    for (let life = 0; life < 3; life++) {
      const s = await serve(t, upstream, at);
      const end = n + BATCHES / 6;
      /* In the middle of what is sent, with some of it acknowledged. */
      const sending = (async () => { for (; n < end; n++) await send(c.http, n); })();
      await s.when(f => f.received.requests > 0);
      s.kill('SIGKILL');
      await Promise.all([sending, s.ended]);
    }
    const up = await sink(t, behind), s = await serve(t, upstream, at);
    for (; n < BATCHES; n++) await send(c.http, n);
    const names = await until('all of it at the sink', () => { const seen = namesIn(up); return new Set(seen).size === BATCHES * SPANS && seen; }, 60000);
    assert.deepEqual([...new Set(names)].sort(), allNames);
    /* Twice only where the kill came between our keeping it and the collector's hearing of it, or between the sink and us. */
    assert.ok(names.length <= 2 * BATCHES * SPANS, `${names.length}`);
    const flow = await s.when(f => f.queued.requests === 0);
    assert.deepEqual([flow.refused, flow.dropped, flow.upstream_rejected, flow.decode_errors], [{}, 0, 0, 0]);
    await c.stop('SIGTERM');
    await s.stop();
  });
}

/* What the collector behind us hands on, as JSON, uncompressed: the names of all spans. */
const namesAt = up => up.received().map(r => JSON.parse(r.headers['content-encoding'] === 'gzip' ? zlib.gunzipSync(up.body(r)) : up.body(r)))
  .flatMap(b => b.resourceSpans).flatMap(r => r.scopeSpans).flatMap(x => x.spans).map(x => x.name);
const onward = up => ({ otlphttp: { endpoint: up.url, encoding: 'json', compression: 'none' } });

/* The same by gRPC, from what a collector in front of us makes of it. */
for (const transport of ['http', 'grpc']) {
  test(`behind: the ${transport} receiver, going away by kill -9 and coming back in the middle`, async t => {
    await collector();
    const end = await sink(t);
    let behind = await collect(t, 'behind', onward(end));
    const s = await serve(t, { url: `http://${behind.http}`, grpc: `http://${behind.grpc}` });
    const front = transport === 'grpc' ? await collect(t, 'front', { otlp: exporters(s, 'gzip').otlp.otlp }) : { http: s.http };
    let n = 0;
    for (; n < BATCHES / 3; n++) await send(front.http, n);
    await s.when(f => f.forwarded.requests > 0);
    await behind.stop('SIGKILL');
    for (; n < 2 * BATCHES / 3; n++) await send(front.http, n);
    await s.when(f => f.received.spans === n * SPANS && f.queued.requests > 0 && f.retries > 0);
    behind = await collect(t, 'behind', onward(end), behind.ports);
    for (; n < BATCHES; n++) await send(front.http, n);
    const flow = await s.when(f => f.received.spans === BATCHES * SPANS && f.queued.requests === 0 && f.forwarded.requests === f.received.requests);
    assert.deepEqual([flow.refused, flow.dropped, flow.upstream_rejected, flow.decode_errors], [{}, 0, 0, 0]);
    assert.equal(flow.upstreams.find(u => u.protocol === transport).forwarded.requests, flow.forwarded.requests);
    const names = await until('all of it behind the collector', () => {
      const seen = namesAt(end);
      return new Set(seen).size === BATCHES * SPANS && seen;
    }, 30000);
    assert.deepEqual([...new Set(names)].sort(), allNames);
    await behind.stop('SIGTERM');
    await s.stop();
  });
}

await run();
