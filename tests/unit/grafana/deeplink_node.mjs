// Reads deep links with Node's URL and JSON.parse, and the queries in them with small parsers of its own: ids of
// arbitrary bytes must come out as they went in, and nothing else may be in a link than its grammar has.
//   node deeplink_node.mjs PRINT_LINKS
import { spawnSync } from 'node:child_process';

let seed = 20261122;
const random = n => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0, (seed >>> 8) % n);
const nasty = ['"', '\\', '%', '\n', '\0', '\x1b', '\x7f', "'", '`', '{', '}', '&', '=', '#', '+', ' ', '/', '|', ',', '.*', '(', '[', '$',
  '\x1b]8;;', '" or vector(1) #', '" } || { true', 'é', '\u202e', '😀', '\ud800'];
const nastyId = () => Buffer.concat(Array.from({ length: random(16) + 1 }, () =>
  random(3) ? Buffer.from(nasty[random(nasty.length)]) : Buffer.from([random(256)])));
const plainId = () => Buffer.from(`${random(1e6)}-a_b.c:d`);
const START = 1795348800000, END = 1795348810000;
const EXPLORE = ['tempo', 'loki', 'mimir', 'profiles', 'split'];
const DASHBOARDS = { dashboard: 'claude-top-session', fleet: 'claude-top-fleet', red: 'claude-top-red', cost: 'claude-top-cost' };
const DRILLDOWN = { drilldown: '/a/grafana-exploretraces-app/explore', drilldown_logs: '/a/grafana-lokiexplore-app/explore/service/claude-code/logs',
  drilldown_metrics: '/a/grafana-metricsdrilldown-app/drilldown', drilldown_profiles: '/a/grafana-pyroscope-app/explore' };
const KINDS = [...EXPLORE, ...Object.keys(DASHBOARDS), ...Object.keys(DRILLDOWN)];

const cases = [];
const IDS = ['tool_use_id', 'request_id', 'agent_id', 'prompt_id', 'model', 'tool', 'mcp_server', 'agent_type'];
for (let i = 0; i < 240; i++) {
  const id = i % 3 ? nastyId : plainId, c = {};
  if (i % 7) c.session_id = id();
  for (const name of IDS) if (!random(4)) c[name] = id();
  if (!random(5)) c.tool = Buffer.concat([Buffer.from('mcp__'), id(), Buffer.from('__'), id()]);
  if (!random(4)) c.turn_number = Buffer.from(String(random(50) + 1));
  if (!random(4)) c.errors = Buffer.from('1');
  if (!random(3)) c.to_ns = Buffer.from(`${END}000000`);
  if (!random(4)) c.version = Buffer.from(['9.5.2', '10.1.9', '10.2.0', '13.0.0-pre', 'v8', 'nonsense', ''][random(7)]);
  if (!random(5)) c.root_url = Buffer.from(['https://g.example/sub/path//', 'http://user:pw@[::1]:3000'][random(2)]);
  if (!random(8)) Object.assign(c, { trace_id: Buffer.from('4bf92f3577b34da6a3ce929d0e0e4736'), span_id: Buffer.from('00f067aa0ba902b7') });
  if (!random(8)) c.profile_id = Buffer.from('00f067aa0ba902b7');
  for (const kind of KINDS) cases.push({ ...c, kind: Buffer.from(kind) });
}
const long = Buffer.alloc(100, '"');
cases.push({ kind: Buffer.from('mimir'), session_id: long }, { kind: Buffer.from('split'), session_id: long, prompt_id: Buffer.alloc(60, '"') },
  { kind: Buffer.from('mimir'), session_id: long, long: Buffer.from('1') },
  ...KINDS.map(k => ({ kind: Buffer.from(k), session_id: Buffer.alloc(4096, '"') })));

const input = cases.map(c => Object.entries(c).map(([k, v]) => `${k}:${v.toString('hex')}`).join(' ') + '\n').join('');
const run = spawnSync(process.argv[2], { input, encoding: 'latin1', maxBuffer: 256 << 20 });
const lines = run.stdout.split('\n');

function must(ok, what) { if (!ok) throw new Error(what); }

