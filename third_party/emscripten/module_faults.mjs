// What the toolchain itself exports.
const GIVEN = ['__indirect_function_table', '_initialize', 'memory'];

// Why a WebAssembly.Module is not one that a host can instantiate with an empty
// imports object and that exports just the functions `wanted`; an empty
// `wanted` allows any exports. One message a fault, none for a good module.
export function moduleFaults(module, wanted) {
  const faults = WebAssembly.Module.imports(module).map(
      ({module, name, kind}) => `imports ${kind} "${module}.${name}"`);
  if (wanted.length === 0) return faults;
  const exported = WebAssembly.Module.exports(module).map(({name}) => name);
  for (const name of exported) {
    if (!GIVEN.includes(name) && !wanted.includes(name)) {
      faults.push(`exports "${name}", which is not in \`exports\``);
    }
  }
  for (const name of wanted) {
    if (!exported.includes(name)) faults.push(`does not export "${name}"`);
  }
  return faults;
}
