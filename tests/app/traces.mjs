// Synthesised traces of the whole program, read by a decoder of its own: what is in them, when they come, that they come
// once whatever happens, and that what is forwarded beside them is what was sent.
//
//   node traces.mjs CLAUDE_TOP
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import path from 'node:path';
import crypto from 'node:crypto';
import { assert, captures, readLines, request, root, run, test, until } from '../tools/tap.mjs';
import { spansOf, treeOf } from '../tools/otlp-spans.mjs';

const program = process.argv[2];
const sha = b => crypto.createHash('sha256').update(b).digest('hex');
const requestsOf = name => readLines(path.join(captures, name, 'requests.jsonl'))
  .map(r => ({ ...r, bytes: fs.readFileSync(path.join(captures, name, r.body)) }));
const expected = name => JSON.parse(fs.readFileSync(path.join(captures, name, 'expected.json'), 'utf8')).sessions;
const isOurs = q => (q.headers['user-agent'] ?? '').includes('claude-top/');
const idOf = s => s.traceId + s.spanId;

/** A collector by OTLP/HTTP; answer(request, response) as it likes. */
class Sink {
  taken = [];
  answer = (q, r) => { this.taken.push(q); r.end(); };
  async start() {
    this.server = http.createServer((q, r) => {
      const parts = [];
      q.on('data', d => parts.push(d));
      q.on('end', () => this.answer({ path: q.url, headers: q.headers, body: Buffer.concat(parts) }, r));
    });
    await new Promise(f => this.server.listen(0, '127.0.0.1', f));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }
  stop() { this.server.closeAllConnections(); return new Promise(f => this.server.close(f)); }
  ours() { return this.taken.filter(isOurs); }
  spans() { return this.ours().flatMap(q => spansOf(q.body)); }
  named(prefix) { return this.spans().filter(s => s.name.startsWith(prefix)); }
}

async function serve(t, sink, extra = [], delay = '100ms') {
  const p = t.start(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--state-dir', t.path('state'), '--socket', t.path('s.sock'),
    ...(sink ? ['--upstream-http', sink.url] : []), '--upstream-backoff-first', '20ms', '--upstream-backoff-max', '100ms', '--synthesize-delay', delay, ...extra]);
  await until('the ready line', () => p.over || /^ready .*\n/m.test(p.out));
  const m = /^ready http=(\S*) grpc=(\S*) /m.exec(p.out);
  assert.ok(m, `no ready line: ${p.out}${p.err}`);
  p.url = `http://${m[1]}`;
  p.status = async () => JSON.parse((await request('http://x/status', { method: 'GET', socketPath: t.path('s.sock') })).body);
  p.when = condition => until(String(condition), async () => { const s = await p.status(); return condition(s) && s; }, 30000);
  p.stop = async () => { p.kill('SIGTERM'); await p.ended; assert.equal(p.code, 0, `exit code ${p.code} ${p.signal} ${p.err}`); };
  p.crash = async () => { p.kill('SIGKILL'); await p.ended; };
  p.post = async (where, headers, body) => {
    const r = await request(`${p.url}${where}`, { headers, body });
    assert.equal(r.status, 200, r.body.toString());
  };
  p.hook = (id, event, more = {}) => p.post('/hooks', { 'content-type': 'application/json' }, JSON.stringify({ session_id: id, hook_event_name: event, ...more }));
  p.send = async names => { for (const n of names) for (const r of requestsOf(n)) await p.post(r.path, r.headers, r.bytes); };
  return p;
}

const http1 = fs.readdirSync(captures).sort().filter(n => requestsOf(n).every(r => r.transport === 'http'));
// The recordings of the interceptor have one session id: of those, one.
const distinct = http1.filter(n => !n.startsWith('interceptor-') || n === 'interceptor-permission');

