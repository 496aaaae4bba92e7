// The module's one instance: its memory, the views of it, and its error codes.

import { PedigreeError } from "./errors.js";

// Copied into the module at a time.
const STAGING_BYTES = 1 << 20;

// A trap with less room left than this is taken for want of memory.
const SPARE_PAGES = 1024;

const PAGE_BYTES = 65536;
const MAX_PAGES = 65536;

// The functions that the client calls, of version 1 of the interface.
const FUNCTIONS = [
  "abi_version", "alloc", "append_hash", "append_model", "apply_adapter_delta",
  "begin_eval", "begin_hash", "begin_model", "continue_eval", "dealloc",
  "drop_upload", "finish_eval", "finish_hash", "finish_model", "free_model",
  "generate", "generate_next_token", "get_diagnostics_len",
  "get_diagnostics_ptr", "init_runtime", "last_result_len", "last_result_ptr",
  "request_cancel", "reset_adapters", "reset_context", "set_sampling_config",
  "upload_digest", "validate_adapter_delta",
];
const ABI_VERSION = 1;

/** @typedef {Record<string, (...values: (number | bigint)[]) => number>} Functions */

/** Calls the module; after a trap every call fails as that one did. */
export class Instance {
  /** @type {WebAssembly.Exports} */
  #exports;
  /** @type {Functions} */
  #functions;
  /** @type {PedigreeError | undefined} */
  #trap;

  /**
   * @param {BufferSource} bytes a module of the documented interface
   * @returns {Promise<Instance>}
   */
  static async create(bytes) {
    const module = await compile(bytes);
    checkInterface(module);
    const instance = new Instance(await WebAssembly.instantiate(module, {}));
    instance.call("init_runtime");
    return instance;
  }

  /** @param {WebAssembly.Instance} instance */
  constructor(instance) {
    this.#exports = instance.exports;
    this.#functions = /** @type {Functions} */ (instance.exports);
    const version = this.#invoke("abi_version");
    if (version !== ABI_VERSION) {
      throw rejected(`abi_version (${version}, expected ${ABI_VERSION})`);
    }
  }

  get memoryBytes() {
    return this.#memory.buffer.byteLength;
  }

  /**
   * Calls a function that returns an error code.
   *
   * @param {string} name
   * @param {...(number | bigint)} values
   * @throws {PedigreeError} by its code, with the module's message
   */
  call(name, ...values) {
    const code = this.#invoke(name, ...values);
    if (code !== 0) throw new PedigreeError(code, this.#message());
  }

  /**
   * Calls a function with bytes in a block of their own, which it gets as pointer
   * and length before `values`.
   *
   * @param {string} name
   * @param {Uint8Array} bytes
   * @param {...(number | bigint)} values
   */
  callWithBytes(name, bytes, ...values) {
    // The module takes no block of no bytes.
    const length = Math.max(bytes.length, 1);
    const block = this.#allocate(length);
    try {
      this.#copyIn(bytes, block);
      this.call(name, block, bytes.length, ...values);
    } finally {
      this.release("dealloc", block, length);
    }
  }

  /**
   * Opens a block that pieces of any size pass through to one function.
   *
   * @param {string} name
   * @returns {{ write: (bytes: Uint8Array) => void, close: () => void }}
   */
  openPipe(name) {
    const block = this.#allocate(STAGING_BYTES);
    return {
      write: (bytes) => {
        for (let at = 0; at < bytes.length; at += STAGING_BYTES) {
          const piece = bytes.subarray(at, at + STAGING_BYTES);
          this.#copyIn(piece, block);
          this.call(name, block, piece.length);
        }
      },
      close: () => this.release("dealloc", block, STAGING_BYTES),
    };
  }

  /**
   * Gives something back, for which an instance that has trapped is past caring.
   *
   * @param {string} name
   * @param {...number} values
   */
  release(name, ...values) {
    if (this.#trap === undefined) this.#invoke(name, ...values);
  }

  /** A copy of the last result; undefined where the last call has none. */
  result() {
    const begin = this.#invoke("last_result_ptr") >>> 0;
    if (begin === 0) return undefined;
    return this.#copyOut(begin, this.#invoke("last_result_len") >>> 0);
  }

  diagnostics() {
    const begin = this.#invoke("get_diagnostics_ptr") >>> 0;
    return this.#copyOut(begin, this.#invoke("get_diagnostics_len") >>> 0);
  }

  get #memory() {
    return /** @type {WebAssembly.Memory} */ (this.#exports.memory);
  }

  #message() {
    return new TextDecoder().decode(this.result());
  }

  /** @param {number} length */
  #allocate(length) {
    const block = this.#invoke("alloc", length) >>> 0;
    if (block !== 0) return block;
    throw new PedigreeError("OutOfMemory", `No memory for ${length} bytes`);
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} begin
   */
  #copyIn(bytes, begin) {
    new Uint8Array(this.#memory.buffer).set(bytes, begin);
  }

  /**
   * @param {number} begin
   * @param {number} length
   */
  #copyOut(begin, length) {
    return new Uint8Array(this.#memory.buffer, begin, length).slice();
  }

  /**
   * @param {string} name
   * @param {...(number | bigint)} values
   * @returns {number}
   */
  #invoke(name, ...values) {
    if (this.#trap !== undefined) throw this.#trap;
    try {
      return this.#functions[name](...values);
    } catch (error) {
      this.#trap = this.#describeTrap(name, error);
      throw this.#trap;
    }
  }

  /**
   * @param {string} name
   * @param {unknown} error
   */
  #describeTrap(name, error) {
    const cause = error instanceof Error ? error.message : String(error);
    const [code, what] = canGrow(this.#memory) ?
      ["WorkerCrashed", "trapped"] : ["OutOfMemory", "ran out of memory"];
    const trap = new PedigreeError(code,
      `The module ${what} in ${name} (${cause}), ${this.memoryBytes} bytes`);
    return Object.assign(trap, { fatal: true });
  }
}

/**
 * Whether a memory of `bytes` can be had here, by having it for a moment.
 *
 * @param {number} bytes
 */
export function canAllocate(bytes) {
  const initial = Math.ceil(bytes / PAGE_BYTES);
  if (initial > MAX_PAGES) return false;
  try {
    new WebAssembly.Memory({ initial, maximum: MAX_PAGES });
    return true;
  } catch {
    return false;
  }
}

/** The most memory that the module can have. */
export const MEMORY_LIMIT_BYTES = PAGE_BYTES * MAX_PAGES;

/** @param {WebAssembly.Memory} memory */
function canGrow(memory) {
  try {
    memory.grow(SPARE_PAGES);
    return true;
  } catch {
    return false;
  }
}

/** @param {BufferSource} bytes */
async function compile(bytes) {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw rejected(error instanceof Error ? error.message : String(error));
  }
}

/** @param {WebAssembly.Module} module */
function checkInterface(module) {
  const [imported] = WebAssembly.Module.imports(module);
  if (imported !== undefined) {
    throw rejected(`it imports ${imported.module}.${imported.name}`);
  }
  const kinds = new Map(
    WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind]));
  const missing = FUNCTIONS.find((name) => kinds.get(name) !== "function");
  if (missing !== undefined) throw rejected(`no function ${missing}`);
  if (kinds.get("memory") !== "memory") throw rejected("no memory");
}

/** @param {string} what */
function rejected(what) {
  return new PedigreeError("ModuleRejected", `Invalid module: ${what}`);
}
