// The whole chain with the real programs: claude-top, Alloy with the configuration of alloy/, Tempo, Loki, Prometheus. What a
// session sent is found in each of them, and every query of the dashboards and of claude-top's links is answered. And without
// Alloy, claude-top sending to the stores itself, which then make the span metrics.
//
//   [CT_CLAUDE_E2E=RUN] node stack.mjs CLAUDE_TOP
//
// tempo, loki, prometheus and alloy are those in PATH; without them it is skipped, and without Loki only what is not asked of it. With CT_CLAUDE_E2E (claude_code.mjs says what
// that is) the sessions are the real client's, otherwise a captured client's, brought to the present.
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { assert, run, skip, test } from '../tools/tap.mjs';
import { here, program, serve } from './harness.mjs';
import { ask, askDashboards, askLinks } from './stack_questions.mjs';
import { replayNow } from './stack_sessions.mjs';
import { choosePorts, direct, missing, startStack, stopStack } from './stack_programs.mjs';

const RUN_MS = 900_000;
const NATIVE = ['claude_code.interaction', '  claude_code.llm_request', '  claude_code.tool', '    claude_code.tool.blocked_on_user', '    claude_code.tool.execution'];

function needs(...programs) {
  const absent = missing(programs.length ? programs : undefined);
  if (absent) skip(`${absent} is not in PATH`);
}

/* No query may be one that the store does not take. */
function allAnswered(rows) {
  const refused = rows.filter(r => r.query && r.status !== 200);
  assert.deepEqual(refused, []);
  assert.ok(rows.filter(r => r.query).length > 5);
  for (const r of rows.filter(r => r.query && !r.found)) console.log(`# nothing found: ${r.dashboard ?? `link ${r.link}`} ${r.panel ?? ''} ${r.query}`);
}

/** The spans that Claude Code makes, at the depth that it gives them. */
function nativeTree(found) {
  const lines = Object.values(found.trees).flat();
  for (const line of NATIVE) assert.ok(lines.includes(line), `${line} in ${JSON.stringify(found.trees)}`);
}

function sessionIsThere(stack, found) {
  assert.ok(found.exemplarResolves > 0, found.exemplar);
  assert.ok(found.cost > 0);
  for (const type of ['input', 'output', 'cacheRead', 'cacheCreation']) assert.ok(type in found.tokens, type);
  if (stack.loki) for (const event of ['user_prompt', 'api_request']) assert.ok(found.events[event] > 0, event);
}

for (const configuration of ['config-delta', 'direct']) {
  test(`a captured session, with delta counters, is in every store: ${configuration}`, async t => {
    needs(...(configuration === 'direct' ? ['tempo', 'prometheus'] : []));
    const ports = await choosePorts(), extra = [];
    const stack = await startStack(t.dir, configuration, ports);
    try {
      if (configuration === 'direct') {
        fs.writeFileSync(t.path('config.ini'), direct(ports));
        extra.push('--config', t.path('config.ini'));
      }
      const s = await serve(t, configuration === 'direct' ? undefined : { url: stack.alloy.http, grpc: stack.alloy.grpc }, { extra });
      const session = await replayNow('tools-json', s.http);
      const found = await ask(stack, session);
      sessionIsThere(stack, found);
      nativeTree(found);
      if (configuration !== 'direct') for (const kind of ['AGENT', 'LLM', 'TOOL']) assert.ok(found.kinds[kind] > 0, kind);
      allAnswered(await askDashboards(stack, session));
      if (stack.loki) allAnswered(await askLinks(stack, program, session, ['--state-dir', t.path('state'), '--socket', t.path('s.sock')]));
      console.log(`# ${JSON.stringify({ events: found.events, tokens: found.tokens, cost: found.cost, kinds: found.kinds })}`);
      await s.stop();
    } finally { stopStack(stack); }
  });
}

