// The real Claude Code with the collector behind claude-top failing in every way in the middle: 503, no answer, reset
// connections, nobody there.
//
//   CT_CLAUDE_E2E=RUN node claude_code.mjs CLAUDE_TOP
//
// Claude Code is not part of this. RUN is a program that runs it without a network against a scripted API, called as
//   RUN -p http/protobuf|http/json|grpc -s SCRIPT... [-e NAME=VALUE] -t AFTER -- COMMAND...
// It starts COMMAND, waits until it listens on 127.0.0.1:4318, lets Claude Code work off one prompt for each -s with its
// telemetry sent there (gRPC: to 4317), then runs AFTER in a shell and shows what it says. What the scripts play is TRUTH.
import path from 'node:path';
import { spawn } from 'node:child_process';
import { assert, run, skip, test } from '../tools/tap.mjs';
import { here, program } from './harness.mjs';

const RUN_MS = 400_000;
/* An export of nothing: no bytes, "{}", or the prefix of a gRPC message. */
const PROBE_BYTES = 5;
/* Steps of the main conversation and of its sub-agents; one tool each unless tools says otherwise. The n-th request of a
 * conversation has 4 + n input tokens, reads 9100 + 850 n from the cache and writes 600 + 13 n into it, counted from 0; naming
 * the session is one more request, of 312. */
const SCRIPTS = {
  tools: { conversations: [4], tool_calls: 4, tool_errors: 0, agents: 0 },
  agent: { conversations: [2, 3], tool_calls: 3, tool_errors: 0, agents: 1 },
  fail: { conversations: [3], tool_calls: 2, tool_errors: 2, agents: 0 },
};
function truth(scripts) {
  const sum = { sessions: 0, turns: 0, llm_calls: 0, llm_errors: 0, llm_retries: 0, tool_calls: 0, tool_errors: 0, tool_rejections: 0, agents: 0,
    input_tokens: 0, cache_read_tokens: 0, cache_creation_tokens: 0, cost_unknown_calls: 0 };
  for (const name of scripts) {
    const s = SCRIPTS[name];
    sum.sessions++; sum.turns++; sum.llm_calls++; sum.input_tokens += 312;
    for (const k of ['tool_calls', 'tool_errors', 'agents']) sum[k] += s[k];
    for (const steps of s.conversations) for (let n = 0; n < steps; n++) {
      sum.llm_calls++; sum.input_tokens += 4 + n; sum.cache_read_tokens += 9100 + 850 * n; sum.cache_creation_tokens += 600 + 13 * n;
    }
  }
  return sum;
}

