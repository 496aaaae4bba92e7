// Elements without markup: texts of packets only ever become text nodes.

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'on') {
      for (const [type, listener] of Object.entries(value)) {
        element.addEventListener(type, listener);
      }
    } else if (name in PROPERTIES) {
      element[name] = value;
    } else {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  element.append(...flatten(children));
  return element;
}

/** Set on the element itself, since the attribute is something else. */
const PROPERTIES = {value: 1, checked: 1, disabled: 1, htmlFor: 1};

const flatten = (children) => children.flat(Infinity).filter(
    (child) => child !== null && child !== undefined && child !== false)
    .map((child) => (typeof child === 'number' ? String(child) : child));

/**
 * @param {string} tag
 * @param {Record<string, any>|null} [attributes] `on`: listeners by event
 * @param {...any} children elements, texts, lists of them; null is left out
 * @returns {any}
 */
export const h = (tag, attributes, ...children) =>
  fill(document.createElement(tag), attributes, children);

/** The same for SVG. */
export const s = (tag, attributes, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

/** Puts `children` in place of what is in `element`. */
export function replace(element, ...children) {
  element.replaceChildren(...flatten(children));
}

let lastId = 0;

/** An id that no other element has. @param {string} start */
export const uniqueId = (start) => `${start}-${++lastId}`;

/** Says a sentence to those who listen instead of look. @param {string} text */
export function announce(text) {
  const region = document.getElementById('announcements');
  region.textContent = '';
  // A region that is emptied and filled in one go says nothing.
  setTimeout(() => {
    region.textContent = text;
  }, 30);
}
