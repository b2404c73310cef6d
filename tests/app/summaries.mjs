// What remains of sessions when the model's memory is full: their sums, in status --json and on the screen.
//
//   node summaries.mjs CLAUDE_TOP
import path from 'node:path';
import { assert, captures, request, root, run, test, until } from '../tools/tap.mjs';

const program = process.argv[2];
const NAMES = ['interactive', 'subagents-background', 'failing-tool', 'tools-grpc'];
const BUDGET = ['--model-max-bytes', '1MiB']; // the least there is
const COUNTERS = ['turns', 'llm_calls', 'llm_errors', 'tool_calls', 'tool_errors', 'tool_rejections', 'agents', 'input_tokens',
  'output_tokens', 'cache_read_tokens', 'cache_creation_tokens', 'cost_usd'];
const PROMPTS = 20;     // of a session that fills the memory
const FILLERS_MAX = 2000;

async function serve(t) {
  const p = t.start(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--state-dir', t.path('state'),
    '--socket', t.path('s'), ...BUDGET]);
  await until('the ready line', () => p.over || /^ready .*\n/m.test(p.out));
  const m = /^ready http=(\S*) grpc=(\S*)/m.exec(p.out);
  assert.ok(m, p.err);
  [p.http, p.grpc] = [`http://${m[1]}`, `http://${m[2]}`];
  p.settled = () => until('the model', async () => {
    const r = await t.run(program, ['status', '--json', '--socket', t.path('s')]);
    assert.equal(r.code, 0, r.err);
    const x = JSON.parse(r.out);
    return !x.catching_up && x;
  });
  p.hook = async body => {
    const r = await request(`${p.http}/hooks`, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    assert.equal(r.status, 200);
  };
  return p;
}

/* hooks: false leaves them out; they bear no time of their own, so that one that comes again is news. */
async function send(t, p, hooks = true) {
  const r = await t.run(process.execPath, [path.join(root, 'tests/tools/replay-capture.mjs'), '--http', p.http, '--grpc', p.grpc,
    ...(hooks ? ['--hooks', `${p.http}/hooks`] : []), ...NAMES.map(n => path.join(captures, n))]);
  assert.equal(JSON.parse(r.out).refused, 0, r.out);
}

/** Fills the memory with sessions of prompts until all of ids are summaries; returns how many there were. */
async function fill(p, ids) {
  let n = 0;
  for (;;) {
    for (let k = 0; k < 10; k++, n++)
      for (let i = 0; i < PROMPTS; i++)
        await p.hook({ hook_event_name: 'UserPromptSubmit', session_id: `filler-${n}`, prompt_id: `p-${n}-${i}`, cwd: `/src/filler-${n}`,
          prompt: `${i} ` + 'x'.repeat(1000) });
    const s = await p.settled();
    if (s.sessions.filter(x => ids.has(x.session_id)).every(x => x.summary)) return n;
    assert.ok(n < FILLERS_MAX, 'they do not go');
  }
}

const sums = x => COUNTERS.map(k => [k, k === 'cost_usd' ? Math.round(x[k] * 1e6) : x[k]]);
const plus = (x, turns) => sums(x).map(([k, v]) => [k, k === 'turns' ? v + turns : v]);
const find = (x, id) => x.sessions.find(s => s.session_id === id);

test('a session whose calls went is a summary: its sums and all totals stay what they were', async t => {
  const p = await serve(t);
  await send(t, p);
  const before = await p.settled();
  assert.equal(before.model.evicted_sessions, 0, 'all of it fits at first');
  assert.ok(before.sessions.length >= NAMES.length);
  for (const s of before.sessions) assert.deepEqual([s.summary, s.gone], [false, null]);
  for (const k of COUNTERS.slice(0, 2)) assert.ok(before.totals[k] > 0, k);
  const ids = new Set(before.sessions.map(s => s.session_id));
  const fillers = await fill(p, ids);
  const after = await p.settled();
  for (const was of before.sessions) {
    const is = find(after, was.session_id);
    assert.deepEqual([is.summary, is.tree, is.trace_ids], [true, [], []]);
    assert.deepEqual(sums(is), sums(was), was.session_id);
    assert.deepEqual(sums(is.gone), sums(was), 'all of it is gone');
    for (const k of ['title', 'cwd', 'model', 'started_at', 'last_activity_at', 'service_version'])
      assert.deepEqual(is[k], was[k], k);
    assert.deepEqual(is.models, was.models);
  }
  assert.deepEqual(sums(after.totals), plus(before.totals, fillers * PROMPTS));
  assert.equal(after.model.summaries, after.sessions.filter(s => s.summary).length);
  assert.ok(after.model.evicted_sessions >= ids.size && after.model.bytes < 2 ** 20 + 2 ** 17);
  assert.deepEqual([after.model.refused_events, after.model.dropped_summaries], [0, 0]);

  /* Sent once more, nothing of it counts again. */
  await send(t, p, false);
  const again = await p.settled();
  assert.deepEqual(sums(again.totals), sums(after.totals));
  assert.ok(again.model.late_events > after.model.late_events);

  /* It goes on: a tree again, of what is new, behind the sums of what went. */
  const first = before.sessions.find(s => s.llm_calls > 0);
  await p.hook({ hook_event_name: 'UserPromptSubmit', session_id: first.session_id, prompt_id: 'more', cwd: '/src/more', prompt: 'go on' });
  const on = await p.settled(), s = find(on, first.session_id);
  assert.equal(s.summary, false);
  assert.equal(s.tree.length, 1);
  assert.deepEqual(sums(s), plus(first, 1));
  assert.deepEqual(sums(s.gone), sums(first));
  assert.deepEqual(sums(on.totals), plus(after.totals, 1));
});

test('the screen says of a summary that its calls went, and shows its sums', async t => {
  const p = await serve(t);
  await send(t, p);
  const before = await p.settled(), one = before.sessions.find(s => s.llm_calls > 1);
  const dump = async (...more) => {
    const r = await t.run(program, ['--socket', t.path('s'), '--dump', 'grid', '--size', '220x40', '--columns', 'cost,llm',
      '--session', one.session_id, ...BUDGET, ...more], { LC_ALL: 'C.UTF-8', TZ: 'UTC' });
    assert.equal(r.code, 0, r.err);
    return r.out;
  };
  assert.doesNotMatch(await dump(), /no longer kept/);
  await fill(p, new Set([one.session_id]));
  const row = (await dump()).split('\n').filter(l => /its calls are no longer kept/.test(l));
  assert.equal(row.length, 1);
  assert.match(row[0], new RegExp(`\\$${one.cost_usd.toFixed(2).replace('.', '\\.')} +${one.llm_calls}$`), 'its cost and its calls');
  const details = await dump('--keys', 'i');
  assert.match(details, /summary +its calls went when memory was full/);
  assert.match(details, new RegExp(`LLM calls +${one.llm_calls}\n`));
  assert.match(details, new RegExp(`output +${one.output_tokens}\n`));
});

await run();
