// Gathers the lab's files into a directory. Run by lab_site.bzl with one argument,
// `@FILE`, whose lines are the directory and then
//
//   packet=PATH, digest=PATH, sibling=PATH   of the example; the last may lack
//   file=PLACE=PATH                          a file and where it goes

import {createHash} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/** Not kept by the service worker: itself, and the list it works by. */
const NOT_KEPT = ['service_worker.js', 'files.json'];

const [, , parameters] = process.argv;
const [out, ...lines] =
    fs.readFileSync(parameters.slice(1), 'utf8').trim().split('\n');

/** @type {Map<string, Buffer>} by place */
const files = new Map();

function add(place, bytes) {
  if (files.has(place)) throw new Error(`two files for ${place}`);
  files.set(place, bytes);
}

const example = {};
for (const line of lines) {
  const [kind, ...rest] = line.split('=');
  if (kind === 'file') {
    const [place, ...source] = rest;
    add(place, fs.readFileSync(source.join('=')));
  } else if (kind === 'digest') {
    example.digest = fs.readFileSync(rest.join('='), 'utf8').trim();
  } else {
    const place = `example/${kind}.tar.zst`;
    example[kind] = place;
    add(place, fs.readFileSync(rest.join('=')));
  }
}
const sorted = (object) =>
  Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
add('lab.json', Buffer.from(`${JSON.stringify(sorted(example))}\n`));

const list = [...files.keys()].sort()
    .filter((place) => !NOT_KEPT.includes(place))
    .map((place) => ({
      path: place,
      sha256: createHash('sha256').update(files.get(place)).digest('hex'),
    }));
add('files.json', Buffer.from(`${JSON.stringify({files: list})}\n`));

for (const [place, bytes] of files) {
  const file = path.join(out, place);
  fs.mkdirSync(path.dirname(file), {recursive: true});
  fs.writeFileSync(file, bytes);
}