/** Runs it to the end; what it started goes with it. Resolves to what was said. */
function runClient(args) {
  return new Promise((resolve, reject) => {
    const p = spawn(process.env.CT_CLAUDE_E2E, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let out = '', err = '';
    p.stdout.on('data', d => { out += d; }); p.stderr.on('data', d => { err += d; });
    const end = () => { try { process.kill(-p.pid, 'SIGKILL'); } catch { /* all gone */ } };
    const timer = setTimeout(() => { end(); reject(new Error(`took longer than ${RUN_MS} ms\n${out.slice(-2000)}\n${err.slice(-2000)}`)); }, RUN_MS);
    p.on('error', e => { clearTimeout(timer); reject(e); });
    p.on('close', code => { clearTimeout(timer); end(); resolve({ code, out, err }); });
  });
}

const SIGNALS = ['trace', 'metric', 'log'];
const signalOf = r => SIGNALS.find(s => r.path.toLowerCase().includes(s));
const quote = s => `'${s.replace(/'/g, `'\\''`)}'`;
/* Not one of them twice that writes a file: what the client itself turns down, it does not report. */
const scripts = ['tools', 'agent', 'fail', 'agent'];

for (const [name, protocol, extra] of [
  ['grpc', 'grpc', []],
  ['http/protobuf', 'http/protobuf', []],
  ['http/json', 'http/json', []],
  ['http/protobuf, gzip', 'http/protobuf', ['-e', 'OTEL_EXPORTER_OTLP_COMPRESSION=gzip']],
  ['grpc, gzip', 'grpc', ['-e', 'OTEL_EXPORTER_OTLP_COMPRESSION=gzip']],
]) {
  test(`Claude Code, ${name}: 503, hanging, reset and away in the middle lose nothing and change nothing`, async t => {
    if (!process.env.CT_CLAUDE_E2E) skip('Claude Code is not here: CT_CLAUDE_E2E says how to run it');
    const inside = path.join(here, 'claude_code_inside.mjs');
    const r = await runClient(['-p', protocol, ...scripts.flatMap(s => ['-s', s]), ...extra,
      '-t', ['node', inside, '--finish', t.dir].map(quote).join(' '), '--', 'node', inside, path.resolve(program), t.dir]);
    const line = r.out.split('\n').find(l => l.startsWith('RESULT '));
    assert.ok(line, `no result: ${r.code}\n${r.out.slice(-3000)}\n${r.err.slice(-3000)}`);
    const { error, witnessed, received: attempts, status, code } = JSON.parse(line.slice(7));
    assert.equal(error, undefined, `${error} ${JSON.stringify(status?.flow)}`);
    /* Where connections broke off, empty exports ask first whether the upstream is there; the client sends none. */
    const received = attempts.filter(x => x.bytes > PROBE_BYTES);
    assert.ok(witnessed.every(x => x.bytes > PROBE_BYTES));
    const { flow } = status;

    /* Each request of the client was acknowledged, whatever the sink did meanwhile. */
    assert.ok(witnessed.length > 15);
    assert.deepEqual(witnessed.filter(x => !x.acknowledged), []);
    const wanted = protocol === 'grpc' ? 'grpc' : 'http';
    assert.ok([...witnessed, ...received].every(x => x.transport === wanted));
    /* Each is there once, byte for byte, in order per signal. */
    const taken = received.filter(x => x.mode === 'ok');
    for (const signal of SIGNALS) {
      const of = list => list.filter(x => signalOf(x) === signal).map(x => `${x.path} ${x.bytes} ${x.sha256}`);
      assert.ok(of(witnessed).length > 2, signal);
      assert.deepEqual(of(taken), of(witnessed), signal);
    }
    /* Every phase was felt. */
    const sent = {}, felt = {};
    for (const x of witnessed) sent[x.phase] = (sent[x.phase] ?? 0) + 1;
    for (const x of received) felt[x.mode] = (felt[x.mode] ?? 0) + 1;
    console.log(`# acknowledged in each phase ${JSON.stringify(sent)}, attempts seen by the sink ${JSON.stringify(felt)}, retries ${flow.retries}`);
    for (const mode of ['503', 'hang', 'reset', 'ok']) assert.ok(felt[mode] > 0, mode);
    /* Status is right. */
    const bytes = witnessed.reduce((n, x) => n + x.bytes, 0);
    assert.deepEqual([flow.received.requests, flow.received.bytes, flow.forwarded.requests, flow.forwarded.bytes], [witnessed.length, bytes, witnessed.length, bytes]);
    assert.deepEqual([flow.refused, flow.decode_errors, flow.dropped, flow.upstream_rejected, flow.held, flow.queued.requests, code], [{}, 0, 0, 0, 0, 0, 0]);
    assert.ok(flow.retries >= received.length - taken.length);
    assert.deepEqual(flow.clients.map(c => [c.transport, c.encoding, c.requests]), [[wanted === 'grpc' ? 'grpc' : 'http1', protocol === 'http/json' ? 'json' : 'protobuf', witnessed.length]]);
    assert.ok(flow.clients[0].compression.includes(extra.length ? 'gzip' : 'none'), JSON.stringify(flow.clients));
    const want = truth(scripts);
    assert.deepEqual(Object.fromEntries(Object.keys(want).map(k => [k, status.totals[k]])), want);
  });
}

await run();
