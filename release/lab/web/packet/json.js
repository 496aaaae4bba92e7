// Strict JSON, for what nobody verified yet: claims, bundles, sidecars that were
// made here. JSON.parse lets repeated keys and any nesting pass.

/** The deepest nesting of arrays and objects that is read. */
export const MAX_DEPTH = 64;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS = [['true', true], ['false', false], ['null', null]];
const ESCAPES = {
  '"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r',
  't': '\t',
};

class Parser {
  /** @param {string} text @param {string} what names the text in errors */
  constructor(text, what) {
    this.text = text;
    this.what = what;
    this.at = 0;
  }

  /** @returns {never} @param {string} fault */
  fail(fault) {
    throw new SyntaxError(`Invalid ${this.what}: ${fault}`);
  }

  failHere() {
    this.fail(`not JSON at character ${this.at}`);
  }

  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) this.failHere();
    this.at += found[0].length;
    return found[0];
  }

  /** Takes `char`, if it is the next one behind white space. */
  takes(char) {
    this.match(SPACE);
    if (this.text[this.at] !== char) return false;
    this.at += 1;
    return true;
  }

  document() {
    const value = this.value(0);
    this.match(SPACE);
    if (this.at !== this.text.length) this.failHere();
    return value;
  }

  value(depth) {
    if (this.takes('{')) return this.object(this.deeper(depth));
    if (this.takes('[')) return this.array(this.deeper(depth));
    if (this.takes('"')) return this.string();
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return Number(this.match(NUMBER));
  }

  deeper(depth) {
    if (depth === MAX_DEPTH) this.fail(`nested deeper than ${MAX_DEPTH}`);
    return depth + 1;
  }

  object(depth) {
    // Without a prototype, so that no key means anything of its own.
    const object = Object.create(null);
    if (this.takes('}')) return object;
    do {
      if (!this.takes('"')) this.failHere();
      const key = this.string();
      if (key in object) {
        this.fail(`repeated key "${key.slice(0, 80)}"`);
      }
      if (!this.takes(':')) this.failHere();
      object[key] = this.value(depth);
    } while (this.takes(','));
    if (!this.takes('}')) this.failHere();
    return object;
  }

  array(depth) {
    const array = [];
    if (this.takes(']')) return array;
    do {
      array.push(this.value(depth));
    } while (this.takes(','));
    if (!this.takes(']')) this.failHere();
    return array;
  }

  string() {
    let string = '';
    while (true) {
      string += this.match(PLAIN);
      const char = this.text[this.at];
      this.at += 1;
      if (char === '"') return string;
      if (char !== '\\') this.failHere();
      string += this.escape();
    }
  }

  escape() {
    const char = this.text[this.at];
    this.at += 1;
    if (Object.hasOwn(ESCAPES, char ?? '')) return ESCAPES[char];
    const hex = this.text.slice(this.at, this.at + 4);
    if (char !== 'u' || !/^[0-9a-fA-F]{4}$/.test(hex)) this.failHere();
    this.at += 4;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }
}

/**
 * @param {string} text
 * @param {string} what names the text in errors
 * @returns {any} objects have no prototype
 * @throws {SyntaxError} with the place
 */
export function parseJson(text, what) {
  return new Parser(text, what).document();
}

/**
 * RFC 8785, for values without fractions.
 *
 * @param {any} value
 * @returns {string}
 */
export function canonicalJson(value) {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.keys(value).sort().map(
      (key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${members.join(',')}}`;
}

/**
 * Where two values differ, members in ascending order.
 *
 * @param {any} a
 * @param {any} b
 * @param {number} limit how many places at most
 * @returns {{place: string, a: any, b: any}[]} undefined for what is not there
 */
export function jsonDifferences(a, b, limit = 200) {
  const differences = [];
  const visit = (place, x, y) => {
    if (differences.length >= limit) return;
    const bothObjects = isObject(x) && isObject(y);
    const bothArrays = Array.isArray(x) && Array.isArray(y);
    if (bothObjects) {
      const keys = new Set([...Object.keys(x), ...Object.keys(y)]);
      for (const key of [...keys].sort()) {
        visit(place === '' ? key : `${place}.${key}`, x[key], y[key]);
      }
    } else if (bothArrays) {
      for (let i = 0; i < Math.max(x.length, y.length); ++i) {
        visit(`${place}[${i}]`, x[i], y[i]);
      }
    } else if (x !== y) {
      differences.push({place, a: x, b: y});
    }
  };
  visit('', a, b);
  return differences;
}

const isObject = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
