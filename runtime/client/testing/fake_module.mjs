// WebAssembly modules with the interface of pedigree.wasm and nothing behind it,
// for what no real model brings about: each function returns a number, or traps.

export const TRAP = "trap";

const I32 = 0x7f;
const PAGES = 2;

// Where a result may lie.
const RESULT_AT = 1024;

const GOOD = {
  abi_version: 1, alloc: 65536, append_hash: 0, append_model: 0,
  apply_adapter_delta: 0, begin_eval: 0, begin_hash: 0, begin_model: 0,
  continue_eval: 0, dealloc: 0, drop_upload: 0, finish_eval: 0, finish_hash: 0,
  finish_model: 0, free_model: 0, generate: 0, generate_next_token: 0,
  get_diagnostics_len: 0, get_diagnostics_ptr: RESULT_AT, init_runtime: 0,
  last_result_len: 0, last_result_ptr: RESULT_AT, request_cancel: 0,
  reset_adapters: 0, reset_context: 0, set_sampling_config: 0,
  upload_digest: 0, validate_adapter_delta: 0,
};

// A module's bytes. `returns` is what functions return other than in a good run, or
// TRAP, or undefined for a function that is to be missing; `result` is the text of
// every result; with `grows` false its memory is all that it ever has; `imports`
// says whether it asks for a function.
export function fakeModule(
  { returns = {}, result = "", grows = true, imports = false } = {}) {
  const text = [...new TextEncoder().encode(result)];
  const functions = Object.entries(
    { ...GOOD, last_result_len: text.length, ...returns })
    .filter(([, value]) => value !== undefined);
  const first = imports ? 1 : 0;
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, vector([[0x60, 0, 1, I32]])),
    ...(imports ?
      section(2, vector([[...name("env"), ...name("clock"), 0, 0]])) : []),
    ...section(3, vector(functions.map(() => [0]))),
    ...section(5, vector([grows ? [0, PAGES] : [1, PAGES, PAGES]])),
    ...section(7, vector([
      [...name("memory"), 2, 0],
      ...functions.map(([key], i) => [...name(key), 0, ...number(first + i)]),
    ])),
    ...section(10, vector(functions.map(([, value]) => body(value)))),
    ...section(11, vector([[0, ...constant(RESULT_AT), 0x0b, ...vector(
      text.map((byte) => [byte]))]])),
  ]);
}

function body(value) {
  const code = value === TRAP ? [0x00] : constant(value);
  const whole = [0, ...code, 0x0b];
  return [...number(whole.length), ...whole];
}

function constant(value) {
  return [0x41, ...signed(value)];
}

function section(id, bytes) {
  return [id, ...number(bytes.length), ...bytes];
}

function vector(items) {
  return [...number(items.length), ...items.flat()];
}

function name(text) {
  return vector([...new TextEncoder().encode(text)].map((byte) => [byte]));
}

// LEB128.
function number(value) {
  return value < 0x80 ? [value] : [value & 0x7f | 0x80, ...number(value >>> 7)];
}

function signed(value) {
  return value < 0x40 ? [value] : [value & 0x7f | 0x80, ...signed(value >> 7)];
}
