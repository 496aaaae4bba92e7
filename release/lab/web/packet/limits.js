// Bounds on what is read, those of docs/formats/packet.md.

export const MAX_INDEX_BYTES = 2 ** 20;
export const MAX_MANIFEST_BYTES = 4 * 2 ** 20;
export const MAX_DOCUMENT_BYTES = 256 * 2 ** 20;
/** Documents of more bytes in all are not kept. */
export const MAX_KEPT_BYTES = 512 * 2 ** 20;
/** How many files a folder may have before it is refused unread. */
export const MAX_FILES = 100_000;

/** How many bytes each byte of a packed packet may give. */
const MAX_RATIO = 1024;
const ALWAYS_ALLOWED_BYTES = 64 * 2 ** 20;

/** @param {number} packedBytes @returns {number} */
export const maxContentBytes = (packedBytes) =>
  Math.max(ALWAYS_ALLOWED_BYTES, packedBytes * MAX_RATIO);