/** No parent that is not there, one root for each trace, no id twice. */
function assertWhole(spans) {
  const ids = new Set(spans.map(idOf));
  assert.equal(ids.size, spans.length, 'no span twice');
  for (const s of spans) {
    assert.match(s.traceId, /^(?!0{32})[0-9a-f]{32}$/);
    assert.match(s.spanId, /^(?!0{16})[0-9a-f]{16}$/);
    assert.ok(s.end >= s.start && s.start > 0n, s.name);
    assert.equal(s.scope, 'claude-top');
    assert.equal(s.resource['telemetry.sdk.name'], 'claude-top');
    assert.equal(s.attributes['session.id'], s.attributes['gen_ai.conversation.id']);
    if (s.parentSpanId) assert.ok(ids.has(s.traceId + s.parentSpanId), `${s.name} hangs from nothing:\n${treeOf(spans)}`);
    else assert.match(s.name, / Session$/);
    for (const l of s.links) if (l.attributes['link.type'] !== 'native_span') assert.ok(ids.has(l.traceId + l.spanId), `${s.name}: ${l.attributes['link.type']} leads nowhere`);
  }
}

const SUMS = [['turns', 'session.turn_count'], ['llm_calls', 'session.api_call_count'], ['tool_calls', 'session.tool_call_count'],
  ['input_tokens', 'gen_ai.usage.input_tokens'], ['output_tokens', 'gen_ai.usage.output_tokens'],
  ['cache_read_tokens', 'gen_ai.usage.cache_read_input_tokens'], ['cache_creation_tokens', 'gen_ai.usage.cache_creation_input_tokens']];

function assertSession(spans, want, name) {
  const own = spans.filter(s => s.attributes['session.id'] === want.session_id);
  const [session] = own.filter(s => !s.parentSpanId);
  assert.ok(session, `${name}: ${want.session_id} has no root`);
  assert.equal(session.traceId, want.session_id.replaceAll('-', ''));
  for (const [is, key] of SUMS) if (is in want) assert.equal(session.attributes[key], want[is], `${name}: ${is}`);
  const llm = own.filter(s => s.attributes['openinference.span.kind'] === 'LLM');
  assert.equal(llm.length, want.llm_calls, `${name}: LLM spans`);
  assert.equal(llm.filter(s => s.status === 2).length, want.llm_errors, `${name}: failed ones`);
  assert.ok(llm.every(s => s.kind === 3));
  assert.equal(own.filter(s => s.attributes['openinference.span.kind'] === 'TOOL').length, want.tool_calls, `${name}: tools`);
  const sum = key => llm.reduce((n, s) => n + (s.attributes[key] ?? 0), 0);
  assert.equal(sum('gen_ai.usage.output_tokens'), want.output_tokens, `${name}: the session's tokens are those of its calls`);
  assert.ok(Math.abs(sum('gen_ai.usage.cost_usd') - want.cost_usd) < 2e-6, `${name}: cost ${sum('gen_ai.usage.cost_usd')}`);
  assert.ok(Math.abs((session.attributes['gen_ai.usage.cost_usd'] ?? 0) - want.cost_usd) < 2e-6, name);
}

test('every capture, always: whole trees with the expected sums, and what was sent leaves unchanged', async t => {
  const sink = await new Sink().start();
  const s = await serve(t, sink, ['--synthesize', 'always', '--journal', 'memory'], '10m');
  await s.send(distinct);
  await s.when(x => !x.catching_up && x.flow.queued.requests === 0);
  assert.equal(sink.ours().length, 0, 'nothing is due yet');
  await s.stop(); /* nobody goes on: everything goes */
  const spans = sink.spans();
  assertWhole(spans);
  for (const n of distinct) for (const want of expected(n)) assertSession(spans, want, n);
  const sent = distinct.flatMap(requestsOf), left = sink.taken.filter(q => !isOurs(q));
  assert.deepEqual(left.map(q => sha(q.body)).sort(), sent.map(r => sha(r.bytes)).sort());
  for (const q of sink.ours()) assert.deepEqual([q.path, q.headers['content-type']], ['/v1/traces', 'application/x-protobuf']);
  await sink.stop();
});

