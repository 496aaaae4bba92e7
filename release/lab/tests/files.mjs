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
 * @returns {any[]} FoundFile of layout.js
 */
export function filesBelow(folder) {
  const found = [];
  const visit = (below) => {
    const entries = fs.readdirSync(path.join(folder, below), {withFileTypes: true});
    for (const entry of entries) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      const kind = kindOf(entry);
      const blob = kind === 'file' ?
        new Blob([fs.readFileSync(path.join(folder, name))]) : undefined;
      found.push({path: name, kind, blob});
      if (kind === 'folder') visit(name);
    }
  };
  visit('');
  return found;
}
