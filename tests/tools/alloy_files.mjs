// alloy_files.mjs - the files of alloy/, and how they are put together to be run.
import fs from 'node:fs';
import path from 'node:path';
import { assert, root } from './tap.mjs';

export const alloyFolder = path.join(root, 'alloy');
export const read = name => fs.readFileSync(path.join(alloyFolder, name), 'utf8');
export const list = name => fs.readdirSync(path.join(alloyFolder, name)).filter(f => f.endsWith('.alloy')).sort();

/** What an option is of no use without. */
export const needs = { 'profiles-ebpf.alloy': ['profiles-write.alloy'], 'profiles-scrape.alloy': ['profiles-write.alloy'],
  'profiles-write.alloy': ['profiles-scrape.alloy'] };

/** { file name: text } that is run together: a base with options in the place of what they replace, or beside it. */
export function assemble(base, options) {
  const set = new Map(list(base).map(f => [f, read(`${base}/${f}`)]));
  for (const option of options) {
    const text = read(`options/${option}`);
    const replaced = /FOLDER\/([a-z-]+\.alloy)/.exec(text)?.[1];
    assert.ok(!replaced || set.has(replaced), `${option} stands in for ${replaced}`);
    set.set(replaced ?? option, text);
  }
  return set;
}

/** Each base alone, with each option, and with all: [{ name, set, base, options }]. */
export const combinations = () => ['config', 'config-delta'].flatMap(base => [
  { name: base, base, options: [] },
  ...list('options').map(o => ({ name: `${base} with ${o}`, base, options: [o, ...(needs[o] ?? [])] })),
  { name: `${base} with all options`, base, options: list('options') },
]).map(c => ({ ...c, set: assemble(c.base, c.options) }));
