// Files that a reader drops or picks, as the packet worker takes them.

import {findRoot} from './packet/layout.js';
import {MAX_FILES} from './packet/limits.js';

/**
 * @typedef {object} Source what openPacket takes, and how it is called
 * @property {string} label
 * @property {any} source
 */

/** Raised for what cannot be a packet. */
export class NoPacket extends Error {
  constructor(message) {
    super(message);
    this.name = 'NoPacket';
  }
}

const isPacked = ({name}) => /\.(zst|zstd|tzst)$/i.test(name);

/**
 * @param {import('./packet/layout.js').FoundFile[]} files
 * @returns {Source}
 */
function folderSource(files) {
  const root = findRoot(files);
  if (root === null) {
    throw new NoPacket('No index.json or oci-layout is in this folder, so it ' +
        'is no packet.');
  }
  const label = root === '' ? 'dropped files' :
    root.slice(0, -1).split('/').at(-1);
  const below = files.filter(({path}) => path.startsWith(root))
      .map((file) => ({...file, path: file.path.slice(root.length)}));
  return {label, source: {files: below}};
}

/**
 * One packed file, or the files of a folder.
 *
 * @param {FileList|File[]} list from an input
 * @returns {Source}
 */
export function sourceOfFiles(list) {
  const files = [...list];
  if (files.length === 0) throw new NoPacket('No file was picked.');
  if (files.length > MAX_FILES) {
    throw new NoPacket(`${files.length} files are too many for a packet.`);
  }
  if (files.length === 1 && (isPacked(files[0]) || !files[0].webkitRelativePath)) {
    return {label: files[0].name, source: {packed: files[0]}};
  }
  return folderSource(files.map(
      (file) => ({path: file.webkitRelativePath || file.name, blob: file})));
}

/**
 * What was dropped, which may be several packets.
 *
 * @param {DataTransfer} transfer
 * @returns {Promise<Source[]>}
 */
export async function sourcesOfDrop(transfer) {
  // Entries are gone after the first wait.
  const entries = [...transfer.items]
      .filter(({kind}) => kind === 'file')
      .map((item) => ({entry: item.webkitGetAsEntry?.(), file: item.getAsFile()}));
  const folders = entries.filter(({entry}) => entry?.isDirectory);
  const files = entries.filter(({entry, file}) => !entry?.isDirectory && file)
      .map(({file}) => file);
  const sources = [];
  for (const {entry} of folders) sources.push(folderSource(await walk(entry)));
  const packed = files.filter(isPacked);
  for (const file of packed) sources.push(...[sourceOfFiles([file])]);
  if (sources.length === 0 && files.length > 0) sources.push(sourceOfFiles(files));
  if (sources.length === 0) throw new NoPacket('Nothing that was dropped is a file.');
  return sources;
}

/** The files below a dropped folder. */
async function walk(root) {
  const found = [];
  const folders = [{entry: root, path: root.name}];
  while (folders.length > 0) {
    const {entry, path} = folders.pop();
    for (const child of await childrenOf(entry)) {
      const childPath = `${path}/${child.name}`;
      if (child.isDirectory) {
        folders.push({entry: child, path: childPath});
        found.push({path: childPath, kind: 'folder'});
      } else {
        found.push({path: childPath, blob: await fileOf(child)});
      }
      if (found.length > MAX_FILES) {
        throw new NoPacket(`More than ${MAX_FILES} files are too many for a packet.`);
      }
    }
  }
  return found;
}

async function childrenOf(folder) {
  const reader = folder.createReader();
  const children = [];
  while (true) {
    const some = await new Promise(
        (resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return children;
    children.push(...some);
  }
}

const fileOf = (entry) =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

/**
 * @param {string} text an address, perhaps relative to the page
 * @returns {Source}
 */
export function sourceOfUrl(text) {
  let url;
  try {
    url = new URL(text, document.baseURI);
  } catch {
    throw new NoPacket('This is no address.');
  }
  if (url.origin !== location.origin) {
    throw new NoPacket(`The lab only reads from its own site, ${
      location.origin}. Download the packet and drop the file here.`);
  }
  const isFile = /\.[A-Za-z0-9]+$/.test(url.pathname);
  if (!isFile && !url.pathname.endsWith('/')) url.pathname += '/';
  return {
    label: decodeURIComponent(url.pathname.split('/').filter(Boolean).at(-1) ?? ''),
    source: {url: url.href},
  };
}
