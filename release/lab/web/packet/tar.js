// The tar headers of packed packets: of all the ways to say that a regular file
// has a name and a size, one. Specification: docs/formats/packet.md, "Packed
// form".

import {decodeUtf8, encodeUtf8, equalBytes, printable} from './bytes.js';

export const BLOCK_BYTES = 512;
/** The largest size that a plain header holds: 11 octal digits. */
const MAX_PLAIN_SIZE = 8 ** 11 - 1;
const PAX_NAME = 'PaxHeaders/0';

// POSIX.1-2001, "ustar Interchange Format": offsets of the fields.
const FIELDS = {
  mode: [100, '0000644'], owner: [108, '0000000'], group: [116, '0000000'],
  size: [124, ''], time: [136, '00000000000'], checksum: [148, '        '],
  type: [156, ''], magic: [257, 'ustar\x0000'], device: [329, '0000000'],
  minor: [337, '0000000'],
};

/** @param {number} size @returns {number} zeros behind so many bytes */
export const paddingBytes = (size) =>
  (BLOCK_BYTES - size % BLOCK_BYTES) % BLOCK_BYTES;

/** @param {Uint8Array} block @returns {boolean} */
export const isPaxHeader = (block) => block[FIELDS.type[0]] === 0x78;

function headerBlock(name, size, type) {
  const block = new Uint8Array(BLOCK_BYTES);
  const put = (at, text) => block.set(encodeUtf8(text), at);
  put(0, name);
  for (const [at, text] of Object.values(FIELDS)) put(at, text);
  put(FIELDS.size[0], size.toString(8).padStart(11, '0'));
  put(FIELDS.type[0], type);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(FIELDS.checksum[0], `${sum.toString(8).padStart(6, '0')}\0`);
  return block;
}

/** "<length> size=<size>\n", where the length counts all of it. */
function paxRecord(size) {
  const rest = ` size=${size}\n`;
  let length = rest.length;
  while (String(length).length + rest.length !== length) ++length;
  return `${length}${rest}`;
}

/** @param {string} name @param {number} size @returns {Uint8Array} */
export function writeHeader(name, size) {
  if (size <= MAX_PLAIN_SIZE) return headerBlock(name, size, '0');
  const record = encodeUtf8(paxRecord(size));
  const blocks = new Uint8Array(3 * BLOCK_BYTES);
  blocks.set(headerBlock(PAX_NAME, record.length, 'x'));
  blocks.set(record, BLOCK_BYTES);
  blocks.set(headerBlock(name, 0, '0'), 2 * BLOCK_BYTES);
  return blocks;
}

const textUntilZero = (bytes) => {
  const end = bytes.indexOf(0);
  return decodeUtf8(end < 0 ? bytes : bytes.subarray(0, end));
};

function sizeIn(blocks) {
  if (blocks.length === BLOCK_BYTES) {
    const at = FIELDS.size[0];
    const digits = decodeUtf8(blocks.subarray(at, at + 11));
    return /^[0-7]{11}$/.test(digits) ? Number.parseInt(digits, 8) : NaN;
  }
  const record = textUntilZero(blocks.subarray(BLOCK_BYTES, 2 * BLOCK_BYTES));
  const found = /^[0-9]+ size=([0-9]{1,16})\n$/.exec(record);
  return found === null ? NaN : Number(found[1]);
}

/** Where each field ends. */
const FIELD_ENDS = [
  [100, 'name'], [108, 'mode'], [116, 'owner'], [124, 'group'], [136, 'size'],
  [148, 'time'], [156, 'checksum'], [157, 'type'], [257, 'link name'],
  [265, 'magic'], [297, 'owner\'s name'], [329, 'group\'s name'], [345, 'device'],
  [500, 'prefix'], [BLOCK_BYTES, 'padding'],
];

/** The first field in which `blocks` are not what pack writes. */
function wrongField(blocks, expected) {
  const at = expected.findIndex((byte, i) => byte !== blocks[i]);
  if (at + BLOCK_BYTES < blocks.length) return 'pax header';
  return FIELD_ENDS.find(([end]) => at % BLOCK_BYTES < end)[1];
}

/**
 * @param {Uint8Array} blocks one block, or three that open with a pax header
 * @returns {{name: string, size: number}}
 * @throws {Error} for anything but what writeHeader writes
 */
export function parseHeader(blocks) {
  const last = blocks.subarray(blocks.length - BLOCK_BYTES);
  const name = textUntilZero(last.subarray(0, 100));
  const size = sizeIn(blocks);
  const known = Number.isSafeInteger(size);
  const expected = encodeUtf8(name).length > 100 ? new Uint8Array(BLOCK_BYTES) :
    writeHeader(name, known ? size : 0);
  if (known && equalBytes(blocks, expected)) return {name, size};
  throw new Error(`Invalid tar header of "${printable(name)}": its ${
    known ? wrongField(blocks, expected) : 'size'} is not what pack writes`);
}
