// stack_questions.mjs - what the stores know of one session, asked as Grafana asks them.
import { spawnSync } from 'node:child_process';
import { assert, request, until } from '../tools/tap.mjs';
import { dashboards, filled, queries } from '../tools/dashboards.mjs';

const PATIENCE_MS = 120_000;
const seconds = () => Math.floor(Date.now() / 1000);

export async function get(url, headers = {}) {
  const r = await request(url, { method: 'GET', headers });
  let body; try { body = JSON.parse(r.body); } catch { body = r.body.toString(); }
  return { status: r.status, body };
}
const url = (base, path, parameters) => `${base}${path}?${new URLSearchParams(parameters)}`;

export const promql = (stack, query) => get(url(stack.prometheus, '/api/v1/query', { query, time: seconds() }));
export const exemplars = (stack, query) => get(url(stack.prometheus, '/api/v1/query_exemplars', { query, start: seconds() - 3600, end: seconds() + 60 }));
export const traceql = (stack, q) => get(url(stack.tempo, '/api/search', { q, start: seconds() - 3600, end: seconds() + 60, limit: 100, spss: 10 }));
/* An aggregation over a range is asked at one time, as stats are; everything else over the hour. */
export const logql = (stack, query, instant) => instant
  ? get(url(stack.loki, '/loki/api/v1/query', { query, time: seconds() }))
  : get(url(stack.loki, '/loki/api/v1/query_range', { query, start: (seconds() - 3600) * 1e9, end: (seconds() + 60) * 1e9, step: 60, limit: 1000 }));

const hex = base64 => Buffer.from(base64 ?? '', 'base64').toString('hex');
const textOf = v => v.stringValue ?? v.intValue ?? v.doubleValue ?? v.boolValue;

/** [{ id, parent, name, attributes, error }] of a trace, or undefined where Tempo has none of that id. */
export async function trace(stack, id) {
  const r = await get(url(stack.tempo, `/api/v2/traces/${id}`, { start: seconds() - 3600, end: seconds() + 60 }), { accept: 'application/json' });
  if (r.status !== 200) return undefined;
  return r.body.trace.resourceSpans.flatMap(x => x.scopeSpans).flatMap(x => x.spans).map(s => ({ id: hex(s.spanId), parent: hex(s.parentSpanId), name: s.name,
    attributes: Object.fromEntries((s.attributes ?? []).map(a => [a.key, textOf(a.value)])), error: s.status?.code === 'STATUS_CODE_ERROR', links: s.links ?? [] }));
}

/** The names of a trace as a tree, an indented line for each span, children by name. */
export function tree(spans) {
  const lines = [], below = (id, depth) => {
    for (const s of spans.filter(s => s.parent === id).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      lines.push('  '.repeat(depth) + s.name);
      below(s.id, depth + 1);
    }
  };
  below('', 0);
  return lines;
}

/** All that the stores have of a session, when it is there: waits for traces, events, counters, span metrics, an exemplar. */
export async function ask(stack, session) {
  const found = {};
  const some = async (what, fn) => { found[what] = await until(`${what} of ${session}`, fn, PATIENCE_MS); };
  await some('traces', async () => {
    const r = await traceql(stack, `{ span.session.id = "${session}" }`);
    return r.body.traces?.length && r.body.traces;
  });
  found.trees = {};
  for (const t of found.traces) found.trees[t.traceID] = tree(await trace(stack, t.traceID.padStart(32, '0')) ?? []);
  if (stack.loki) await some('events', async () => {
    const r = await logql(stack, `sum by (event_name) (count_over_time({service_name="claude-code"} | session_id="${session}" [1h]))`, true);
    return r.body.data?.result.length && Object.fromEntries(r.body.data.result.map(x => [x.metric.event_name, Number(x.value[1])]));
  });
  await some('tokens', async () => {
    const r = await promql(stack, `sum by (type) (last_over_time(claude_code_token_usage_tokens_total{session_id="${session}"}[1h]))`);
    return r.body.data?.result.length && Object.fromEntries(r.body.data.result.map(x => [x.metric.type, Number(x.value[1])]));
  });
  await some('cost', async () => {
    const r = await promql(stack, `sum(last_over_time(claude_code_cost_usage_USD_total{session_id="${session}"}[1h]))`);
    return r.body.data?.result.length && Number(r.body.data.result[0].value[1]);
  });
  await some('kinds', async () => {
    const r = await promql(stack, `sum by (openinference_span_kind) (${stack.spanMetrics.calls})`);
    const kinds = Object.fromEntries((r.body.data?.result ?? []).map(x => [x.metric.openinference_span_kind, Number(x.value[1])]));
    /* Alloy sends what it has counted so far: the turn's own span ends last. */
    return (stack.alloy ? kinds.AGENT : Object.keys(kinds).length) && kinds;
  });
  await some('exemplar', async () => {
    const r = await exemplars(stack, stack.spanMetrics.duration);
    return r.body.data?.flatMap(x => x.exemplars).map(x => x.labels.trace_id).find(id => /^[0-9a-f]{32}$/.test(id));
  });
  found.exemplarResolves = (await trace(stack, found.exemplar))?.length ?? 0;
  return found;
}