test('auto: sessions without spans alone; the status names what is sent before it is', async t => {
  const names = ['no-traces', 'old-2.0.76-tools', 'subagent'];
  const sink = await new Sink().start();
  const s = await serve(t, sink, ['--journal', 'memory'], '10m');
  await s.send(names);
  const status = await s.when(x => !x.catching_up && x.flow.queued.requests === 0);
  await s.stop();
  const spans = sink.spans();
  assertWhole(spans);
  assert.deepEqual([...new Set(spans.map(x => x.attributes['session.id']))].sort(), [...expected('no-traces'), ...expected('old-2.0.76-tools')].map(x => x.session_id).sort());
  for (const one of status.sessions) {
    const traced = expected('subagent').some(x => x.session_id === one.session_id);
    assert.equal(one.synthesized, !traced);
    if (traced) continue;
    assert.deepEqual(one.trace_ids, [one.session_id.replaceAll('-', '')]);
    const nodes = [];
    const walk = n => { nodes.push(n); n.children.forEach(walk); };
    one.tree.forEach(walk);
    for (const n of nodes) {
      const [span] = spans.filter(x => x.spanId === n.span_id);
      assert.ok(span, `${n.kind} ${n.name ?? n.number} has no span`);
      assert.equal(span.traceId, n.trace_id);
      if (n.kind === 'llm' && n.id) assert.equal(span.attributes.request_id, n.id);
    }
  }
  assert.deepEqual(status.flow.synthesized, { requests: 0, spans: 0, bytes: 0, pending: status.flow.synthesized.pending, refused: 0, forgotten: 0 });
  await sink.stop();
});

/** The spans of requests that came, where a request that came twice is the same in every byte. */
function onceEach(sink) {
  const bodies = new Map();
  for (const q of sink.ours()) bodies.set(sha(q.body), q.body);
  const repeated = sink.ours().length - bodies.size;
  const spans = [...bodies.values()].flatMap(b => spansOf(b));
  assertWhole(spans);
  return { spans, repeated };
}

test('killed at many points: no second span, none lost', async t => {
  const names = ['no-traces', 'old-2.0.76-subagent', 'old-2.0.76-tools'];
  const want = await new Sink().start();
  const clean = await serve(t, want, ['--journal', 'memory'], '10m');
  const ends = async s => { for (const n of names) for (const x of expected(n)) await s.hook(x.session_id, 'SessionEnd', { reason: 'other' }); };
  await clean.send(names);
  await ends(clean);
  await clean.stop();
  const sink = await new Sink().start();
  let answered = 0;
  for (let i = 0; i < 14; i++) {
    /* It dies: before anything is due; while spans are made; while the sink has a request and the answer is on its way. */
    const s = await serve(t, sink, [], '60ms');
    if (i === 0) { await s.send(names); await ends(s); }
    if (i % 2) {
      sink.answer = (q, r) => { sink.taken.push(q); if (isOurs(q)) s.kill('SIGKILL'); r.end(); };
      await Promise.race([s.ended, new Promise(f => setTimeout(f, 1300))]);
      sink.answer = (q, r) => { sink.taken.push(q); r.end(); };
      answered++;
    } else {
      await new Promise(f => setTimeout(f, i * 110));
    }
    await s.crash();
  }
  const last = await serve(t, sink, [], '60ms');
  await last.when(x => !x.catching_up && x.flow.queued.requests === 0 && x.sessions.length === 3);
  await until('the last spans', () => sink.spans().filter(x => !x.parentSpanId).length >= 3, 20000);
  await last.stop();
  const { spans, repeated } = onceEach(sink);
  assert.deepEqual(spans.map(idOf).sort(), want.spans().map(idOf).sort());
  assert.ok(repeated <= answered, `${repeated} requests came twice`);
  await sink.stop(); await want.stop();
});

const attribute = (key, value) => ({ key, value: { stringValue: value } });
const log = (id, name, ms, extra) => JSON.stringify({ resourceLogs: [{ resource: { attributes: [attribute('service.name', 'claude-code')] },
  scopeLogs: [{ scope: { name: 'com.anthropic.claude_code.events' }, logRecords: [{ timeUnixNano: String(BigInt(ms) * 1000000n),
    attributes: [attribute('event.name', name), attribute('session.id', id), attribute('prompt.id', `p-${id}`), ...Object.entries(extra).map(([k, v]) => attribute(k, String(v)))] }] }] }] });
const asJson = { 'content-type': 'application/json' };

async function turn(s, id, ended = true) {
  const now = Date.now();
  await s.post('/v1/logs', asJson, log(id, 'user_prompt', now - 900, { prompt: `ask ${id}` }));
  await s.post('/v1/logs', asJson, log(id, 'api_request', now - 100, { model: 'm', request_id: `r-${id}`, input_tokens: 4, output_tokens: 5, duration_ms: 300, cost_usd: 0.5 }));
  if (ended) await s.hook(id, 'Stop', { prompt_id: `p-${id}` });
}

