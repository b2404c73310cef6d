// Synthesised traces, decoded by OpenTelemetry's own protobuf classes: what they say is what the decoder of the other tests
// reads, by HTTP and by gRPC.
//
//   node synthesis.mjs CLAUDE_TOP
import fs from 'node:fs';
import path from 'node:path';
import { assert, captures, readLines, request, run, test } from '../tools/tap.mjs';
import { spansOf } from '../tools/otlp-spans.mjs';
import { env, here, python, serve, sink } from './harness.mjs';

const requestsOf = name => readLines(path.join(captures, name, 'requests.jsonl'))
  .map(r => ({ ...r, bytes: fs.readFileSync(path.join(captures, name, r.body)) }));
// The recordings of the interceptor have one session id: of those, one.
const names = fs.readdirSync(captures).sort().filter(n => requestsOf(n).every(r => r.transport === 'http'))
  .filter(n => !n.startsWith('interceptor-') || n === 'interceptor-permission');
const isOurs = r => (r.headers['user-agent'] ?? '').includes('claude-top/');

for (const protocol of ['http', 'grpc']) {
  test(`all of every capture, by ${protocol}`, async t => {
    const interpreter = await python();
    const up = await sink(t);
    const s = await serve(t, { ...up, url: protocol === 'http' ? up.url : '', grpc: protocol === 'grpc' ? up.grpc : '' },
      { extra: ['--synthesize', 'always', '--synthesize-content', 'always', '--synthesize-delay', '10m', '--journal', 'memory'] });
    for (const n of names) for (const r of requestsOf(n)) {
      const answer = await request(`http://${s.http}${r.path}`, { headers: r.headers, body: r.bytes });
      assert.equal(answer.status, 200, answer.body.toString());
    }
    await s.when(f => f.queued.requests === 0 && f.synthesis.sessions >= names.length);
    await s.stop(); /* nobody goes on: everything goes */
    const ours = up.received().filter(isOurs);
    assert.ok(ours.length >= names.length, `${ours.length} requests`);
    const files = ours.map(r => t.path('sink', String(r.n).padStart(6, '0')));
    const c = await t.run(interpreter, [path.join(here, 'decode_spans.py'), protocol, ...files], env);
    assert.equal(c.code, 0, c.err);
    const theirs = c.out.trim().split('\n').map(l => JSON.parse(l));
    const mine = files.flatMap(f => spansOf(fs.readFileSync(f).subarray(protocol === 'grpc' ? 5 : 0)));
    assert.ok(mine.length > 250, `${mine.length} spans`);
    assert.deepEqual(theirs, mine.map(x => ({ ...x, start: String(x.start), end: String(x.end),
      events: x.events.map(e => ({ name: e[2].toString(), time: String(e[1]) })) })));
    for (const x of theirs) {
      assert.equal(x.scope, 'claude-top');
      assert.ok(x.traceId.length === 32 && x.spanId.length === 16 && [0, 16].includes(x.parentSpanId.length) && x.flags === 1);
      assert.ok([1, 3].includes(x.kind) && [0, 2].includes(x.status) && BigInt(x.end) >= BigInt(x.start));
    }
    assert.ok(theirs.some(x => x.events.length > 1) && theirs.some(x => x.links.length) && theirs.some(x => x.status === 2));
  });
}

await run();
