// Runs files of browser tests, or tells what they need built; ci/browser.sh does
// both:
//
//   main.mjs --targets FILE...
//   main.mjs --chromium=PROGRAM --modules=FOLDER --artifacts=FOLDER
//       [--only=PART_OF_A_NAME] FILE...
//
// Exit status: 0 when every test passed, 1 when one failed, 2 for bad usage.

import path from "node:path";
import { parseArgs } from "node:util";

import { run } from "./harness.mjs";

const { positionals: files, values } = parseArgs({
  allowPositionals: true,
  options: {
    artifacts: { type: "string" },
    chromium: { type: "string" },
    modules: { type: "string" },
    only: { type: "string" },
    targets: { type: "boolean" },
  },
});
if (files.length === 0 || (!values.targets &&
  !(values.artifacts && values.chromium && values.modules))) {
  console.error("usage: main.mjs --targets FILE... | main.mjs " +
    "--chromium=PROGRAM --modules=FOLDER --artifacts=FOLDER FILE...");
  process.exit(2);
}

if (values.targets) {
  const wanted = new Set();
  for (const file of files) {
    const { targets } = await import(path.resolve(file));
    for (const target of targets) wanted.add(target);
  }
  console.log([...wanted].join("\n"));
} else {
  const failed = await run(files, values);
  console.log(failed === 0 ? "browser: OK" : `browser: FAILED: ${failed} tests`);
  process.exit(failed === 0 ? 0 : 1);
}
