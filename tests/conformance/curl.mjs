// curl: chunked bodies, Expect: 100-continue, HTTP/2 with and without upgrade, compressed bodies.
//
//   node curl.mjs CLAUDE_TOP
import fs from 'node:fs';
import zlib from 'node:zlib';
import { assert, run, skip, test } from '../tools/tap.mjs';
import { assertFlow, env, installed, serve, sink } from './harness.mjs';

const SPANS = 400;
const span = i => ({ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', name: `span ${i}`, startTimeUnixNano: '1544712660000000000',
  endTimeUnixNano: '1544712661000000000', attributes: [{ key: 'padding', value: { stringValue: 'x'.repeat(1000) } }] });
const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: Array.from({ length: SPANS }, (_, i) => span(i)) }] }] });

async function post(t, address, data, args) {
  fs.writeFileSync(t.path('body'), data);
  const c = await t.run('curl', ['-q', '-v', '--silent', '--show-error', '--max-time', '30', '-H', 'Content-Type: application/json', ...args,
    '--data-binary', `@${t.path('body')}`, '-w', '\n%{http_code} %{http_version}', `http://${address}/v1/traces`], env);
  assert.equal(c.code, 0, c.err);
  const [code, version] = c.out.trim().split('\n').at(-1).split(' ');
  assert.equal(code, '200', c.out);
  return { version, log: c.err };
}

const ways = [
  ['a body with its length', [], '1.1'],
  ['a chunked body', ['-H', 'Transfer-Encoding: chunked'], '1.1'],
  ['Expect: 100-continue', ['-H', 'Expect: 100-continue', '--expect100-timeout', '20'], '1.1'],
  ['a chunked body with Expect: 100-continue', ['-H', 'Transfer-Encoding: chunked', '-H', 'Expect: 100-continue', '--expect100-timeout', '20'], '1.1'],
  ['HTTP/1.0', ['--http1.0'], '1.1?'],
  ['HTTP/2 with prior knowledge', ['--http2-prior-knowledge'], '2'],
  ['HTTP/2 offered by Upgrade', ['--http2'], '1.1?'],
];
for (const [name, args, version] of ways) {
  test(`curl, ${name}, on both ports`, async t => {
    const features = await installed('curl');
    if (args.some(a => a.startsWith('--http2')) && !/HTTP2/.test(features)) skip('this curl has no HTTP/2');
    const up = await sink(t), s = await serve(t, up);
    for (const address of [s.http, s.grpc]) {
      const r = await post(t, address, body, args);
      if (!version.endsWith('?')) assert.equal(r.version, version);
      /* curl waits 20 s for it, and then sends all the same. */
      if (args.includes('Expect: 100-continue')) assert.match(r.log, /< HTTP\/1\.1 100 Continue/);
      if (args.includes('Transfer-Encoding: chunked')) assert.match(r.log, /> Transfer-Encoding: chunked/);
    }
    const flow = await assertFlow(s, up, { spans: 2 * SPANS });
    assert.equal(flow.forwarded.bytes, 2 * body.length);
    for (const r of up.received()) assert.equal(up.body(r).toString(), body);
    await s.stop();
  });
}

for (const encoding of ['gzip', 'zstd']) {
  test(`curl, a chunked body in ${encoding}`, async t => {
    await installed('curl');
    const up = await sink(t), s = await serve(t, up);
    let data;
    if (encoding === 'gzip') data = zlib.gzipSync(body);
    else {
      await installed('zstd');
      fs.writeFileSync(t.path('plain'), body);
      const z = await t.run('zstd', ['-q', t.path('plain'), '-o', t.path('plain.zst')]);
      assert.equal(z.code, 0, z.err);
      data = fs.readFileSync(t.path('plain.zst'));
    }
    await post(t, s.http, data, ['-H', `Content-Encoding: ${encoding}`, '-H', 'Transfer-Encoding: chunked']);
    await assertFlow(s, up, { spans: SPANS });
    const [r] = up.received();
    assert.deepEqual([r.headers['content-encoding'], r.bytes], [encoding, data.length]);
    assert.ok(up.body(r).equals(data));
    await s.stop();
  });
}

test('curl, 50 requests on one kept connection', async t => {
  await installed('curl');
  const up = await sink(t), s = await serve(t, up);
  fs.writeFileSync(t.path('body'), body);
  const one = ['-q', '--silent', '--show-error', '--max-time', '30', '-H', 'Content-Type: application/json', '--data-binary', `@${t.path('body')}`,
    '-w', '%{http_code} %{num_connects}\n', '-o', '/dev/null', `http://${s.http}/v1/traces`];
  const c = await t.run('curl', Array.from({ length: 50 }, (_, i) => (i ? ['--next', ...one.slice(1)] : one)).flat(), env);
  assert.equal(c.code, 0, c.err);
  assert.deepEqual(c.out.trim().split('\n'), ['200 1', ...Array(49).fill('200 0')]);
  await assertFlow(s, up, { spans: 50 * SPANS });
  await s.stop();
});

await run();