test('a turn is sent when it ended, its late call below it; a native span stops it', async t => {
  const sink = await new Sink().start();
  const s = await serve(t, sink, [], '300ms');
  await turn(s, 'a');
  await turn(s, 'open', false);
  await turn(s, 'native');
  await s.post('/v1/traces', asJson, JSON.stringify({ resourceSpans: [{ resource: { attributes: [attribute('service.name', 'claude-code')] },
    scopeSpans: [{ scope: { name: 'com.anthropic.claude_code.tracing' }, spans: [{ traceId: 'aa'.repeat(16), spanId: 'bb'.repeat(8), name: 'claude_code.interaction', startTimeUnixNano: '1', endTimeUnixNano: '2',
      attributes: [attribute('session.id', 'native')] }] }] }] }));
  await until('the turn', () => sink.named('Turn #1: ask a').length === 1);
  await turn(s, 'b');
  await until('the next', () => sink.named('Turn #1: ask b').length === 1);
  assert.deepEqual(sink.named('Turn').map(x => x.name).sort(), ['Turn #1: ask a', 'Turn #1: ask b'], 'neither the open one nor the native one');
  await s.post('/v1/logs', asJson, log('a', 'api_request', Date.now() - 50, { model: 'late', request_id: 'r-late', input_tokens: 1, output_tokens: 1, duration_ms: 10 }));
  const [late] = await until('the late call', () => { const x = sink.named('LLM Call: late'); return x.length && x; });
  assert.equal(late.parentSpanId, sink.named('Turn #1: ask a')[0].spanId);
  assert.equal(sink.named('Claude Code Session').length, 0, 'the sessions go on');
  await s.hook('a', 'SessionEnd', { reason: 'other' });
  const [session] = await until('its session', () => { const x = sink.named('Claude Code Session'); return x.length && x; });
  assert.equal(session.attributes['gen_ai.usage.input_tokens'], 5);
  await s.stop();
  await sink.stop();
});

test('what was not sent is sent at the end, and after it', async t => {
  const sink = await new Sink().start();
  let s = await serve(t, sink, [], '10m');
  await turn(s, 'a');
  await turn(s, 'open', false);
  await s.when(x => !x.catching_up && x.sessions.length === 2);
  await s.stop();
  assert.deepEqual(sink.spans().map(x => x.name).sort(), ['LLM Call: m (4→5 tokens)', 'Turn #1: ask a']);
  s = await serve(t, sink);
  await s.hook('a', 'SessionEnd', { reason: 'other' });
  await s.hook('open', 'Stop', { prompt_id: 'p-open' });
  await until('both', () => sink.named('Claude Code Session').length === 1 && sink.named('Turn #1: ask open').length === 1);
  await s.stop();
  assert.equal(new Set(sink.spans().map(idOf)).size, sink.spans().length);
  assert.equal(sink.spans().length, 5);
  const memory = await serve(t, sink, ['--journal', 'memory', '--state-dir', t.path('none')], '10m');
  await turn(memory, 'gone', false);
  await memory.when(x => !x.catching_up && x.sessions.length === 1);
  await memory.stop();
  assert.equal(sink.named('Turn #1: ask gone')[0].attributes['turn.end.reason'], 'collector_exit');
  await sink.stop();
});

test('a journal that forgets: what was sent is known beyond it', async t => {
  const sink = await new Sink().start();
  const flags = ['--journal-max-bytes', '1MiB', '--journal-segment-bytes', '64KiB'];
  let s = await serve(t, sink, flags);
  await turn(s, 'a');
  await until('the turn', () => sink.named('Turn #1: ask a').length === 1);
  const filler = log('filler', 'plugin_loaded', Date.now(), { text: 'x'.repeat(60000) });
  const fill = async () => { for (let i = 0; i < 40; i++) await s.post('/v1/logs', asJson, filler); };
  await fill();
  await s.when(x => x.flow.journal.first_seq > 8);
  await new Promise(f => setTimeout(f, 1500)); /* the ids are written anew within a second */
  /* A record of the turn that outlives its own beginning, the request of spans and what said first that it was sent. */
  await s.post('/v1/logs', asJson, log('a', 'api_request', Date.now(), { model: 'late', request_id: 'r-late', input_tokens: 1, output_tokens: 1, duration_ms: 10 }));
  await until('the late call', () => sink.named('LLM Call: late').length === 1);
  await s.hook('a', 'Stop', { prompt_id: 'p-a' });
  await s.crash();
  s = await serve(t, sink, flags);
  await s.when(x => !x.catching_up && x.sessions.some(y => y.session_id === 'a'));
  await turn(s, 'b');
  await until('a later turn', () => sink.named('Turn #1: ask b').length === 1);
  assert.equal(new Set(sink.spans().map(idOf)).size, sink.spans().length, treeOf(sink.spans()));
  await s.stop();
  await sink.stop();
});