// Takes the Go string literals out of a query: the text with § for each, and their bytes.
function literals(text) {
  must(/^[\x20-\x7e]*$/.test(text), `not printable ASCII: ${JSON.stringify(text)}`);
  const plain = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' }, bytes = [];
  const frame = text.replace(/"((?:[^"\\]|\\.)*)"/g, (_, inner) => {
    bytes.push(Buffer.from(inner.replace(/\\(x([0-9a-f]{2})|.)/g, (_, code, hex) => {
      if (hex) return String.fromCharCode(parseInt(hex, 16));
      must(code in plain, `unknown escape \\${code}`);
      return plain[code];
    }), 'latin1'));
    return '§';
  });
  must(!frame.includes('"'), `a quote is left: ${frame}`);
  return { frame, bytes };
}
// The literal is a regular expression (RE2 and JavaScript agree on what is quoted here) that matches the text that of()
// makes of a value, and none that differs in a byte of it.
function matchesOnly(pattern, value, of) {
  const re = new RegExp(`^(?:${pattern.toString('latin1').replace(/^\(\?s\)/, '')})$`, 's'), text = value.toString('latin1');
  must(re.test(of(text)), `${pattern} does not match ${of(text)}`);
  for (let i = 0; i < text.length; i++)
    must(!re.test(of(text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ 1) + text.slice(i + 1))), `${pattern} matches too much`);
}
const mcpName = server => `mcp__${server}__x`;
function sameList(got, want, what) {
  must(got.length === want.length && got.every((b, i) => b.equals(Buffer.from(want[i]))), `${what}: ${got.map(b => b.toString('hex'))} is not ${want.map(b => Buffer.from(b).toString('hex'))}`);
}
const mcpParts = tool => /^mcp__([^]*?)__([^]*)$/.exec(tool?.toString('latin1') ?? '');

function traceql(c, text) {
  const { frame, bytes } = literals(text), want = [], regexes = [];
  let f = '{ ';
  if (c.session_id) { f += 'span.session.id = §'; want.push(c.session_id); } else { f += 'resource.service.name = §'; want.push('claude-code'); }
  const one = (a, v) => { f += ` && span.${a} = §`; want.push(v); };
  const two = (a, b, v) => { f += ` && (span.${a} = § || span.${b} = §)`; want.push(v, v); };
  if (c.tool_use_id) one('gen_ai.tool.call.id', c.tool_use_id);
  else if (c.request_id) two('request_id', 'gen_ai.response.id', c.request_id);
  else if (c.agent_id) one('agent_id', c.agent_id);
  else {
    if (c.turn_number) f += ` && span.turn.number = ${c.turn_number}`;
    if (c.model) one('gen_ai.request.model', c.model);
    if (c.tool) one('gen_ai.tool.name', c.tool);
    if (c.mcp_server) { f += ' && span.gen_ai.tool.name=~§'; regexes.push([want.length, c.mcp_server]); want.push(bytes[want.length]); }
    if (c.agent_type) two('subagent_type', 'agent_type', c.agent_type);
  }
  if (c.errors) f += ' && status = error';
  must(frame === f + ' }', `TraceQL ${frame}`);
  sameList(bytes, want, 'TraceQL');
  for (const [i, server] of regexes) matchesOnly(bytes[i], server, mcpName);
}
function logql(c, text) {
  const { frame, bytes } = literals(text), want = ['claude-code'], regexes = [];
  let f = '{service_name=§}';
  const one = (a, v) => { f += ` | ${a}=§`; want.push(v); };
  const re = (key, v) => { f += ' | tool_parameters=~§'; regexes.push([want.length, v, t => `{"a":1,"${key}":"${t}","z":"\n"}`]); want.push(bytes[want.length]); };
  if (c.session_id) one('session_id', c.session_id);
  const id = ['tool_use_id', 'request_id', 'agent_id', 'prompt_id'].find(k => c[k]);
  if (id) one(id, c[id]);
  else {
    if (c.model) one('model', c.model);
    const mcp = mcpParts(c.tool);
    if (mcp) { one('tool_name', 'mcp_tool'); re('mcp_server_name', Buffer.from(mcp[1], 'latin1')); if (mcp[2]) re('mcp_tool_name', Buffer.from(mcp[2], 'latin1')); }
    else if (c.tool) one('tool_name', c.tool);
    if (c.mcp_server) { one('tool_name', 'mcp_tool'); re('mcp_server_name', c.mcp_server); }
    if (c.agent_type) { one('agent_type', c.agent_type); f += ' or agent_name=§'; want.push(c.agent_type); }
  }
  if (c.errors) { f += ' | event_name=~§ or success=§'; want.push('api_error|api_retries_exhausted|api_refusal|internal_error', 'false'); }
  must(frame === f, `LogQL ${frame} is not ${f}`);
  sameList(bytes, want, 'LogQL');
  for (const [i, value, of] of regexes) matchesOnly(bytes[i], value, of);
}
const ofSpans = c => Boolean(c.errors || (!c.session_id && (c.tool || c.mcp_server)));
function promql(c, text, what) {
  const { frame, bytes } = literals(text), labels = [], want = [];
  const label = (name, v) => { labels.push(`${name}=§`); want.push(v); };
  let f;
  if (what === 'tokens' || what === 'cost') {
    if (c.session_id) label('session_id', c.session_id);
    if (c.model) label('model', c.model);
    if (c.agent_type) label('agent_name', c.agent_type);
    const [by, metric] = what === 'tokens' ? ['type', 'claude_code_token_usage_tokens_total'] : ['model', 'claude_code_cost_usage_USD_total'];
    const inner = `${metric}${labels.length ? `{${labels}}` : ''}`;
    f = c.session_id ? `sum by (${by}) (last_over_time(${inner}[$__range]))` : `sum by (${by}) (increase(${inner}[$__rate_interval]))`;
  } else {
    label('service_name', 'claude-code');
    if (c.model) label('gen_ai_request_model', c.model);
    if (c.tool) label('gen_ai_tool_name', c.tool);
    if (c.mcp_server) { labels.push('gen_ai_tool_name=~§'); want.push(bytes[want.length]); matchesOnly(bytes[want.length - 1], c.mcp_server, mcpName); }
    if (c.errors) label('status_code', 'STATUS_CODE_ERROR');
    f = what === 'calls' ? `sum by (status_code) (rate(traces_span_metrics_calls_total{${labels}}[$__rate_interval]))`
      : `histogram_quantile(0.95, sum by (le) (rate(traces_span_metrics_duration_seconds_bucket{${labels}}[$__rate_interval])))`;
  }
  must(frame === f, `PromQL ${frame} is not ${f}`);
  sameList(bytes, want, 'PromQL');
}

