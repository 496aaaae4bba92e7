// Reads packets off the page's thread: hashing, unpacking, verifying, parsing and
// comparing. Holds each packet that is open; the page gets what it shows.

import {compareSidecars, evalRequest} from '../packet/evidence.js';
import {forDisplay, readContents} from '../packet/contents.js';
import {packetDifference} from '../packet/difference.js';
import {
  gather, readFetched, readLayout, readPacked,
} from '../packet/read_packet.js';
import {StreamModule} from '../packet/stream_module.js';
import {VerifyModule} from '../packet/verify_module.js';

/** Progress is told no more often than this. */
const TELL_MS = 60;
/** Above any packed packet that a page could hold. */
const MAX_PACKED_BYTES = 64 * 2 ** 30;

/** @type {Promise<{stream: StreamModule, verify: WebAssembly.Module}>|null} */
let modules = null;
/** @type {Map<number, any>} */
const packets = new Map();

const fetchBytes = async (name) => {
  const response = await fetch(new URL(`../wasm/${name}`, import.meta.url));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response.arrayBuffer();
};

const loadModules = () => modules ??= (async () => ({
  stream: await StreamModule.load(await fetchBytes('stream.wasm')),
  verify: await WebAssembly.compile(await fetchBytes('verify.wasm')),
}))();

/** Lets every `TELL_MS` one event through, and each change of stage. */
function throttled(tell) {
  let last = 0;
  let stage = '';
  return (progress) => {
    const now = performance.now();
    if (progress.stage === stage && !progress.blobs && now - last < TELL_MS) {
      return;
    }
    last = now;
    stage = progress.stage;
    tell(progress);
  };
}

async function toolsFor({expected}, tell) {
  const {stream, verify} = await loadModules();
  const verifier = await VerifyModule.load(verify);
  return {stream, verifier, expected, onProgress: throttled(tell)};
}

/** A source that is a URL: one file, or the folder of a packet. */
async function readUrl(url, tools) {
  if (!new URL(url).pathname.endsWith('/')) {
    const response = await fetch(url);
    if (!response.ok || response.body === null) throw notThere(url, response);
    const said = Number(response.headers.get('content-length'));
    const length = said > 0 ? said : MAX_PACKED_BYTES;
    return readPacked(response.body, length, tools);
  }
  return readFetched(async (path, limit) => {
    const response = await fetch(new URL(path, url));
    if (response.status === 404) return null;
    if (!response.ok || response.body === null) throw notThere(path, response);
    return gather(response.body, limit);
  }, tools);
}

const notThere = (name, {status}) =>
  Object.assign(new Error(`${name}: ${status}`), {name: 'NotFoundError'});

function readSource(source, tools) {
  if (source.url !== undefined) return readUrl(source.url, tools);
  if (source.files !== undefined) return readLayout(source.files, tools);
  return readPacked(source.packed.stream(), source.packed.size, tools);
}

async function open({id, source, expected}, tell) {
  const read = await readSource(source, await toolsFor({expected}, tell));
  if (read.report.faults.length > 0) return {report: read.report};
  const contents = await readContents(read);
  packets.set(id, {...read, contents});
  return {report: read.report, contents: forDisplay(contents)};
}

function packetOf(id) {
  const packet = packets.get(id);
  if (packet === undefined) throw new Error(`no packet ${id} is open`);
  return packet;
}

const OPERATIONS = {
  open,

  close({id}) {
    packets.delete(id);
  },

  file({id, filePath}) {
    return packetOf(id).files.get(filePath);
  },

  async evalRequest({id, filePath}) {
    const {contents, files} = packetOf(id);
    const sidecar = [...contents.sidecars, ...contents.baselines]
        .find((document) => document.filePath === filePath).json;
    const suite = contents.suites
        .find(({digest}) => digest === sidecar.suite.digest);
    return evalRequest(sidecar, await files.get(suite.filePath).text());
  },

  async compareSidecar({id, filePath, bytes}) {
    const {stream} = await loadModules();
    const recorded = await packetOf(id).files.get(filePath).arrayBuffer();
    return compareSidecars(
        new Uint8Array(recorded), bytes, (part) => stream.sha256(part));
  },

  difference({a, b}) {
    return packetDifference(packetOf(a).contents, packetOf(b).contents);
  },

  checkStatement({id, statement}) {
    return packetOf(id).verifier.checkStatement(statement);
  },

  statements({id}) {
    return packetOf(id).verifier.statements();
  },

  async sha256({blob}) {
    const hasher = (await loadModules()).stream.hasher();
    for (const reader = blob.stream().getReader(); ;) {
      const {done, value} = await reader.read();
      if (done) return hasher.finish();
      hasher.update(value);
    }
  },
};

addEventListener('message', async ({data: {call, op, message}}) => {
  const tell = (progress) => postMessage({call, progress});
  try {
    postMessage({call, result: await OPERATIONS[op](message, tell)});
  } catch (error) {
    const {name, message: text} = error instanceof Error ? error :
      {name: 'Error', message: String(error)};
    postMessage({call, error: {name, message: text}});
  }
});
