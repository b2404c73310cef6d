// telemetrygen, which exports with the OpenTelemetry SDK for Go.
//
//   node go.mjs CLAUDE_TOP
import { assert, run, test } from '../tools/tap.mjs';
import { assertFlow, env, serve, sink, telemetrygen } from './harness.mjs';

const COUNT = 200;
/* A trace of telemetrygen is a parent and one child. */
const signals = { traces: { spans: 2 * COUNT }, logs: { logs: COUNT }, metrics: { metric_points: COUNT } };

for (const transport of ['http', 'grpc']) for (const compression of ['none', 'gzip']) for (const [signal, want] of Object.entries(signals)) {
  test(`telemetrygen ${signal}, ${transport}, compression ${compression}, on both ports`, async t => {
    const generator = await telemetrygen();
    const up = await sink(t), s = await serve(t, up);
    const half = COUNT / 2;
    for (const address of [s.http, s.grpc]) {
      const g = await t.run(generator, [signal, '--otlp-insecure', '--otlp-endpoint', address, '--rate', '0', '--workers', '1', `--${signal}`, String(half),
        ...(transport === 'http' ? ['--otlp-http', '--otlp-http-url-path', `/v1/${signal}`] : [])], { ...env, OTEL_EXPORTER_OTLP_COMPRESSION: compression });
      assert.equal(g.code, 0, g.err + g.out);
    }
    /* Ours is the one left: what the generator said on closing is taken in as well. */
    await s.when(f => f.connections_open === 1);
    await assertFlow(s, up, want);
    for (const r of up.received()) {
      assert.equal(r.transport, transport);
      if (transport === 'http') assert.equal(r.headers['content-encoding'], compression === 'gzip' ? 'gzip' : undefined);
      else assert.equal(up.body(r)[0], compression === 'gzip' ? 1 : 0, 'the flag of the message');
    }
    await s.stop();
  });
}

await run();