test('by gRPC where the upstream speaks it, and to those alone that take traces', async t => {
  const taken = [];
  const server = http2.createServer().on('stream', (q, h) => {
    const parts = [];
    q.on('data', d => parts.push(d)).on('error', () => {});
    q.on('end', () => {
      taken.push({ path: h[':path'], headers: h, body: Buffer.concat(parts) });
      q.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      q.on('wantTrailers', () => q.sendTrailers({ 'grpc-status': '0' }));
      q.end(Buffer.from([0, 0, 0, 0, 0]));
    });
  });
  await new Promise(f => server.listen(0, '127.0.0.1', f));
  const sink = await new Sink().start();
  fs.writeFileSync(t.path('c.ini'), `[upstream]\ngrpc = http://127.0.0.1:${server.address().port}\n[upstream logs]\nhttp = ${sink.url}\nsignals = logs\n`);
  const s = await serve(t, null, ['--config', t.path('c.ini')]);
  await turn(s, 'a');
  const [q] = await until('the spans', () => { const x = taken.filter(isOurs); return x.length && x; });
  assert.equal(q.path, '/opentelemetry.proto.collector.trace.v1.TraceService/Export');
  assert.ok(spansOf(q.body.subarray(5)).some(x => x.name === 'Turn #1: ask a'));
  assert.equal(sink.ours().length, 0);
  await s.stop();
  await sink.stop();
  server.close();
  for (const extra of [['--synthesize', 'never'], ['--upstream-signals', 'logs']]) {
    const none = await serve(t, { url: 'http://127.0.0.1:9' }, [...extra, '--state-dir', t.path('none')]);
    const status = await none.status();
    assert.equal(status.flow.synthesized, null);
    await none.stop();
  }
});

test('what hooks alone tell stays here; a claude-top behind another reads nothing in its spans', async t => {
  const sink = await new Sink().start();
  const second = await serve(t, sink, ['--state-dir', t.path('second'), '--socket', t.path('second.sock')]);
  const s = await serve(t, { url: second.url });
  const now = Date.now();
  await s.post('/v1/logs', asJson, log('private', 'user_prompt', now - 900, { prompt: '<REDACTED>' }));
  await s.hook('private', 'UserPromptSubmit', { prompt_id: 'p-private', prompt: 'the secret plan' });
  await s.hook('private', 'PreToolUse', { prompt_id: 'p-private', tool_name: 'Bash', tool_use_id: 'u1', tool_input: { command: 'cat secret.txt' } });
  await s.hook('private', 'PostToolUse', { prompt_id: 'p-private', tool_name: 'Bash', tool_use_id: 'u1', tool_input: { command: 'cat secret.txt' }, tool_response: { stdout: 'secret' } });
  await s.post('/v1/logs', asJson, log('private', 'tool_result', now - 200, { tool_name: 'Bash', tool_use_id: 'u1', success: 'true', duration_ms: '100' }));
  await s.hook('private', 'Stop', { prompt_id: 'p-private' });
  await until('the spans', () => sink.named('Turn #1').length);
  for (const q of sink.taken) assert.ok(!q.body.includes('secret'), q.body.toString());
  assert.ok(sink.named('Tool: Bash').length === 1);
  const behind = JSON.parse((await request('http://x/status', { method: 'GET', socketPath: t.path('second.sock') })).body);
  assert.ok(behind.flow.foreign.spans >= 2);
  assert.equal(behind.sessions.filter(x => x.session_id === 'private').length, 1);
  assert.deepEqual([behind.totals.turns, behind.totals.tool_calls], [1, 1]);
  await s.stop();
  await second.stop();
  await sink.stop();
});

await run();
