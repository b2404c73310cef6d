// The exporters of the OpenTelemetry SDK for Java, which speak HTTP/2 through OkHttp.
//
//   node java.mjs CLAUDE_TOP
import { assert, run, test } from '../tools/tap.mjs';
import { assertFlow, env, java, serve, sink } from './harness.mjs';

const COUNT = 250;

for (const protocol of ['http', 'grpc']) for (const compression of ['none', 'gzip']) {
  test(`Java SDK, ${protocol === 'http' ? 'http/protobuf' : 'grpc'}, compression ${compression}, on both ports`, async t => {
    const classes = await java();
    const up = await sink(t), s = await serve(t, up);
    for (const address of [s.http, s.grpc]) {
      const c = await t.run('java', ['-cp', classes, 'OtelClient', protocol, compression, address, String(COUNT)], env);
      assert.equal(c.code, 0, c.err);
    }
    const flow = await assertFlow(s, up, { spans: 2 * COUNT, logs: 2 * COUNT, metric_points: 2 * COUNT });
    for (const r of up.received()) {
      assert.equal(r.transport, protocol);
      assert.match(r.headers['user-agent'], /OTel-OTLP-Exporter-Java\//);
      if (protocol === 'http') assert.equal(r.headers['content-encoding'], compression === 'gzip' ? 'gzip' : undefined);
      else assert.equal(up.body(r)[0], compression === 'gzip' ? 1 : 0, 'the flag of the message');
    }
    assert.equal(flow.clients.length, 1);
    await s.stop();
  });
}

await run();
