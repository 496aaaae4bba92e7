// check_module.mjs MODULE OUT [EXPORT...]
// Copies a WebAssembly module to OUT. Where the module has an import, or
// exports other functions than those named, says so and writes nothing.
import {copyFileSync, readFileSync} from 'fs';
import {moduleFaults} from './module_faults.mjs';

const [path, out, ...wanted] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(path));
const faults = moduleFaults(module, wanted);
if (faults.length > 0) {
  for (const fault of faults) {
    console.error(`Invalid module: ${fault}, ${path}`);
  }
  process.exit(1);
}
copyFileSync(path, out);
