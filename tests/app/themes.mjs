// themes: all of them, one, the user's own, and --check.
//
//   node themes.mjs CLAUDE_TOP THEMES-FOLDER
import fs from 'node:fs';
import path from 'node:path';
import { assert, run, test } from '../tools/tap.mjs';

const [program, folder] = process.argv.slice(2);
const BUILTIN = ['dark', 'light', 'dusk', 'colorblind', 'high-contrast', 'mono'];

/* A home with these theme files. */
function home(t, files = {}) {
  const dir = path.join(t.path(), 'config', 'claude-top', 'themes');
  fs.mkdirSync(dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(dir, name), text);
  return dir;
}

const themes = (t, ...args) => t.run(program, ['themes', ...args],
  { TZ: 'UTC', LC_ALL: 'C.UTF-8', XDG_CONFIG_HOME: path.join(t.path(), 'config'), TERM: 'xterm-256color' });

const plain = ansi => ansi.replace(/\x1b\[[0-9;]*m/g, '');

test('without a terminal it is a list, auto first', async t => {
  home(t);
  const p = await themes(t);
  assert.equal(p.code, 0, p.err);
  assert.deepEqual(p.out.trimEnd().split('\n').map(l => l.split(' ')[0]), ['auto', ...BUILTIN]);
});

test('the user\'s are listed with their file, and bad ones are named on stderr', async t => {
  const dir = home(t, {
    'paper.ini': '[theme]\nbase = light\n[roles]\ncost = 94\n',
    'broken.ini': '[roles]\ncots = red\n',
    'dusk.ini': '[roles]\ncost = red\n',
    '.hidden.ini': '[roles]\ncots = red\n',
    'notes.txt': 'no theme',
  });
  const p = await themes(t);
  assert.equal(p.code, 0);
  assert.match(p.out, new RegExp(`\npaper +${dir}/paper.ini\n$`));
  assert.equal(p.err.trimEnd().split('\n').length, 2);
  assert.match(p.err, /broken\.ini:2: there is no role "cots"/);
  assert.match(p.err, /dusk\.ini: dusk is a theme of the program's own/);
});

test('in colour each is shown on a piece of the demo', async t => {
  home(t, { 'paper.ini': '[theme]\nbase = light\n' });
  const p = await themes(t, '--color', 'truecolor');
  assert.equal(p.code, 0, p.err);
  const text = plain(p.out);
  for (const name of [...BUILTIN, 'paper']) assert.match(text, new RegExp(`(^|\n)${name}  `), name);
  assert.equal(text.match(/SESSION \/ TURN \/ CALL/g).length, BUILTIN.length + 1);
  assert.match(p.out, /48;2;24;26;40/); // dusk's own paper
  assert.match(p.out, /48;2;255;255;255/); // light's, whatever the terminal has
  assert.doesNotMatch((await themes(t, '--color', 'mono')).out, /[34]8;/);
  assert.doesNotMatch((await themes(t, '--color', '256')).out, /[34]8;2;/);
  assert.match((await themes(t, '--color', '16', '--ascii', 'on')).out, /^[\x1b\x20-\x7e\n]*$/);
});

test('one is shown with all its roles', async t => {
  const dir = home(t, { 'paper.ini': '[theme]\nbase = light\n' });
  for (const name of ['auto', 'dusk', 'paper', path.join(dir, 'paper.ini')]) {
    const p = await themes(t, name, '--color', '256');
    assert.equal(p.code, 0, p.err);
    for (const word of ['RED 15 min', 'SESSION / TURN / CALL', 'state.waiting', 'header.spark', 'match'])
      assert.ok(plain(p.out).includes(word), word);
  }
  const none = await themes(t, 'neon');
  assert.equal(none.code, 3);
  assert.equal(none.out, '');
  assert.match(none.err, /^claude-top: there is no theme neon, nor a file .*neon\.ini: .*\n$/);
});

test('--check passes what is shipped', async t => {
  home(t);
  for (const name of BUILTIN) {
    const p = await themes(t, '--check', path.join(folder, `${name}.ini`));
    assert.equal(p.code, 0, p.err);
    assert.match(p.out, name === 'light' ? /^[^\n]*: ok, a theme for light terminals\n$/ : /^[^\n]*: ok, a theme for dark terminals\n$/);
  }
});

test('--check says what is wrong, and where', async t => {
  home(t);
  const file = path.join(t.path(), 'mine.ini');
  for (const [text, words] of [
    ['[roles]\ncots = red\n', /mine\.ini:2: there is no role "cots"; claude-top themes dark shows them all/],
    ['[roles]\n\ncost = #12345\n', /mine\.ini:3: "cost = … #12345 …": write fg/],
    ['[theme]\nbase = neon\n', /mine\.ini:2: base is dark, light/],
    ['[theme\n', /mine\.ini:1: /],
  ]) {
    fs.writeFileSync(file, text);
    const p = await themes(t, '--check', file);
    assert.equal(p.code, 1);
    assert.equal(p.out, '');
    assert.match(p.err, words);
    assert.equal(p.err.trimEnd().split('\n').length, 1);
  }
  fs.writeFileSync(file, '[roles]\ncost = #444444\nmatch = 250,251\n');
  const poor = await themes(t, '--check', file);
  assert.equal(poor.code, 0, poor.err);
  assert.match(poor.out, /warning: cost has a contrast of 1\.\d[^\n]*, 4\.5 is wanted: make it lighter\n/);
  assert.match(poor.out, /warning: text has a contrast of 1\.\d as a search hit/);
  assert.match(poor.out, /mine\.ini: ok, a theme for dark terminals; what the warnings name is hard to read\n$/);
  const missing = await themes(t, '--check', file + 'x');
  assert.equal(missing.code, 1);
  assert.match(missing.err, /mine\.inix: cannot read this theme \(No such file or directory\)\n$/);
  assert.equal((await themes(t, 'dark', '--check', file)).code, 2);
});

test('completions offer every built-in one, and the manual page knows the command', async t => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { out } = await t.run(program, ['--completions', shell]);
    assert.ok(out.includes(['auto', ...BUILTIN].join(' ')), shell);
  }
  assert.match((await t.run(program, ['--man'])).out, /\*claude-top themes\* /);
  assert.match((await t.run(program, ['themes', '--help'])).out, /--check FILE/);
});

await run();
