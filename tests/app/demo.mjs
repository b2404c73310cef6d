// The recording behind `claude-top demo`: it replays, it adds up, and nothing in it names a real machine.
//
//   node demo.mjs CLAUDE_TOP DEMO.ctj JSONL_TO_RECORDING
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { assert, captures, readLines, run, test } from '../tools/tap.mjs';

const [program, demo, jsonlToRecording] = process.argv.slice(2);
const SIZE_MAX = 400 * 1024;
const TOKENS = ['input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_creation_tokens'];
const COUNTERS = ['turns', 'llm_calls', 'llm_errors', 'tool_calls', 'tool_errors', 'tool_rejections', 'agents', ...TOKENS];

async function replay(t, file) {
  const r = await t.run(program, ['replay', file, '--json']);
  assert.equal(r.code, 0, r.err);
  return r.out;
}

function* walk(nodes) {
  for (const n of nodes) {
    yield n;
    yield* walk(n.children ?? []);
  }
}

/** What the calls in a session's tree come to, counted one by one. */
function counted(session) {
  const sum = Object.fromEntries([...COUNTERS, 'cost_usd'].map(k => [k, 0]));
  for (const n of walk(session.tree)) {
    if (n.kind === 'turn') sum.turns++;
    if (n.kind === 'agent') sum.agents++;
    if (n.kind === 'tool') {
      sum.tool_calls++;
      if (n.state === 'failed') sum.tool_errors++;
      if (n.state === 'rejected') sum.tool_rejections++;
    }
    if (n.kind === 'llm') {
      sum.llm_calls++;
      if (n.state === 'failed') sum.llm_errors++;
      for (const k of TOKENS) sum[k] += n[k];
      sum.cost_usd += n.cost_usd;
    }
  }
  return sum;
}

/** The frames of a recording (docs/journal.md, proto/frame.proto), bodies as text where they can be. */
function* frames(file) {
  const b = fs.readFileSync(file);
  let at = 20;
  while (at < b.length) {
    const end = at + 8 + b.readUInt32LE(at);
    const f = { headers: {} };
    at += 8;
    const varint = () => { let x = 0, shift = 1, c; do { c = b[at++]; x += (c & 127) * shift; shift *= 128; } while (c & 128); return x; };
    const bytes = () => { const n = varint(); at += n; return b.subarray(at - n, at); };
    while (at < end) {
      const tag = varint();
      if (tag === 8) varint();
      else if (tag === 17) { f.wall = b.readBigInt64LE(at); at += 8; }
      else if (tag === 25) at += 8;
      else if (tag === 32) f.source = varint();
      else if (tag === 42) bytes();
      else if (tag === 50) f.path = bytes().toString();
      else if (tag === 58) {
        const stop = varint() + at, pair = [];
        while (at < stop) { varint(); pair.push(bytes().toString()); }
        f.headers[pair[0]] = pair[1];
      } else if (tag === 66) f.body = bytes();
      else assert.fail(`unknown field ${tag}`);
    }
    if (f.headers['grpc-encoding']) f.body = f.body.subarray(5);
    if (f.headers['content-encoding'] || f.headers['grpc-encoding']) f.body = zlib.gunzipSync(f.body);
    yield f;
  }
}

test('it replays: four sessions or more, no decode errors, the same bytes each time', async t => {
  const text = await replay(t, demo), x = JSON.parse(text);
  assert.equal(x.schema, 1);
  assert.ok(x.sessions.length >= 4, `${x.sessions.length} sessions`);
  assert.equal(x.flow.decode_errors, 0);
  assert.ok(x.flow.received.spans > 0 && x.flow.received.logs > 0 && x.flow.received.metric_points > 0 && x.flow.received.hooks > 0);
  for (const s of x.sessions) {
    assert.ok(s.title, `${s.session_id} has a title`);
    assert.match(s.cwd, /^\/home\/dev\/[a-z-]+$/);
    assert.ok(s.cost_usd > 0.01 && s.cost_usd < 10, `${s.title}: $${s.cost_usd}`);
  }
  assert.equal(await replay(t, demo), text);
});

test("every session's totals are the sum over its tree, and the totals are the sum over the sessions", async t => {
  const x = JSON.parse(await replay(t, demo));
  for (const s of x.sessions) {
    const sum = counted(s);
    for (const k of COUNTERS) assert.equal(s[k], sum[k], `${s.title}: ${k}`);
    assert.ok(Math.abs(s.cost_usd - sum.cost_usd) < 1e-9, `${s.title}: cost ${s.cost_usd}, calls ${sum.cost_usd}`);
  }
  for (const k of COUNTERS) assert.equal(x.totals[k], x.sessions.reduce((n, s) => n + s[k], 0), k);
});

test('it shows what the screen can show', async t => {
  const x = JSON.parse(await replay(t, demo));
  const nodes = [...walk(x.sessions.flatMap(s => s.tree))];
  const states = new Set(x.sessions.map(s => s.state));
  for (const s of ['permission', 'input', 'ended']) assert.ok(states.has(s), `a session is ${s} at the end: ${[...states]}`);
  for (const kind of ['turn', 'llm', 'tool', 'agent', 'compaction']) assert.ok(nodes.some(n => n.kind === kind), kind);
  assert.ok(nodes.some(n => n.kind === 'llm' && n.state === 'failed'), 'a call that failed in the end');
  assert.ok(nodes.some(n => n.kind === 'llm' && n.attempts > 1 && n.state === 'ok'), 'a call that went well the second time');
  assert.ok(nodes.some(n => n.kind === 'tool' && n.state === 'failed'), 'a failed tool');
  assert.ok(nodes.some(n => n.kind === 'tool' && n.state === 'rejected'), 'a rejected tool');
  assert.ok(nodes.some(n => n.kind === 'tool' && n.wait_ms > 20000), 'somebody was waited for');
});

