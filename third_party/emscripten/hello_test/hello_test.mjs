// Instantiates the module with an empty imports object and calls it.
import assert from 'assert';
import {readFileSync} from 'fs';

const bytes = readFileSync(process.argv[2]);

// No path of the build, which would differ between machines.
for (const path of ['bazel-out', 'external/', '/tmp/', 'execroot']) {
  assert.ok(!bytes.includes(path), path);
}

const {instance} = await WebAssembly.instantiate(bytes, {});
const {exports} = instance;
exports._initialize();
exports._initialize();

const lastResult = () => Buffer.from(
    exports.memory.buffer, exports.last_result_ptr(),
    exports.last_result_len()).toString();

assert.equal(exports.sum_of_halves(100), 2475);
assert.equal(lastResult(), 'hello');
assert.equal(exports.sum_of_halves(-3), -1);
assert.equal(lastResult(), 'Invalid count: -3 (must not be negative)');

// FIPS 180-4, example SHA256 of one block.
exports.hash_abc();
assert.equal(
    lastResult(),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');

const before = exports.memory.buffer.byteLength;
assert.equal(exports.fill(3 * before), 1);
assert.ok(exports.memory.buffer.byteLength > 3 * before);

// The stack has 1 MiB, and what overflows it traps. A trap leaves the module in
// no state to use, so this comes last.
assert.equal(exports.nest(900), 900);
assert.throws(() => exports.nest(2000), WebAssembly.RuntimeError);
console.log(`${bytes.length} bytes, node ${process.version}`);
