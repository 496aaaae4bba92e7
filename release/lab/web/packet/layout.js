// A packet as the files of a folder, before anything in it is believed.
// Specification: docs/formats/packet.md, "Directory".

import {printable} from './bytes.js';
import {MAX_FILES} from './limits.js';

/**
 * @typedef {object} FoundFile a name in a folder
 * @property {string} path with "/" between the parts
 * @property {'file'|'folder'|'link'|'other'} [kind] by default 'file'
 * @property {Blob} [blob] of a file
 */

/**
 * @typedef {object} Listing
 * @property {string[]} faults what no packet holds, a line each, in a fixed order
 * @property {Map<string, Blob>} parts "oci-layout" and "index.json"
 * @property {Map<string, Blob>} blobs by 64 hex digits
 */

const PARTS = ['oci-layout', 'index.json'];
const HEX = /^[0-9a-f]{64}$/;
const MAX_SHOWN = 120;

/** A folder and what lies below it. */
class Folder {
  constructor() {
    /** @type {Map<string, Folder|FoundFile>} */
    this.entries = new Map();
  }

  /** @param {string[]} parts @param {FoundFile} file */
  add(parts, file) {
    const [name, ...rest] = parts;
    if (rest.length === 0) {
      if (file.kind !== 'folder') this.entries.set(name, file);
      else if (!this.entries.has(name)) this.entries.set(name, new Folder());
      return;
    }
    let below = this.entries.get(name);
    if (!(below instanceof Folder)) {
      below = new Folder();
      this.entries.set(name, below);
    }
    below.add(rest, file);
  }

  names() {
    return [...this.entries.keys()].sort();
  }

  kindOf(name) {
    const entry = this.entries.get(name);
    if (entry === undefined) return undefined;
    return entry instanceof Folder ? 'folder' : entry.kind ?? 'file';
  }
}

/** Checks one folder against the names that it must have. */
class FolderCheck {
  constructor(folder, path, faults) {
    this.folder = folder;
    this.path = path;
    this.faults = faults;
  }

  fault(name, what) {
    const place = this.path === '' ? '' : `${this.path}/`;
    this.faults.push(`Invalid layout: ${place}${printable(name, MAX_SHOWN)} ${what}`);
  }

  required(name, kind) {
    const found = this.folder.kindOf(name);
    if (found === undefined) this.fault(name, 'is missing');
    else if (found === 'link') this.fault(name, 'is a symbolic link');
    else if (found !== kind) {
      this.fault(name, kind === 'folder' ? 'is not a folder' :
                                           'is not a regular file');
    }
  }

  /** Refuses every other name, but files that `allows`. */
  others(required, allows) {
    for (const name of this.folder.names()) {
      if (required.includes(name)) continue;
      const found = this.folder.kindOf(name);
      if (found === 'link') this.fault(name, 'is a symbolic link');
      else if (found === 'folder') this.fault(name, 'is a folder that no packet has');
      else if (found !== 'file') this.fault(name, 'is not a regular file');
      else if (!allows(name)) this.fault(name, 'is a file that no packet has');
    }
  }
}

/**
 * Where the packet is among the files: the folder of the one `oci-layout` or
 * `index.json` that lies highest, so that a folder around it does no harm.
 *
 * @param {FoundFile[]} files
 * @returns {string|null} the folder's path with "/" behind it, or ''; null for
 *     files that hold no packet
 */
export function findRoot(files) {
  const candidates = files
      .filter(({path, kind}) => kind !== 'folder' &&
          PARTS.includes(path.slice(path.lastIndexOf('/') + 1)))
      .map(({path}) => path.slice(0, path.lastIndexOf('/') + 1))
      .sort((a, b) => depthOf(a) - depthOf(b) || (a < b ? -1 : 1));
  return candidates[0] ?? null;
}

const depthOf = (path) => path.split('/').length;

/**
 * @param {FoundFile[]} files
 * @returns {Listing}
 * @throws {RangeError} for more files than any packet has
 */
export function listLayout(files) {
  if (files.length > MAX_FILES) {
    throw new RangeError(`Invalid layout: ${files.length} files (at most ${
      MAX_FILES})`);
  }
  const root = new Folder();
  for (const file of files) root.add(file.path.split('/'), file);
  const listing = {faults: [], parts: new Map(), blobs: new Map()};
  checkRoot(root, listing);
  const blobs = root.entries.get('blobs');
  if (blobs instanceof Folder) checkBlobs(blobs, listing);
  return listing;
}

function checkRoot(root, listing) {
  const check = new FolderCheck(root, '', listing.faults);
  for (const name of PARTS) {
    check.required(name, 'file');
    const file = root.entries.get(name);
    if (root.kindOf(name) === 'file') listing.parts.set(name, file.blob);
  }
  check.required('blobs', 'folder');
  check.others([...PARTS, 'blobs'], () => false);
}

function checkBlobs(blobs, listing) {
  const check = new FolderCheck(blobs, 'blobs', listing.faults);
  check.required('sha256', 'folder');
  check.others(['sha256'], () => false);
  const folder = blobs.entries.get('sha256');
  if (!(folder instanceof Folder)) return;
  const files = new FolderCheck(folder, 'blobs/sha256', listing.faults);
  files.others([], (name) => {
    if (!HEX.test(name)) return false;
    listing.blobs.set(name, folder.entries.get(name).blob);
    return true;
  });
}