function client(t, configuration, args) {
  const inside = path.join(here, 'stack_inside.mjs');
  const quote = s => `'${s.replace(/'/g, `'\\''`)}'`;
  return new Promise((resolve, reject) => {
    const p = spawn(process.env.CT_CLAUDE_E2E, ['-p', 'http/protobuf', ...args, '-t', ['node', inside, '--ask', path.resolve(program), t.dir].map(quote).join(' '),
      '--', 'node', inside, path.resolve(program), t.dir, configuration], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let out = '', err = '';
    p.stdout.on('data', d => { out += d; }); p.stderr.on('data', d => { err += d; });
    const end = () => { try { process.kill(-p.pid, 'SIGKILL'); } catch { /* all gone */ } };
    const timer = setTimeout(end, RUN_MS);
    p.on('error', reject);
    p.on('close', () => {
      clearTimeout(timer); end();
      const line = out.split('\n').find(l => l.startsWith('RESULT '));
      if (line) resolve(JSON.parse(line.slice(7))); else reject(new Error(`no result\n${out.slice(-2000)}\n${err.slice(-2000)}`));
    });
  });
}

/** One tree from Session to calls; numbers and texts of names do not matter. */
function synthesisedTree(found) {
  const [lines] = Object.values(found.trees);
  assert.deepEqual(lines.filter(l => !l.startsWith(' ')), ['Claude Code Session']);
  for (const form of [/^  Turn #1: /, /^ {4}LLM Call: /, /^ {4}Tool: /]) assert.ok(lines.some(l => form.test(l)), `${form} in ${lines.join('\n')}`);
}

/** Hooks to claude-top's port: without spans, only they say at once when a turn is over. */
const hooks = Object.fromEntries(['UserPromptSubmit', 'PreToolUse', 'PostToolUse', 'Stop', 'SessionEnd'].map(event => [event,
  [{ ...(event.endsWith('ToolUse') ? { matcher: '*' } : {}), hooks: [{ type: 'http', url: 'http://127.0.0.1:4318/hooks', timeout: 2 }] }]]));

const CUMULATIVE = ['-e', 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative'];
const NO_SPANS = ['-e', 'CLAUDE_CODE_ENHANCED_TELEMETRY_BETA=0', '-e', 'OTEL_TRACES_EXPORTER=none'];
for (const [name, configuration, args, tree] of [
  ['its own spans and delta counters', 'config-delta', ['-s', 'tools', '-s', 'agent'], nativeTree],
  ['its own spans and cumulative counters', 'config', ['-s', 'tools', ...CUMULATIVE], nativeTree],
  ['no spans', 'config-delta', ['-s', 'tools', ...NO_SPANS], synthesisedTree],
  ['its own spans, without Alloy,', 'direct', ['-s', 'tools', '-s', 'agent'], nativeTree],
  ['no spans, without Alloy,', 'direct', ['-s', 'tools', ...NO_SPANS], synthesisedTree],
]) {
  test(`the real Claude Code with ${name} is in every store`, async t => {
    if (!process.env.CT_CLAUDE_E2E) skip('Claude Code is not here: CT_CLAUDE_E2E says how to run it');
    needs(...(configuration === 'direct' ? ['tempo', 'prometheus'] : []));
    const settings = t.path('settings.json');
    fs.writeFileSync(settings, JSON.stringify({ hooks }));
    const r = await client(t, configuration, tree === synthesisedTree ? ['-c', settings, ...args] : args);
    assert.equal(r.error, undefined, r.error);
    assert.ok(r.sessions.length > 0);
    for (const found of r.sessions) { sessionIsThere({ loki: found.events }, found); tree(found); }
    /* What claude-top counted is what the stores have. */
    const sum = r.sessions.reduce((n, s) => n + s.cost, 0);
    assert.ok(Math.abs(sum - r.status.totals.cost_usd) < 1e-6, `${sum} in Prometheus, ${r.status.totals.cost_usd} in claude-top`);
    if (r.sessions[0].events) assert.equal(r.sessions.reduce((n, s) => n + s.events.api_request, 0), r.status.totals.llm_calls);
    allAnswered(r.dashboards);
    if (r.links.length > 0) allAnswered(r.links);
    for (const s of r.sessions) console.log(`# ${JSON.stringify({ trees: s.trees, events: s.events, tokens: s.tokens, cost: s.cost, kinds: s.kinds })}`);
  });
}

await run();