test('nothing happens after it arrives, or long before', () => {
  const seen = { logs: 0, hooks: 0 };
  let last = 0n;
  for (const f of frames(demo)) {
    assert.ok(f.wall >= last, 'in order of arrival');
    last = f.wall;
    if (f.source === 3) seen.hooks++;
    if (f.path !== '/v1/logs' || f.headers['content-type'] !== 'application/json') continue;
    for (const r of JSON.parse(f.body).resourceLogs.flatMap(x => x.scopeLogs).flatMap(x => x.logRecords)) {
      const ms = Number(f.wall - BigInt(r.timeUnixNano)) / 1e6;
      assert.ok(ms >= 0 && ms < 5000, `${r.body.stringValue} arrives after ${ms} ms`);
      seen.logs++;
    }
  }
  assert.ok(seen.logs > 50 && seen.hooks > 50, JSON.stringify(seen));
});

test('no text in it names a real machine, a person or a key', () => {
  const all = [...frames(demo)].map(f => [f.path, ...Object.values(f.headers), f.body.toString('utf8')].join('\n')).join('\n');
  assert.ok(all.includes('/home/dev/web-ui') && all.includes('claude_code.api_request'), 'the text was found');
  const homes = new Set(all.match(/\/(home|Users)\/[^/"\\\s]+/g));
  assert.deepEqual([...homes], ['/home/dev']);
  for (const [what, pattern] of Object.entries({
    'a key': /\bsk-[A-Za-z0-9-]{8}|gh[ps]_[A-Za-z0-9]{8}|AKIA[A-Z0-9]{8}|BEGIN [A-Z ]*PRIVATE KEY|[Bb]earer [A-Za-z0-9]/,
    'an address': /\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b|[\w.]+@[\w-]+\.[a-z]{2,}\b/,
    'a folder of a machine': /\/(root|srv|work|mnt|opt|etc|var)\//,
    'a test': /\[\[|fake model|hello/,
  }))
    assert.equal(pattern.exec(all)?.[0], undefined, what);
  const host = os.hostname();
  if (host.length > 5) assert.ok(!all.includes(host), 'the name of this machine');
});

test('it is small', () => assert.ok(fs.statSync(demo).size < SIZE_MAX));

/** A capture as the lines that jsonl_to_recording reads. */
function lines(name) {
  const dir = path.join(captures, name);
  const rows = readLines(path.join(dir, 'requests.jsonl')).map(r => ({
    t: r.t, source: r.transport, path: r.path, headers: r.headers, body: fs.readFileSync(path.join(dir, r.body)).toString('base64') }));
  rows.push(...readLines(path.join(dir, 'hooks.jsonl')).map(h => ({
    t: h.t, source: 'hook', path: '/hooks', body: Buffer.from(JSON.stringify(h.body)).toString('base64') })));
  return rows.sort((a, b) => a.t - b.t).map(({ t, ...row }) => JSON.stringify({ wall_ns: `${Math.round(t * 1000)}000000`, ...row }));
}

const convert = (t, from, to) => t.run('sh', ['-c', '"$0" "$1" < "$2"', jsonlToRecording, to, from]);

test('a recording can be made from text', async t => {
  for (const name of ['tools-json', 'tools-protobuf-gzip', 'tools-grpc-gzip', 'interactive']) {
    const text = t.path(name + '.jsonl'), file = t.path(name + '.ctj');
    fs.writeFileSync(text, lines(name).join('\n') + '\n');
    const r = await convert(t, text, file);
    assert.equal(r.code, 0, r.err);
    const x = JSON.parse(await replay(t, file));
    const expected = JSON.parse(fs.readFileSync(path.join(captures, name, 'expected.json')));
    assert.equal(x.flow.decode_errors, 0, name);
    for (const e of expected.sessions) {
      const s = x.sessions.find(y => y.session_id === e.session_id);
      for (const k of COUNTERS) assert.equal(s[k], e[k], `${name}: ${k}`);
    }
    const again = await convert(t, text, file);
    assert.equal(again.code, 1);
    assert.match(again.err, /exists already/);
  }
});

test('text that is no recording is refused, by line, and leaves no file', async t => {
  const good = lines('tools-json').find(l => l.includes('"source":"http"'));
  const bad = {
    'no JSON': '{', 'not an object': '7', 'wall_ns as a number': good.replace(/"wall_ns":"(\d+)"/, '"wall_ns":$1'),
    'wall_ns not a number': good.replace(/"wall_ns":"/, '"wall_ns":"x'), 'going back in time': good.replace(/"wall_ns":"\d+"/, '"wall_ns":"1"'),
    'an unknown source': good.replace('"source":"http"', '"source":"pigeon"'), 'no path': good.replace('"path"', '"paht"'),
    'a header that is no text': good.replace('"headers":{', '"headers":{"a":1,'), 'no base64': good.replace('"body":"', '"body":"*'),
    'a cut body': good.replace(/[^=](=*"})$/, '$1'),
  };
  const text = t.path('x.jsonl'), file = t.path('x.ctj');
  for (const [what, line] of Object.entries(bad)) {
    assert.notEqual(line, good, what);
    fs.writeFileSync(text, `${good}\n${line}\n`);
    const r = await convert(t, text, file);
    assert.equal(r.code, 1, what);
    assert.match(r.err, /^jsonl_to_recording: line 2: .*\n$/, what);
    assert.equal(fs.existsSync(file), false, what);
  }
  fs.writeFileSync(text, '');
  assert.equal((await convert(t, text, file)).code, 1, 'no lines');
  assert.equal(fs.existsSync(file), false);
});

run();
