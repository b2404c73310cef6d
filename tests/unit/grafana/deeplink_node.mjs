// Reads deep links with Node's URL and JSON.parse: ids of arbitrary bytes must come out as they went in.
//   node deeplink_node.mjs PRINT_LINKS
import { spawnSync } from 'node:child_process';

const hex = b => Buffer.from(b).toString('hex');
let seed = 20261122;
const random = n => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0, (seed >>> 8) % n);
const nasty = ['"', '\\', '%', '\n', '\0', '\x1b', '\x7f', "'", '`', '{', '}', '&', '=', '#', '+', ' ', '/', 'é', '\u202e', '😀', '\ud800'];
const randomId = () => Buffer.concat(Array.from({ length: random(24) + 1 }, () =>
  random(3) ? Buffer.from(nasty[random(nasty.length)]) : Buffer.from([random(256)])));

const cases = [];
for (let i = 0; i < 400; i++) {
  const id = randomId();
  for (const kind of ['tempo', 'loki', 'mimir', 'profiles'])
    cases.push({ kind, session: id, trace: '', span: '', request: '', tool: random(2) ? randomId() : '', prompt: '', model: random(2) ? randomId() : '' });
}
cases.push({ kind: 'tempo', session: 's', trace: '4bf92f3577b34da6a3ce929d0e0e4736', span: '00f067aa0ba902b7', request: '', tool: '', prompt: '', model: '' });
cases.push({ kind: 'loki', session: Buffer.alloc(4096, '"'), trace: '', span: '', request: '', tool: '', prompt: '', model: '' });

const input = cases.map(c => [c.kind, c.session, c.trace, c.span, c.request, c.tool, c.prompt, c.model].map(hex).join(' ') + '\n').join('');
const run = spawnSync(process.argv[2], { input, encoding: 'latin1', maxBuffer: 64 << 20 });
const urls = run.stdout.split('\n');

// A Go string literal at the start of text: its bytes, and what follows.
function literal(text) {
  const m = /^"((?:[^"\\\n]|\\.)*)"/.exec(text);
  if (!m) throw new Error(`no literal: ${text}`);
  const plain = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };
  const bytes = Buffer.from(m[1].replace(/\\(x([0-9a-f]{2})|.)/g, (_, code, byte) => {
    if (byte) return String.fromCharCode(parseInt(byte, 16));
    if (!(code in plain)) throw new Error(`unknown escape \\${code}`);
    return plain[code];
  }), 'latin1');
  return [bytes, text.slice(m[0].length)];
}
// Takes template apart: strings must match exactly, Buffers are literals with those bytes.
function match(text, parts) {
  for (const part of parts) {
    if (typeof part === 'string') {
      if (!text.startsWith(part)) throw new Error(`${JSON.stringify(text)} does not begin with ${part}`);
      text = text.slice(part.length);
    } else {
      const [bytes, rest] = literal(text);
      if (!bytes.equals(part)) throw new Error(`${bytes.toString('hex')} is not ${part.toString('hex')}`);
      text = rest;
    }
  }
  if (text) throw new Error(`left over: ${text}`);
}
const counter = (by, metric, c) => [`sum by (${by}) (last_over_time(${metric}{session_id=`, c.session,
  ...(c.model ? [',model=', c.model] : []), '}[$__range]))'];

const counts = { limit: 0 };
function check(c, line) {
  if (line === 'limit') { counts.limit++; return; }
  const url = new URL(line);
  if (url.href !== line) throw new Error(`not in normal form: ${line}`);
  if ([...url.searchParams.keys()].join() !== 'schemaVersion,panes,orgId') throw new Error('parameters');
  const panes = JSON.parse(decodeURIComponent(/[?&]panes=([^&]*)/.exec(line)[1]));
  for (const [id, pane] of Object.entries(panes)) {
    if (!/^[a-z]{3}$/.test(id) || typeof pane.datasource !== 'string' || pane.range.from !== '1795348740000' || pane.range.to !== 'now')
      throw new Error(`pane ${id}`);
    for (const q of pane.queries) if (q.datasource.uid !== pane.datasource) throw new Error('uid');
  }
  if (c.kind === 'tempo' && c.trace) {
    match(panes.tra.queries[0].query, [c.trace]);
    if (panes.tra.panelsState.trace.spanId !== c.span) throw new Error('focus');
  } else if (c.kind === 'tempo') match(panes.tra.queries[0].query, ['{ span.session.id = ', c.session, ' }']);
  else if (c.kind === 'loki') match(panes.log.queries[0].expr, ['{service_name="claude-code"} | session_id=', c.session,
    ...(c.tool ? [' | tool_use_id=', c.tool] : [])]);
  else if (c.kind === 'mimir') {
    match(panes.tok.queries[0].expr, counter('type', 'claude_code_token_usage_tokens_total', c));
    match(panes.usd.queries[0].expr, counter('model', 'claude_code_cost_usage_USD_total', c));
  } else match(panes.pro.queries[0].labelSelector, ['{service_name="claude-code"}']);
  counts[c.kind] = (counts[c.kind] ?? 0) + 1;
}

const faults = [];
if (run.status !== 0 || urls.length !== cases.length + 1) faults.push(`print_links: status ${run.status}, ${urls.length - 1} lines`);
else cases.forEach((c, i) => { try { check(c, urls[i]); } catch (e) { faults.push(`${c.kind} ${hex(c.session)}: ${e.message}`); } });
// Most of the cases must have come to the checks, or they show nothing.
for (const kind of ['tempo', 'loki', 'mimir', 'profiles']) if (!(counts[kind] >= 150)) faults.push(`only ${counts[kind]} ${kind} links`);
if (counts.limit < 1) faults.push('4 KB of quotes made a link');
for (const f of faults.slice(0, 20)) console.log(`# ${f}`);
console.log(`${faults.length ? 'not ok' : 'ok'} 1 - ${cases.length} links read by Node`);
console.log('1..1');
