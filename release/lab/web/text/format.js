// Numbers and digests as people read them.

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'];

/** @param {number} bytes @returns {string} */
export function formatBytes(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${UNITS[unit]}`;
}

/** @param {number|string} count @returns {string} with thin spaces */
export const formatCount = (count) =>
  String(count).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');

/** @param {string} rate a decimal @returns {string} in percent */
export function formatRate(rate) {
  if (rate === '') return 'none';
  const percent = Number(rate) * 100;
  return `${Number.isInteger(percent) ? percent : percent.toFixed(1)} %`;
}

/** @param {string} digest @returns {string} its first digits */
export const shortDigest = (digest) =>
  digest.replace(/^[a-z0-9-]+:/, '').slice(0, 12);

/** @param {number} count @param {string} one @param {string} [many] */
export const plural = (count, one, many = `${one}s`) =>
  `${formatCount(count)} ${count === 1 ? one : many}`;
