// Keeps this site's own files, so that the lab works without a network once it
// was here. `files.json` lists them with their digests; its own digest names the
// cache, so that a new version of the site takes the place of the old one whole.

const LIST = 'files.json';
/** Another lab may be hosted on the same site. */
const PREFIX = `lab ${registration.scope} `;

const hex = (bytes) => [...new Uint8Array(bytes)]
    .map((byte) => byte.toString(16).padStart(2, '0')).join('');

async function fetchList() {
  const response = await fetch(LIST, {cache: 'no-store'});
  if (!response.ok) throw new Error(`${LIST}: ${response.status}`);
  const bytes = await response.arrayBuffer();
  const {files} = JSON.parse(new TextDecoder().decode(bytes));
  const name = PREFIX + hex(await crypto.subtle.digest('SHA-256', bytes));
  return {name, files};
}

/** A file of the list, once its bytes are known to be the listed ones. */
async function fetchListed({path, sha256}) {
  const response = await fetch(path, {cache: 'no-cache'});
  const bytes = await response.clone().arrayBuffer();
  const found = hex(await crypto.subtle.digest('SHA-256', bytes));
  if (!response.ok || found !== sha256) {
    throw new Error(`${path}: digest is ${found} (expected ${sha256})`);
  }
  return response;
}

async function install() {
  const {name, files} = await fetchList();
  const cache = await caches.open(name);
  for (const file of files) await cache.put(file.path, await fetchListed(file));
  const root = await cache.match('index.html');
  if (root) await cache.put('./', root);
  return name;
}

addEventListener('install', (event) => {
  event.waitUntil((async () => {
    const name = await install();
    for (const old of await caches.keys()) {
      if (old.startsWith(PREFIX) && old !== name) await caches.delete(old);
    }
    await skipWaiting();
  })());
});

addEventListener('activate', (event) => {
  event.waitUntil(clients.claim());
});

// The network's answer, and what was kept where there is none: whoever hosts a
// new version is not held up by an old one.
addEventListener('fetch', (event) => {
  const {request} = event;
  const own = new URL(request.url).origin === location.origin;
  if (!own || request.method !== 'GET') return;
  event.respondWith((async () => {
    try {
      return await fetch(request);
    } catch (error) {
      const kept = await caches.match(request, {ignoreSearch: true});
      if (kept !== undefined) return kept;
      throw error;
    }
  })());
});
