// A real Grafana in front of the real stores: what alloy/grafana provisions is taken, every query of the dashboards is answered
// through it, claude-top finds its way in it with a token, and, with a front end and Chromium, every dashboard and every kind of
// link shows what it is for.
//
//   [CT_PICTURES=FOLDER] node grafana.mjs CLAUDE_TOP
//
// grafana, tempo, loki, prometheus and alloy are those in PATH; without them it is skipped. The session is a captured client's,
// brought to the present. CT_PICTURES: where to leave a picture of every page.
import fs from 'node:fs';
import { assert, run, skip, test, until } from '../tools/tap.mjs';
import { dashboards, filled, queries } from '../tools/dashboards.mjs';
import { program, serve } from './harness.mjs';
import { grafanaHome, hasFrontEnd, startGrafana, stopGrafana } from './grafana_server.mjs';
import { lookAtAll } from './grafana_pages.mjs';
import { replayNow } from './stack_sessions.mjs';
import { ask, logql } from './stack_questions.mjs';
import { choosePorts, missing, startStack, stopStack } from './stack_programs.mjs';

const RANGE_MS = 3_600_000;
const seen = new Set();
const note = line => { if (!seen.has(line)) console.log(`# ${line}`); seen.add(line); };

/* Provisioning says what it could not do in its log, and goes on. */
function assertProvisioned(grafana) {
  const complaints = grafana.log().split('\n').filter(l => /level=(error|warn)/.test(l) && /provisioning|correlation/i.test(l));
  assert.deepEqual(complaints, []);
}

async function askApi(grafana) {
  const sources = await grafana.api('/api/datasources');
  assert.deepEqual(sources.body.map(s => s.uid).sort(), ['loki', 'prometheus', 'pyroscope', 'tempo']);
  for (const uid of ['loki', 'prometheus', 'tempo']) {
    const health = await grafana.api(`/api/datasources/uid/${uid}/health`);
    assert.equal(health.status, 200, `${uid}: ${JSON.stringify(health.body)}`);
    assert.equal(health.body.status, 'OK');
  }
  const correlations = (await grafana.api('/api/datasources/correlations')).body.correlations;
  assert.deepEqual(correlations.map(c => `${c.sourceUID} ${c.targetUID} ${c.type}`).sort(), ['loki prometheus query', 'loki tempo query']);
  for (const c of correlations) assert.ok(!JSON.stringify(c.config).includes('$$'), 'an escape that stayed');
  for (const d of dashboards()) {
    const got = await grafana.api(`/api/dashboards/uid/${d.uid}`);
    assert.equal(got.status, 200, d.uid);
    assert.ok(got.body.meta.provisioned);
    assert.equal(got.body.meta.folderTitle, 'claude-top');
    assert.deepEqual(got.body.dashboard.panels.map(p => p.title), d.panels.map(p => p.title));
  }
}

/* As a panel asks: Prometheus and Loki through Grafana's backend, which knows $__range and its siblings, Tempo's search, which
 * the browser asks, through its proxy. Returns the number of values, or throws with what Grafana said. */
async function askPanel(grafana, { target, language, query }, values) {
  const to = Date.now() + 60_000, from = to - RANGE_MS, text = fillUser(query, values);
  if (language === 'tempo') {
    const r = await grafana.api(`/api/datasources/proxy/uid/tempo/api/search?${new URLSearchParams({ q: text, start: Math.floor(from / 1000), end: Math.floor(to / 1000) })}`);
    assert.equal(r.status, 200, `${text}: ${JSON.stringify(r.body)}`);
    return r.body.traces?.length ?? 0;
  }
  const labels = /^label_values\((.*), (\w+)\)$/.exec(text);
  if (labels) {
    const r = await grafana.api(`/api/datasources/uid/prometheus/resources/api/v1/label/${labels[2]}/values?${new URLSearchParams({ 'match[]': labels[1], start: from / 1000, end: to / 1000 })}`);
    assert.equal(r.status, 200, `${text}: ${JSON.stringify(r.body)}`);
    return r.body.data.length;
  }
  const asked = { ...target, expr: text, datasource: { type: language, uid: language }, intervalMs: 15_000, maxDataPoints: 300 };
  const r = await grafana.api('/api/ds/query', { body: { queries: [asked], from: String(from), to: String(to) } });
  const result = r.body.results?.[target.refId];
  assert.ok(r.status === 200 && result && !result.error, `${text}: ${r.status} ${JSON.stringify(result?.error ?? r.body).slice(0, 600)}`);
  return (result.frames ?? []).reduce((n, f) => n + (f.data.values.at(-1)?.length ?? 0), 0);
}
/* Only the dashboards' own variables: what begins with __ is Grafana's to fill in. */
const fillUser = (query, values) => query.replace(/\$\{?(session_id|model|tool)\}?/g, (_, name) => values[name] ?? '.*');