const results = { prometheus: r => r.body.data?.result?.length ?? r.body.data?.length, loki: r => r.body.data?.result?.length, tempo: r => r.body.traces?.length ?? (r.body.trace ? 1 : 0) };

async function put(stack, language, query, instant) {
  if (language === 'tempo' && /^[0-9a-f]{32}$/.test(query)) return get(`${stack.tempo}/api/v2/traces/${query}`, { accept: 'application/json' });
  if (language === 'tempo') return traceql(stack, query);
  if (language === 'loki') return logql(stack, query, instant);
  const values = /^label_values\((.*), (\w+)\)$/.exec(query);
  if (values) return get(url(stack.prometheus, `/api/v1/label/${values[2]}/values`, { 'match[]': values[1], start: seconds() - 3600, end: seconds() + 60 }));
  return promql(stack, query);
}

/** Every query of the dashboards for the session: [{ dashboard, panel, language, query, status, found, error }]. */
export async function askDashboards(stack, session) {
  const rows = [];
  for (const q of dashboards().flatMap(queries)) {
    if (q.language === 'loki' && !stack.loki) continue;
    const query = filled(q.query, q.dashboard === 'claude-top-session' ? { session_id: session } : {});
    const r = await put(stack, q.language, query, q.target.queryType === 'instant');
    rows.push({ dashboard: q.dashboard, panel: q.panel, language: q.language, query, status: r.status, found: r.status === 200 ? results[q.language](r) : 0,
      error: r.status === 200 ? undefined : JSON.stringify(r.body).slice(0, 400) });
  }
  return rows;
}

/** The queries of every link that claude-top prints for the session, its first turn, one of its tool calls, one of its LLM calls,
 * its failures, a tool and a model, as askDashboards. state: the options that say where claude-top's state is. */
export async function askLinks(stack, program, session, state) {
  if (!stack.loki) return [];
  const events = await logql(stack, `{service_name="claude-code"} | session_id="${session}" | event_name=~"tool_result|api_request"`, false);
  const labels = events.body.data.result.map(x => x.stream);
  const call = labels.find(l => l.tool_use_id), request_ = labels.find(l => l.event_name === 'api_request');
  const narrow = [[], ['--turn', '1'], ['--call', call?.tool_use_id], ['--call', request_?.request_id], ['--errors'], ['--tool', call?.tool_name], ['--model', request_?.model]];
  const rows = [], asked = new Map();
  for (const extra of narrow) {
    assert.ok(!extra.includes(undefined), `${extra} of ${JSON.stringify(labels).slice(0, 2000)}`);
    const r = spawnSync(program, ['link', 'all', '--session', session, ...extra, ...state], { encoding: 'utf8' });
    assert.equal(r.status, 0, `${extra}: ${r.stderr}`);
    for (const [, kind, address] of r.stdout.matchAll(/^(\S+)\s+(https?:\S+)/gm)) {
      const panes = new URL(address).searchParams.get('panes');
      for (const q of panes ? Object.values(JSON.parse(panes)).flatMap(pane => pane.queries) : []) {
        const language = q.datasource.type;
        if (!(language in results)) continue;
        const query = filled(q.expr ?? q.query);
        if (!asked.has(query)) asked.set(query, await put(stack, language, query, false));
        const answer = asked.get(query);
        rows.push({ link: [kind, ...extra].join(' '), language, query, status: answer.status, found: answer.status === 200 ? results[language](answer) : 0,
          error: answer.status === 200 ? undefined : JSON.stringify(answer.body).slice(0, 400) });
      }
    }
  }
  return rows;
}
