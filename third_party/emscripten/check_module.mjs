// check_module.mjs MODULE OUT [EXPORT...]
// Copies a WebAssembly module that asks nothing of its host to OUT. Fails, and
// writes nothing, where the module has an import or, when exports are named, does
// not export just those functions.
import {copyFileSync, readFileSync} from 'fs';

// What the toolchain itself exports.
const GIVEN = ['__indirect_function_table', '_initialize', 'memory'];

const [path, out, ...wanted] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(path));
const faults = WebAssembly.Module.imports(module).map(
    ({module, name, kind}) => `imports ${kind} "${module}.${name}"`);
if (wanted.length > 0) {
  const exported = WebAssembly.Module.exports(module).map(({name}) => name);
  for (const name of exported) {
    if (!GIVEN.includes(name) && !wanted.includes(name)) {
      faults.push(`exports "${name}", which is not in \`exports\``);
    }
  }
  for (const name of wanted) {
    if (!exported.includes(name)) faults.push(`does not export "${name}"`);
  }
}
if (faults.length > 0) {
  for (const fault of faults) console.error(`Invalid module: ${fault}, ${path}`);
  process.exit(1);
}
copyFileSync(path, out);
