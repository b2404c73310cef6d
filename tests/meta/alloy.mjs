// Alloy's configuration as text: what is referred to exists, once, whatever files are put together; environment and ports are
// as alloy/README.md says. conformance/alloy asks Alloy itself.
import fs from 'node:fs';
import path from 'node:path';
import { assert, run, test } from '../tools/tap.mjs';
import { alloyFolder as folder, combinations, list, read } from '../tools/alloy_files.mjs';

const readme = read('README.md');

/* Strings and comments as blanks of their length, so that braces in them do not count. */
const bare = text => text.replace(/\/\/[^\n]*|"(?:\\.|[^"\\])*"|`[^`]*`/g, s => s[0] === '"' ? `"${'_'.repeat(s.length - 2)}"` : ' '.repeat(s.length));

/** { "otelcol.processor.batch.traces": body } of one file's components; blocks without a label by their name alone. */
function components(text) {
  const shape = bare(text), found = [];
  let depth = 0, start = 0;
  for (let i = 0; i < shape.length; i++) {
    if (shape[i] === '{' && depth++ === 0) start = i;
    if (shape[i] === '}' && --depth === 0) {
      const head = /([a-z][a-z0-9_.]*)(?:[ \t]+"([^"]*)")?[ \t]*$/.exec(text.slice(0, start));
      found.push([head[2] ? `${head[1]}.${head[2]}` : head[1], text.slice(start, i + 1)]);
    }
    assert.ok(depth >= 0);
  }
  assert.equal(depth, 0, 'braces do not close');
  return found;
}

const KINDS = /\b(?:otelcol|prometheus|pyroscope|discovery|beyla|local|loki)(?:\.[a-z_]+)+(?:\.[a-z_]+)\b/g;
const references = text => bare(text).match(KINDS) ?? [];

function check(set) {
  const defined = new Map();
  for (const [file, text] of set) {
    for (const [name] of components(text)) {
      assert.ok(!defined.has(name), `${name} is in ${file} and in ${defined.get(name)}`);
      defined.set(name, file);
    }
  }
  const used = new Set();
  for (const [file, text] of set) {
    for (const [name, body] of components(text)) {
      for (const reference of references(body)) {
        const target = [...defined.keys()].find(d => reference === d || reference.startsWith(`${d}.`));
        assert.ok(target, `${file}: ${name} refers to ${reference}, which nothing is`);
        if (target !== name) used.add(target);
      }
    }
  }
  /* What nobody hands anything to would be left out by mistake; sources have no input. */
  const sources = /^(otelcol\.receiver|prometheus\.scrape|pyroscope\.(ebpf|scrape)|beyla|livedebugging|prometheus\.exporter)/;
  for (const [name, file] of defined) assert.ok(used.has(name) || sources.test(name), `${file}: nothing leads to ${name}`);
}

for (const { name, set } of combinations()) test(`${name} is whole`, async () => check(set));

test('config and config-delta differ in metrics.alloy alone', async () => {
  assert.deepEqual(list('config-delta'), list('config'));
  const differ = list('config').filter(f => read(`config/${f}`) !== read(`config-delta/${f}`));
  assert.deepEqual(differ, ['metrics.alloy']);
  assert.ok(!/deltatocumulative "/.test(read('config/metrics.alloy')));
});

const files = ['config', 'config-delta', 'options'].flatMap(d => list(d).map(f => `${d}/${f}`));

test('the README has a row for every environment variable, with its default, and for no other', async () => {
  const rows = new Map([...readme.matchAll(/^\| `([A-Z][A-Z_]+)` \|([^|]*)\|/gm)].map(m => [m[1], m[2].trim()]));
  const inFiles = new Map();
  for (const f of files) {
    for (const m of read(f).matchAll(/sys\.env\("([A-Z_]+)"\)/g)) if (!inFiles.has(m[1])) inFiles.set(m[1], undefined);
    for (const m of read(f).matchAll(/coalesce\(sys\.env\("([A-Z_]+)"\), (?:"([^"]*)"|`([^`]*)`|([a-z.]+))\)/g)) inFiles.set(m[1], m[2] ?? m[3] ?? m[4]);
  }
  assert.deepEqual([...rows.keys()].sort(), [...inFiles.keys()].sort());
  for (const [name, value] of inFiles) {
    if (value !== undefined && !value.includes('.*') && !value.startsWith('constants')) assert.equal(rows.get(name), `\`${value}\``, name);
  }
});

test('the README names every file', async () => {
  for (const f of files) assert.ok(readme.includes(`\`${f}\``) || readme.includes(`\`${path.basename(f)}\``), f);
});

test('claude-top and Alloy do not want the same ports', async () => {
  const receive = read('config/receive.alloy');
  assert.match(receive, /127\.0\.0\.1:14317/);
  assert.match(receive, /127\.0\.0\.1:14318/);
  for (const f of files) assert.ok(!/(127\.0\.0\.1|0\.0\.0\.0|localhost):431[78]\b/.test(bare(read(f)) + read(f).replace(/\/\/[^\n]*/g, '')), f);
  const compose = read('compose.yaml');
  const published = [...compose.matchAll(/^ +- (127\.0\.0\.1:)?(\d+):(\d+)$/gm)];
  assert.ok(published.length > 5);
  for (const [line, host, port] of published) {
    assert.equal(host, '127.0.0.1:', line);
    assert.ok(!['4317', '4318'].includes(port), line);
  }
});

test('exemplars, units and dimensions are what the links and dashboards ask for', async () => {
  const text = read('config/span-metrics.alloy');
  const body = components(text).find(([n]) => n === 'otelcol.connector.spanmetrics.claude')[1];
  assert.deepEqual([...body.matchAll(/dimension \{\s+name = "([^"]+)"/g)].map(m => m[1]), ['gen_ai.request.model', 'gen_ai.tool.name', 'openinference.span.kind',
    'error.type']);
  assert.match(body, /exclude_dimensions\s+= \["span\.name"\]/);
  assert.match(body, /unit = "s"/);
  assert.match(body, /exemplars \{\s+enabled\s+= true/);
  assert.match(body, /namespace\s+= "traces\.span\.metrics"/);
  assert.match(text, /keep_keys\(attributes, \["service\.name"\]\)/);
  assert.ok(!/session/.test(bare(body)));
  for (const f of ['config/export.alloy', 'options/export-queued.alloy']) {
    assert.match(read(f), /send_exemplars\s+= true/);
    assert.match(read(f), /send_native_histograms\s+= true/);
  }
});

test('compose.yaml mounts what is there and hands on every variable of the stores', async () => {
  const compose = read('compose.yaml');
  const mounts = [...compose.matchAll(/^ +- (\.\/[^:]+):/gm)].map(m => m[1]);
  assert.ok(mounts.length >= 4);
  for (const m of mounts) assert.ok(fs.existsSync(path.join(folder, m)), m);
  for (const m of read('config/export.alloy').matchAll(/sys\.env\("([A-Z_]+)"\)/g)) assert.ok(compose.includes(`${m[1]}:`), m[1]);
  for (const f of ['datasources', 'dashboards']) {
    /* One $ is Grafana's environment, two are one: nothing may be left to chance. */
    for (const m of read(`grafana/provisioning/${f}/claude-top.yaml`).replace(/^\s*#.*$/gm, '').matchAll(/(\$+)\{?([A-Za-z_]*)/g)) {
      if (m[1].length === 1) assert.ok(compose.includes(`      ${m[2]}:`), `${m[0]} is not set`);
    }
  }
});

await run();
