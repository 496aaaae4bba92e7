// What the lab costs its reader's page:
//
//   ci/browser.sh release/lab/browser/lab_bench.mjs

import assert from 'node:assert/strict';

import {Lab} from './page.mjs';

export const targets = ['//release/lab:site'];

export const mounts = {'/lab/': 'bazel-bin/release/lab/site'};

export const tests = {
  async 'never keeps the main thread for 50 ms'(t) {
    const lab = new Lab(t);
    const tasks = await t.mainThreadTasks(async () => {
      await lab.open();
      await lab.load();
      await lab.write('a');
      await t.page.locator('.output .hint', {hasText: 'ended by'}).waitFor();
      await lab.step('evidence');
      await lab.button('Make all of it again here').click();
      await t.page.locator('.rederived').nth(1).waitFor();
      await lab.step('compare');
      await lab.button('The example’s fused sibling').click();
      await t.page.getByText('output.weight').waitFor();
    });
    const longest = Math.max(...tasks);
    console.log(`longest of ${tasks.length} tasks: ${longest.toFixed(1)} ms`);
    assert.ok(longest < 50, `${longest} ms`);
  },
};
