// Bytes, hex and text.

const ENCODER = new TextEncoder();

/** @param {string} text @returns {Uint8Array} */
export const encodeUtf8 = (text) => ENCODER.encode(text);

/**
 * @param {Uint8Array} bytes
 * @returns {string} U+FFFD in place of what is no UTF-8
 */
export const decodeUtf8 = (bytes) => new TextDecoder().decode(bytes);

/**
 * @param {Uint8Array} bytes
 * @returns {string|null} null for bytes that are not UTF-8, or open with a byte
 *     order mark
 */
export function decodeStrictUtf8(bytes) {
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true})
        .decode(bytes);
  } catch {
    return null;
  }
}

/**
 * A text from outside, fit for a line: at most so many characters, "?" for all
 * but printable ASCII.
 *
 * @param {string} text
 * @param {number} [limit]
 */
export const printable = (text, limit = 600) =>
  text.slice(0, limit).replace(/[^ -~]/g, '?');

/** @param {Uint8Array} bytes @returns {string} lowercase */
export function toHex(bytes) {
  let hex = '';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return hex;
}

/** @param {Uint8Array[]} pieces @returns {Uint8Array} */
export function concatBytes(pieces) {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** @param {Uint8Array} a @param {Uint8Array} b @returns {boolean} */
export function equalBytes(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/**
 * @param {string} text standard or URL-safe base64, padded
 * @returns {Uint8Array|null} null unless `text` is the only text of its bytes
 */
export function decodeBase64(text) {
  const standard = text.replaceAll('-', '+').replaceAll('_', '/');
  if (standard.length % 4 !== 0) return null;
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(standard)) return null;
  let binary;
  try {
    binary = atob(standard);
  } catch {
    return null;
  }
  if (btoa(binary) !== standard) return null;
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/**
 * The bytes of a stream, in pieces as they come.
 *
 * @param {ReadableStream<Uint8Array>} stream
 * @returns {AsyncGenerator<Uint8Array>}
 */
export async function* piecesOf(stream) {
  const reader = stream.getReader();
  try {
    while (true) {
      const {done, value} = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Ends a stream that nobody reads on.
    await reader.cancel().catch(() => {});
  }
}

/**
 * Reads at most `limit` bytes.
 *
 * @param {Blob} blob
 * @param {number} limit
 * @returns {Promise<Uint8Array|null>} null for a longer one
 */
export async function readSmall(blob, limit) {
  if (blob.size > limit) return null;
  return new Uint8Array(await blob.arrayBuffer());
}
