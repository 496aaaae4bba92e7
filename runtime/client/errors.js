// What can go wrong, by code and name.

// Codes of the module's functions: docs/formats/wasm_abi.md.
const MODULE_CODES = [
  "Ok",
  "NullPointer",
  "InvalidLength",
  "InvalidUtf8",
  "InvalidModelMagic",
  "UnsupportedModelVersion",
  "InvalidHeader",
  "InvalidTensorDirectory",
  "MissingTensor",
  "ShapeMismatch",
  "UnsupportedDType",
  "ContextExceeded",
  "ModelNotLoaded",
  "GenerationFailed",
  "OutputBufferExceeded",
  "InvalidAdapter",
  "AdapterIdentityMismatch",
  "AdapterPayloadInvalid",
  "ResourceLimit",
  "InvalidEvalCases",
  "Cancelled",
  "ChecksumMismatch",
  "InvalidTokenizer",
];

// Codes of the client's own, from 1001.
const CLIENT_CODES = [
  "WorkerCrashed",
  "OutOfMemory",
  "DigestMismatch",
  "SizeMismatch",
  "Closed",
  "Busy",
  "ModuleRejected",
  "SourceFailed",
];
const FIRST_CLIENT_CODE = 1001;

/** Every error's code by its name. */
export const ERROR_CODES = Object.freeze(
  /** @type {Record<string, number>} */ (Object.fromEntries([
    ...MODULE_CODES.map((name, code) => [name, code]),
    ...CLIENT_CODES.map((name, index) => [name, FIRST_CLIENT_CODE + index]),
  ])));

/**
 * @param {number} code
 * @returns {string} the code's name; `Unknown<code>` when it has none
 */
export function codeName(code) {
  const name = MODULE_CODES[code] ?? CLIENT_CODES[code - FIRST_CLIENT_CODE];
  return name ?? `Unknown${code}`;
}

/** What every failed call of the client is rejected with. */
export class PedigreeError extends Error {
  /**
   * @param {number | string} code a code, or the name of one
   * @param {string} message one line, without the code
   * @param {{ cause?: unknown }} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.name = "PedigreeError";
    /** The module's code, or one from 1001 on for the client's own faults. */
    this.code = typeof code === "number" ? code : ERROR_CODES[code];
    /** The code's name, `DigestMismatch` for example. */
    this.codeName = codeName(this.code);
  }
}