/* What a session without failures, sub-agents and slow calls has nothing of. */
const EMPTY = /fail|error|slow|sub-agent|refus|denied|Which/i;

async function askPanels(grafana, session) {
  let answered = 0;
  for (const q of dashboards().flatMap(queries)) {
    const found = await askPanel(grafana, q, q.dashboard === 'claude-top-session' ? { session_id: session } : {});
    if (found > 0) answered++;
    else if (EMPTY.test(q.panel) || EMPTY.test(q.query)) note(`nothing found: ${q.dashboard}, ${q.panel}`);
    else assert.fail(`nothing found: ${q.dashboard}, ${q.panel}: ${q.query}`);
  }
  assert.ok(answered > 40, String(answered));
}

/** claude-top's command with the token, and what it prints. */
async function top(t, grafana, args, { token = grafana.token, socket = 's.sock' } = {}) {
  return t.run(program, [...args, '--grafana-url', grafana.url, '--state-dir', t.path('state'), '--socket', t.path(socket)],
    { CLAUDE_TOP_GRAFANA_TOKEN: token });
}

/** { kind: URL } of every kind, for a session narrowed by args. */
async function links(t, grafana, session, args = []) {
  const r = await top(t, grafana, ['link', 'all', '--session', session, ...args]);
  assert.equal(r.code, 0, r.err);
  return Object.fromEntries(r.out.trim().split('\n').map(l => l.split('\t')).filter(([, url]) => url.startsWith('http')));
}

/* A Viewer's token is enough for all that claude-top asks. */
async function askWithToken(t, grafana, session) {
  const doctor = await top(t, grafana, ['doctor', '--json']);
  const said = JSON.parse(doctor.out).checks?.filter(c => c.group === 'grafana') ?? [];
  note(`doctor: ${JSON.stringify(said)}`);
  const found = await links(t, grafana, session);
  const kept = JSON.parse(fs.readFileSync(t.path('state/grafana.json'), 'utf8'));
  note(`grafana.json: ${JSON.stringify(kept)}`);
  const { version } = (await grafana.api('/api/health')).body;
  assert.ok(JSON.stringify(kept).includes(version), 'the version is found out');
  for (const kind of ['dashboard', 'fleet', 'red', 'cost']) assert.ok(found[kind]?.startsWith(`${grafana.url}/d/claude-top-`), kind);
  /* A link that no terminal would take becomes Grafana's short one, and that leads to the whole. */
  const long = await top(t, grafana, ['link', 'mimir', '--session', '"'.repeat(300)], { socket: 'none.sock' });
  assert.equal(long.code, 0, long.err);
  const short = long.out.trim();
  assert.match(short, /^http:\/\/127\.0\.0\.1:\d+\/grafana\/goto\/[\w-]+\?orgId=1$/);
  const there = await grafana.api(short.slice(grafana.url.length));
  assert.equal(there.status, 302, short);
  const panes = JSON.parse(new URL(there.headers.location, grafana.url).searchParams.get('panes'));
  assert.ok(Object.values(panes).every(p => p.queries.some(q => q.expr.includes('\\"'.repeat(300)))));
  /* A token that Grafana does not take is said, and the link is made without it. */
  const wrong = await top(t, grafana, ['doctor'], { token: 'glsa_no' });
  assert.match(wrong.out + wrong.err, /token|401/i);
}

test('alloy/grafana in a real Grafana: provisioned, answered, found by claude-top, seen in a browser', async t => {
  const absent = missing();
  if (absent) skip(`${absent} is not in PATH`);
  const home = grafanaHome();
  if (!home) skip('grafana is not in PATH');
  const stack = await startStack(t.dir, 'config-delta', await choosePorts());
  let grafana;
  try {
    const s = await serve(t, { url: stack.alloy.http, grpc: stack.alloy.grpc });
    const [session] = await Promise.all([replayNow('tools-json', s.http), startGrafana(t.dir, home, stack).then(g => { grafana = g; })]);
    await ask(stack, session);
    /* A rate needs two samples. */
    await until('span metrics twice', async () => {
      const r = await grafana.api(`/api/datasources/proxy/uid/prometheus/api/v1/query?${new URLSearchParams({ query: 'sum(count_over_time(traces_span_metrics_calls_total[5m])) / count(traces_span_metrics_calls_total)' })}`);
      return Number(r.body.data?.result?.[0]?.value[1]) >= 2;
    }, 60_000);
    assertProvisioned(grafana);
    await askApi(grafana);
    await askPanels(grafana, session);
    await askWithToken(t, grafana, session);
    if (hasFrontEnd(home) && !missing(['chromium'])) await lookAtAll({ t, grafana, session, links: args => links(t, grafana, session, args), logql: q => logql(stack, q, false), note });
    else note('no front end, or no chromium in PATH: not seen in a browser');
    await s.stop();
  } finally {
    if (grafana) await stopGrafana(grafana);
    stopStack(stack);
  }
});

await run();
