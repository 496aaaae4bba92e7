// module_size_test.mjs MODULE LIMIT
// Prints the bytes of each section of a WebAssembly module, and fails where they are
// more than LIMIT together. The module is the same on every machine, and so are they.

import fs from "node:fs";

const [modulePath, limit] = process.argv.slice(2);
const names = [
  "custom", "type", "import", "function", "table", "memory", "global", "export",
  "start", "element", "code", "data", "data count",
];

const module = fs.readFileSync(modulePath);
const headerBytes = 8;
for (let at = headerBytes; at < module.length;) {
  const begin = at;
  const name = names[module[at++]] ?? "unknown";
  // LEB128.
  let size = 0;
  for (let shift = 0, more = true; more; shift += 7) {
    const byte = module[at++];
    size += (byte & 127) * 2 ** shift;
    more = byte >= 128;
  }
  at += size;
  console.log(`${name}: ${at - begin}`);
}
console.log(`module: ${module.length} bytes (limit ${limit})`);
if (!(module.length <= Number(limit))) {
  console.log(`FAILED: Invalid module: has ${module.length} bytes ` +
    `(expected at most ${limit}), ${modulePath}`);
  process.exit(1);
}
