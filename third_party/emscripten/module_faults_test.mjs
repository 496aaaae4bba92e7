import assert from 'assert';
import {moduleFaults} from './module_faults.mjs';

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
// One function type, () -> ().
const TYPES = [1, 4, 1, 0x60, 0, 0];

const text = (string) => [string.length, ...Buffer.from(string)];
const section = (id, bytes) => [id, bytes.length, ...bytes];
const module = (...sections) => new WebAssembly.Module(
    new Uint8Array([...HEADER, ...TYPES, ...sections.flat()]));

// A module that exports one function by each of `names`.
const exporting = (...names) => module(
    section(3, [1, 0]),
    section(7, [names.length, ...names.flatMap((n) => [...text(n), 0, 0])]),
    section(10, [1, 2, 0, 0x0b]));

// A module that imports the function `name` of `from`.
const importing = (from, name) => module(
    section(2, [1, ...text(from), ...text(name), 0, 0]));

assert.deepEqual(
    moduleFaults(importing('wasi_snapshot_preview1', 'fd_write'), []),
    ['imports function "wasi_snapshot_preview1.fd_write"']);
assert.deepEqual(moduleFaults(exporting('run'), []), []);
assert.deepEqual(moduleFaults(exporting('_initialize', 'run'), ['run']), []);
assert.deepEqual(
    moduleFaults(exporting('run', 'walk'), ['run']),
    ['exports "walk", which is not in `exports`']);
assert.deepEqual(
    moduleFaults(exporting('run'), ['run', 'walk']),
    ['does not export "walk"']);
