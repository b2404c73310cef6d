// Alloy's word on alloy/: formatted as it would, and valid in every combination, at the lowest stability level that may be said.
// Skipped where alloy is not in PATH.
//
//   node alloy.mjs
import fs from 'node:fs';
import path from 'node:path';
import { assert, run, skip, test } from '../tools/tap.mjs';
import { alloyFolder, combinations, list } from '../tools/alloy_files.mjs';
import { missing } from './stack_programs.mjs';

const here = () => { if (missing(['alloy'])) skip('alloy is not in PATH'); };

test('alloy fmt would change nothing', async t => {
  here();
  for (const folder of ['config', 'config-delta', 'options']) {
    for (const file of list(folder)) {
      const r = await t.run('alloy', ['fmt', '-t', path.join(alloyFolder, folder, file)]);
      assert.equal(r.code, 0, `${file}: ${r.err}`);
    }
  }
});

const LEVELS = ['generally-available', 'public-preview', 'experimental'];
function level({ base, options }) {
  if (base === 'config-delta') return 2;
  return options.includes('export-queued.alloy') ? 1 : 0;
}

for (const c of combinations()) {
  test(`alloy validate takes ${c.name}, ${LEVELS[level(c)]}`, async t => {
    here();
    for (const [file, text] of c.set) fs.writeFileSync(t.path(file), text);
    const validate = l => t.run('alloy', ['validate', `--stability.level=${LEVELS[l]}`, t.dir]);
    const r = await validate(level(c));
    assert.equal(r.code, 0, r.err + r.out);
    if (level(c) > 0) assert.notEqual((await validate(level(c) - 1)).code, 0, 'a lower level would do');
  });
}

await run();
