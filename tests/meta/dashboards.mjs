// The dashboards as JSON: sound, with the uids and variables that claude-top's links use, and asking for nothing but what
// Claude Code is known to send. conformance/stack runs the queries.
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { assert, captures, root, run, test } from '../tools/tap.mjs';
import { dashboards, filled, queries } from '../tools/dashboards.mjs';

const all = dashboards();
const each = fn => { for (const d of all) fn(d); };

/* Everything that the captured clients sent, as bytes in which names are sought: OTLP has them as they are in every encoding. */
const sent = Buffer.concat(fs.readdirSync(captures).flatMap(capture => {
  const folder = path.join(captures, capture, 'body');
  return fs.readdirSync(folder).map(f => {
    const body = fs.readFileSync(path.join(folder, f));
    if (body.readUInt16BE(0) === 0x1f8b) return zlib.gunzipSync(body);
    return body[0] === 1 && body.length > 7 && body.readUInt16BE(5) === 0x1f8b ? zlib.gunzipSync(body.subarray(5)) : body;
  });
}));
const wasSent = name => sent.includes(name);

/* Counters by the names that Alloy gives them: unit and type at the end. */
const COUNTERS = {
  claude_code_token_usage_tokens_total: 'claude_code.token.usage',
  claude_code_cost_usage_USD_total: 'claude_code.cost.usage',
  claude_code_active_time_seconds_total: 'claude_code.active_time.total',
  claude_code_lines_of_code_count_total: 'claude_code.lines_of_code.count',
};
const SPAN_METRICS = ['traces_span_metrics_calls_total', 'traces_span_metrics_duration_seconds_bucket'];
const COUNTER_LABELS = { session_id: 'session.id', model: 'model', type: 'type', query_source: 'query_source', effort: 'effort' };
const SPAN_LABELS = ['service_name', 'span_kind', 'status_code', 'gen_ai_request_model', 'gen_ai_tool_name',
  'openinference_span_kind', 'error_type', 'le'];
/* Known, and in no capture. */
const RARE = ['api_refusal', 'claude.parent_session_id', 'gen_ai.tool.name', 'span.model'];
const known = name => wasSent(name) || RARE.includes(name);

test('there are four, by the uids that links use, with what links set', async () => {
  assert.deepEqual(all.map(d => d.uid).sort(), ['claude-top-cost', 'claude-top-fleet', 'claude-top-red', 'claude-top-session']);
  each(d => {
    assert.equal(d.file, `${d.uid}.json`);
    const names = d.templating.list.map(v => v.name);
    for (const wanted of ['session_id', 'model', 'tool']) assert.ok(names.includes(wanted), `${d.uid} ${wanted}`);
    assert.equal(new Set(names).size, names.length);
    assert.ok(d.title && d.description && d.tags.includes('claude-top') && d.schemaVersion >= 36);
    assert.ok(!('id' in d), 'a number of one Grafana');
  });
});

test('panels have ids of their own and do not lie on each other', async () => {
  each(d => {
    const ids = d.panels.map(p => p.id);
    assert.equal(new Set(ids).size, ids.length, d.uid);
    const taken = new Map();
    for (const p of d.panels) {
      const { x, y, w, h } = p.gridPos;
      assert.ok(p.title && x >= 0 && w > 0 && h > 0 && x + w <= 24, `${d.uid} ${p.title}`);
      for (let i = x; i < x + w; i++) for (let j = y; j < y + h; j++) {
        assert.ok(!taken.has(`${i} ${j}`), `${d.uid}: ${p.title} on ${taken.get(`${i} ${j}`)}`);
        taken.set(`${i} ${j}`, p.title);
      }
    }
  });
});

test('data sources are the variables, of the right type', async () => {
  const type = { '${metrics}': 'prometheus', '${logs}': 'loki', '${traces}': 'tempo' };
  each(d => {
    for (const [name, wanted] of Object.entries(type)) {
      assert.equal(d.templating.list.find(v => `\${${v.name}}` === name && v.type === 'datasource').query, wanted);
    }
    for (const p of d.panels.filter(p => p.type !== 'row')) {
      assert.equal(type[p.datasource.uid], p.datasource.type, `${d.uid} ${p.title}`);
      assert.ok(p.targets.length > 0);
      assert.equal(new Set(p.targets.map(t => t.refId)).size, p.targets.length);
      for (const t of p.targets) assert.deepEqual(t.datasource, p.datasource, `${d.uid} ${p.title}`);
    }
  });
});

