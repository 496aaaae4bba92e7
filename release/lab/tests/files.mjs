// Files of a folder on disk, as the lab takes them from a browser.

import fs from 'node:fs';
import path from 'node:path';

const KINDS = [
  ['file', (entry) => entry.isFile()],
  ['folder', (entry) => entry.isDirectory()],
  ['link', (entry) => entry.isSymbolicLink()],
];

const kindOf = (entry) =>
  KINDS.find(([, matches]) => matches(entry))?.[0] ?? 'other';

/**
 * @param {string} folder
 * @param {{follow?: boolean}} [options] whether links are what they point at: a
 *     sandbox is made of them
 * @returns {any[]} FoundFile of layout.js
 */
export function filesBelow(folder, {follow = false} = {}) {
  const found = [];
  const visit = (below) => {
    const entries = fs.readdirSync(path.join(folder, below), {withFileTypes: true});
    for (const entry of entries) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      const kind = kindOf(follow ? fs.statSync(path.join(folder, name)) : entry);
      const blob = kind === 'file' ?
        new Blob([fs.readFileSync(path.join(folder, name))]) : undefined;
      found.push({path: name, kind, blob});
      if (kind === 'folder') visit(name);
    }
  };
  visit('');
  return found;
}
