// --dump: screens without a terminal, of recordings, of a state folder, in every format and state.
//
//   node dump.mjs CLAUDE_TOP DEMO.ctj
import fs from 'node:fs';
import { assert, request, run, test, until } from '../tools/tap.mjs';

const [program, demo] = process.argv.slice(2);
const env = { TZ: 'UTC', LC_ALL: 'C.UTF-8' };

async function dump(t, ...args) {
  const p = await t.run(program, args, env);
  assert.equal(p.code, 0, p.err);
  return p.out;
}

const plain = ansi => ansi.replace(/\x1b\[[0-9;]*m/g, '');
const lines = text => text.replace(/\n$/, '').split('\n');

test('grid, ansi and svg show the same cells', async t => {
  const args = ['replay', demo, '--at', '53s', '--size', '100x20'];
  const grid = lines(await dump(t, ...args, '--dump', 'grid'));
  const ansi = await dump(t, ...args, '--dump', 'ansi');
  const svg = await dump(t, ...args, '--dump', 'svg');
  assert.equal(grid.length, 20);
  assert.deepEqual(lines(plain(ansi)).map(l => l.trimEnd()), grid.map(l => l.slice(1)));
  assert.match(ansi, /\x1b\[0;1;38;2;/);
  assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  for (const word of ['Flaky login test', 'permission 15s', '$1.03']) {
    assert.ok(grid.some(l => l.includes(word)), word);
    assert.ok(svg.includes(`>${word}</text>`) || svg.includes(word), word);
  }
});

test('the view, the keys, the filter and the theme are as asked for', async t => {
  const at = ['replay', demo, '--at', '53s', '--dump', 'grid'];
  assert.match(await dump(t, ...at, '--view', 'red'), /RED 15 min/);
  assert.match(await dump(t, ...at, '--keys', 'r'), /RED 15 min/);
  assert.match(await dump(t, ...at, '--keys', '/why is<Enter>'), /\n>.*#1 why is the login/);
  const filtered = await dump(t, ...at, '--filter', 'state:waiting');
  assert.match(filtered, /Flaky login test/);
  assert.doesNotMatch(filtered, /Drift in staging/);
  assert.notEqual(await dump(t, ...at.slice(0, -1), 'svg', '--theme', 'light'), await dump(t, ...at.slice(0, -1), 'svg'));
  assert.match(await dump(t, ...at, '--ascii', 'on'), /^[\x20-\x7e\n]*$/);
  assert.doesNotMatch(await dump(t, ...at.slice(0, -1), 'ansi', '--color', 'mono'), /[34]8;/);
});

test('every view at every size is drawn', async t => {
  for (const view of ['tree', 'waterfall', 'red', 'events', 'detail', 'flow'])
    for (const size of ['1x1', '40x20', '333x50']) {
      const out = await dump(t, 'replay', demo, '--dump', 'grid', '--view', view, '--size', size);
      assert.equal(lines(out).length, Number(size.split('x')[1]));
    }
});

test('without --at it is the end', async t => {
  const args = ['replay', demo, '--dump', 'grid', '--size', '80x24'];
  assert.equal(await dump(t, ...args), await dump(t, ...args));
  assert.notEqual(await dump(t, ...args), await dump(t, ...args, '--at', '30s'));
});

test('a state folder is a recording, while its collector runs', async t => {
  const p = t.start(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '', '--state-dir', t.path('state'), '--socket', t.path('s'),
    '--journal-segment-bytes', '64KiB']);
  const [, http] = await until('the ready line', () => /ready http=(\S+)/.exec(p.out));
  for (let i = 0; i < 40; i++) {
    const body = JSON.stringify({ hook_event_name: 'UserPromptSubmit', session_id: `session-${i}`, cwd: `/src/project-${i}`,
      prompt: `prompt ${i} ` + 'x'.repeat(8000) });
    const r = await request(`http://${http}/hooks`, { headers: { 'content-type': 'application/json' }, body });
    assert.equal(r.status, 200);
  }
  assert.ok(fs.readdirSync(t.path('state')).filter(n => n.endsWith('.ctj')).length > 2, 'several segments');
  const out = await dump(t, 'replay', t.path('state'), '--dump', 'grid', '--size', '80x200');
  for (let i = 0; i < 40; i++) assert.match(out, new RegExp(`project-${i}\\b`));
});

test('a pane shows one session, the last one, or those of a project', async t => {
  const p = t.start(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '', '--state-dir', t.path('state'), '--socket', t.path('s')]);
  const [, http] = await until('the ready line', () => /ready http=(\S+)/.exec(p.out));
  for (const folder of ['shop/src', 'shop/.git', 'other', 'shop-2']) fs.mkdirSync(t.path(folder), { recursive: true });
  const dir = fs.realpathSync(t.dir);
  const prompt = async (id, cwd) => {
    const body = JSON.stringify({ hook_event_name: 'UserPromptSubmit', session_id: id, cwd, prompt: `hello ${id}` });
    const r = await request(`http://${http}/hooks`, { headers: { 'content-type': 'application/json' }, body });
    assert.equal(r.status, 200);
  };
  await prompt('aaaa-1', `${dir}/shop`);
  await prompt('bbbb-2', `${dir}/shop/src`);
  await prompt('cccc-3', `${dir}/other`);
  await prompt('dddd-4', `${dir}/shop-2`);
  await prompt('bbbb-2', `${dir}/shop/src`);
  const shown = async (...args) => {
    const out = await dump(t, '--socket', t.path('s'), '--dump', 'grid', '--keys', '*', '--size', '100x30', ...args);
    return [...new Set([...out.matchAll(/hello (\w+)/g)].map(m => m[1]))].sort().join(' ');
  };
  assert.equal(await shown(), 'aaaa bbbb cccc dddd');
  assert.equal(await shown('--session', 'all'), 'aaaa bbbb cccc dddd');
  assert.equal(await shown('--session', 'cccc-3'), 'cccc');
  assert.equal(await shown('--session', 'last'), 'bbbb');
  assert.equal(await shown('--cwd', `${dir}/shop`), 'aaaa bbbb');
  assert.equal(await shown('--cwd', `${dir}/shop/src`), 'aaaa bbbb', 'the working tree that it is in');
  assert.equal(await shown('--cwd', `${dir}/other`), 'cccc');
  assert.equal(await shown('--cwd', `${dir}/shop`, '--session', 'last', '--filter', '-repo:other'), 'bbbb');
  assert.equal(await shown('--cwd', dir), 'aaaa bbbb cccc dddd');
  const bad = await t.run(program, ['--socket', t.path('s'), '--dump', 'grid', '--cwd', `${dir}/nowhere`], env);
  assert.equal(bad.code, 3);
  assert.match(bad.err, /--cwd .*nowhere: no such folder/);
});

test('what is wrong is said in one line', async t => {
  const cases = [
    [['--size', '80'], /--size 80: wants COLSxROWS/],
    [['--size', '0x0'], /--size/],
    [['--size', '9999x9'], /up to 1000x500/],
    [['--keys', 'j<Bogus>'], /--keys: no key at "<Bogus>"/],
    [['--filter', 'state:bogus'], /no state "bogus"/],
    [['--theme', 'bogus'], /bogus/],
    [['--dump', 'png'], /png/],
    [['--view', 'bogus'], /bogus/],
  ];
  for (const [args, words] of cases) {
    const p = await t.run(program, ['replay', demo, '--dump', 'grid', ...args], env);
    assert.equal(p.code, 2, `${args}: ${p.out}${p.err}`);
    assert.match(p.err, words);
    assert.equal(lines(p.err).length, 1);
    assert.equal(p.out, '');
  }
  fs.mkdirSync(t.path('empty'));
  const p = await t.run(program, ['replay', t.path('empty'), '--dump', 'grid'], env);
  assert.equal(p.code, 3);
  assert.match(p.err, /holds no journal/);
});

await run();