test('every query has its variables', async () => {
  for (const q of all.flatMap(queries)) {
    assert.ok(q.query, `${q.dashboard} ${q.panel}`);
    if (q.language !== 'tempo') assert.ok(!/\$__(interval)\b/.test(q.query), 'a fixed step would lose samples');
    filled(q.query);
  }
});

test('PromQL asks for metrics and labels that there are', async () => {
  for (const [name, otlp] of Object.entries(COUNTERS)) assert.ok(wasSent(otlp), `${name}: ${otlp}`);
  for (const otlp of Object.values(COUNTER_LABELS)) assert.ok(wasSent(otlp), otlp);
  const asked = new Set();
  for (const { dashboard, panel, query } of all.flatMap(queries).filter(q => q.language === 'prometheus')) {
    const where = `${dashboard} ${panel}: ${query}`;
    const selectors = [...query.matchAll(/([a-z][A-Za-z0-9_]*)(?:\{([^}]*)\})?(?=\[| offset)/g),
      ...query.matchAll(/label_values\(([a-z_]+)(?:\{([^}]*)\})?/g)];
    assert.ok(selectors.length > 0, where);
    for (const [, metric, matchers] of selectors) {
      const counter = metric in COUNTERS;
      assert.ok(counter || SPAN_METRICS.includes(metric), `${metric} in ${where}`);
      asked.add(metric);
      for (const [, label] of (matchers ?? '').matchAll(/([a-z_]+)(?:=~|!~|!=|=)"/g)) {
        assert.ok(counter ? label in COUNTER_LABELS : SPAN_LABELS.includes(label), `${label} of ${metric} in ${where}`);
      }
    }
    for (const [, labels] of query.matchAll(/by \(([^)]*)\)/g)) {
      for (const label of labels.split(', ')) assert.ok(label in COUNTER_LABELS || SPAN_LABELS.includes(label), `${label} in ${where}`);
    }
  }
  assert.deepEqual([...asked].sort(), [...Object.keys(COUNTERS), ...SPAN_METRICS].sort());
});

test('LogQL asks for events and attributes that there are', async () => {
  const dotted = { session_id: 'session.id', event_name: 'event.name' };
  for (const { dashboard, panel, query } of all.flatMap(queries).filter(q => q.language === 'loki')) {
    const where = `${dashboard} ${panel}: ${query}`;
    assert.match(query, /\{service_name="claude-code"\} \| session_id=~"\$session_id"/, where);
    const names = [...query.matchAll(/(?:\| |or )([a-z_]+)(?:=~|!=|=)"/g), ...query.matchAll(/unwrap ([a-z_]+)/g)].map(m => m[1]);
    for (const [, labels] of query.matchAll(/by \(([^)]*)\)/g)) names.push(...labels.split(', '));
    for (const name of names) assert.ok(wasSent(dotted[name] ?? name), `${name} in ${where}`);
    for (const [, events] of query.matchAll(/event_name=~?"([^"]*)"/g)) {
      for (const event of events.split('|')) assert.ok(known(event), `${event} in ${where}`);
    }
  }
});

test('TraceQL asks for spans and attributes that there are', async () => {
  for (const { dashboard, panel, query } of all.flatMap(queries).filter(q => q.language === 'tempo')) {
    const where = `${dashboard} ${panel}: ${query}`;
    const names = [...query.matchAll(/\b(?:span|resource)\.([a-z_.]+)/g)].map(m => m[1]);
    assert.ok(names.length > 0, where);
    for (const name of names) assert.ok(known(name), `${name} in ${where}`);
    for (const [, name] of query.matchAll(/name = "([^"]+)"/g)) assert.ok(known(name), `${name} in ${where}`);
  }
});

test('links lead to dashboards that there are', async () => {
  const uids = all.map(d => d.uid);
  let links = 0;
  each(d => {
    for (const [, uid] of JSON.stringify(d).matchAll(/"\/d\/([^"?]+)\?/g)) {
      assert.ok(uids.includes(uid), `${d.uid} to ${uid}`);
      links++;
    }
  });
  assert.ok(links > 0);
  assert.ok(fs.readFileSync(path.join(root, 'alloy/README.md'), 'utf8').match(/claude-top-(fleet|session|red|cost)/g).length >= 4);
});

await run();
