// The lab's modules as its worker has them.

import fs from 'node:fs';
import {webcrypto} from 'node:crypto';

import {StreamModule} from '../web/packet/stream_module.js';
import {VerifyModule} from '../web/packet/verify_module.js';

/** Node 18 does not make it global. */
export const subtle = /** @type {any} */ (webcrypto).subtle;

/** @param {string} file stream.wasm */
export const loadStream = (file) => StreamModule.load(fs.readFileSync(file));

/**
 * @param {string} file verify.wasm
 * @returns {Promise<() => Promise<VerifyModule>>} makes a new one each time
 */
export async function verifiers(file) {
  const module = await WebAssembly.compile(fs.readFileSync(file));
  return () => VerifyModule.load(module);
}

/** Runs tests by their names, which are sentences; throws when one fails. */
export async function run(tests) {
  const failed = [];
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
    } catch (error) {
      failed.push(name);
      console.log(`FAILED: ${name}\n${error.stack}`);
    }
  }
  console.log(`${Object.keys(tests).length} tests, ${failed.length} failed`);
  if (failed.length > 0) process.exitCode = 1;
}