const rangeOf = c => ({ from: String(START - 60000), to: c.to_ns ? String(END + 60000) : 'now' });
function checkPane(c, pane, range) {
  must(typeof pane.datasource === 'string' && pane.datasource !== '', 'data source');
  must(JSON.stringify(pane.range) === JSON.stringify(range), `range ${JSON.stringify(pane.range)}`);
  must(Array.isArray(pane.queries) && pane.queries.length > 0, 'queries');
  must(new Set(pane.queries.map(q => q.refId)).size === pane.queries.length, 'refIds');
  for (const q of pane.queries) must(q.datasource.uid === pane.datasource && typeof q.datasource.type === 'string', 'uid');
}
function checkExplore(c, url, params) {
  const version = c.version?.toString() ?? '', [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  const old = major > 0 && (major < 10 || (major === 10 && !(minor >= 2)));
  const wanted = { tempo: ['tra'], loki: ['log'], mimir: ['tok', 'usd'], profiles: ['pro'], split: ['tra', 'log'] }[c.kind];
  let panes;
  if (old) {
    must([...params.keys()].join() === (wanted.length === 2 ? 'left,right,orgId' : 'left,orgId'), `parameters ${[...params.keys()]}`);
    panes = Object.fromEntries(wanted.map((id, i) => [id, JSON.parse(params.get(['left', 'right'][i]))]));
  } else {
    must([...params.keys()].join() === 'schemaVersion,panes,orgId' && params.get('schemaVersion') === '1', 'parameters');
    panes = JSON.parse(params.get('panes'));
    must(Object.keys(panes).every(id => /^[a-z]{3}$/.test(id)) && Object.keys(panes).join() === wanted.join(), `panes ${Object.keys(panes)}`);
  }
  for (const pane of Object.values(panes)) checkPane(c, pane, rangeOf(c));
  if (panes.tra) {
    if (c.trace_id && !c.errors) {
      must(panes.tra.queries[0].query === c.trace_id.toString(), 'trace');
      must(panes.tra.panelsState.trace.spanId === c.span_id.toString(), 'focus');
    } else traceql(c, panes.tra.queries[0].query);
  }
  if (panes.log) logql(c, panes.log.queries[0].expr);
  if (panes.tok) {
    promql(c, panes.tok.queries[0].expr, ofSpans(c) ? 'calls' : 'tokens');
    if (!ofSpans(c)) promql(c, panes.usd.queries[0].expr, 'cost');
    promql(c, panes.usd.queries.at(-1).expr, 'latency');
    for (const q of [...panes.tok.queries, ...panes.usd.queries]) must(q.exemplar === true && q.range === true, 'exemplars');
  }
  if (panes.pro) {
    must(panes.pro.queries[0].labelSelector === '{service_name="claude-code"}', 'selector');
    must(panes.pro.queries[0].spanSelector.join() === (c.profile_id?.toString() ?? ''), 'profile');
  }
}
/* A value that is not UTF-8 is read as such with U+FFFD in it. */
const asText = b => b.toString('utf8');
function checkDashboard(c, url, params) {
  const uid = c.kind.toString() === 'dashboard' && !c.session_id ? DASHBOARDS.fleet : DASHBOARDS[c.kind];
  must(url.pathname.endsWith(`/d/${uid}`), url.pathname);
  const want = { orgId: '1', ...rangeOf(c) };
  if (uid === DASHBOARDS.dashboard) want['var-session_id'] = asText(c.session_id);
  if (c.model) want['var-model'] = asText(c.model);
  if (c.tool) want['var-tool'] = asText(c.tool);
  must(JSON.stringify(Object.fromEntries(params)) === JSON.stringify(want), `${JSON.stringify(Object.fromEntries(params))} is not ${JSON.stringify(want)}`);
}
function checkDrilldown(c, url, params) {
  must(url.pathname.endsWith(DRILLDOWN[c.kind]), url.pathname);
  must(params.get('from') === rangeOf(c).from && params.get('to') === rangeOf(c).to && params.get('orgId') === '1', 'range');
  const filters = [...params.getAll('var-filters'), ...params.getAll('var-metadata')];
  for (const f of filters) must(/^[a-z_.]+\|=\|[-\w.:/ @+]+(,[-\w.:/ @+]+)?$/.test(f), `filter ${f}`);
  if (c.session_id && c.kind.toString() !== 'drilldown_profiles' && !(c.kind.toString() === 'drilldown_metrics' && ofSpans(c)))
    must(filters.some(f => f.includes(`|=|${c.session_id}`)), `no session in ${filters}`);
}

const counts = {}, faults = [], left = [];
function check(c, line) {
  const [text, ...rest] = line.split(' '), kind = c.kind.toString(), note = rest.join(' ');
  const count = what => { counts[`${kind} ${what}`] = (counts[`${kind} ${what}`] ?? 0) + 1; };
  if (!text.startsWith('http')) { count(text); return; }
  must(/^[\x21-\x7e]+$/.test(text), 'not printable');
  must(c.long || text.length <= 2083, 'too long');
  const url = new URL(text), root = c.root_url ? c.root_url.toString().replace(/\/+$/, '') : 'http://localhost:3000';
  must(text.startsWith(`${root}/`) && url.href === text, `not in normal form: ${text}`);
  must(!/[+<>"'`{}|\\^ ]/.test(text), 'something stands unencoded');
  for (const [, v] of url.searchParams) must(EXPLORE.includes(kind) ? !/[\x00-\x1f]/.test(v) : true, 'a control character in the JSON');
  if (note) { left.push(`${kind}: ${note}`); count('short'); return; }
  (EXPLORE.includes(kind) ? checkExplore : kind in DASHBOARDS ? checkDashboard : checkDrilldown)(c, url, url.searchParams);
  count('ok');
}

if (run.status !== 0 || lines.length !== cases.length + 1) faults.push(`print_links: status ${run.status}, ${lines.length - 1} lines of ${cases.length} ${run.stderr}`);
else cases.forEach((c, i) => {
  try { check(c, lines[i]); } catch (e) { faults.push(`${e.message} (${Object.entries(c).map(([k, v]) => `${k}=${v.toString('latin1')}`).join(' ').replace(/[^\x20-\x7e]/g, '?')})`); }
});
// Most of the cases must have come to the checks, or they show nothing.
for (const kind of KINDS) if (!(counts[`${kind} ok`] >= 50)) faults.push(`only ${counts[`${kind} ok`]} ${kind} links`);
for (const kind of ['drilldown', 'drilldown_logs']) if (!(counts[`${kind} unsupported`] >= 50)) faults.push(`${kind} took hostile ids`);
if (!left.some(t => t.startsWith('mimir: without cost')) || !left.some(t => t.startsWith('split: without the logs'))) faults.push(`nothing was left out: ${left}`);
for (const kind of ['tempo', 'loki', 'mimir', 'split', 'dashboard']) if (!(counts[`${kind} limit`] >= 1)) faults.push(`4 KB of quotes made a ${kind} link`);
for (const f of faults.slice(0, 20)) console.log(`# ${f}`);
console.log(`${faults.length ? 'not ok' : 'ok'} 1 - ${cases.length} links read by Node`);
console.log('1..1');
