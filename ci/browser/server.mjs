// A static file server for tests: what any file server does, and no more.

import fs from "node:fs";
import http from "node:http";
import path from "node:path";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

// Serves `mounts`, a map from path prefixes that end in "/" to folders or, for
// other paths, to files. The longest prefix wins. Resolves to
// { origin, close() }.
export async function serve(mounts) {
  const prefixes = Object.keys(mounts).sort((a, b) => b.length - a.length);
  const server = http.createServer((request, response) => {
    const file = locate(mounts, prefixes, request.url);
    if (file === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      "Cache-Control": "no-store",
      "Content-Length": fs.statSync(file).size,
      "Content-Type":
        TYPES[path.extname(file)] ?? "application/octet-stream",
    });
    if (request.method === "HEAD") response.end();
    else fs.createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

// The file at a request's path; undefined where there is none.
function locate(mounts, prefixes, requestUrl) {
  const name = decodeURIComponent(new URL(requestUrl, "http://x").pathname);
  const prefix = prefixes.find(
    (p) => (p.endsWith("/") ? name.startsWith(p) : name === p));
  if (prefix === undefined || name.includes("\0")) return undefined;
  let file = mounts[prefix];
  if (prefix.endsWith("/")) file = path.join(file, name.slice(prefix.length));
  if (isFolder(file)) file = path.join(file, "index.html");
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?
    file : undefined;
}

function isFolder(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
}
