// What the tests do in the page.

import { Pedigree } from "/client/pedigree.js";

export { Pedigree };

export async function bytesOf(name) {
  return new Uint8Array(await (await fetch(name)).arrayBuffer());
}

export async function digestOf(bytes) {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest),
    (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A client with the model of that name.
export async function withModel(name, options) {
  const client = await Pedigree.start(options);
  const bytes = await bytesOf(name);
  await client.loadModel(new Blob([bytes]),
    { size: bytes.length, sha256: await digestOf(bytes) });
  return client;
}

// The text that the native runtime's `<kind>.greedy.txt` has.
export async function greedy(client) {
  return client.generate("Once upon", { maxNewTokens: 30 }).text();
}

export async function failure(promise) {
  try {
    await promise;
    return "none";
  } catch (error) {
    return `${error.codeName}: ${error.message}`;
  }
}

export async function evalRequest() {
  const suite = await bytesOf("/files/suite.json");
  return JSON.stringify({
    manifest_digest: `sha256:${await digestOf(suite)}`,
    source_kind: "deterministic-smoke",
    suite: JSON.parse(new TextDecoder().decode(suite)),
  });
}

export function equal(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

globalThis.stepsReady = true;
