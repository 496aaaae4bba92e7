// Generations by themselves, without a worker.

import assert from "node:assert/strict";
import test from "node:test";

import { Generation } from "./generation.js";

const bytes = (...values) => Uint8Array.from(values);

// A generation with these pieces that has ended.
function ended(...pieces) {
  const generation = new Generation(undefined, () => {});
  generation.follow(Promise.resolve());
  generation.add(pieces);
  return generation;
}

async function collect(generation) {
  const pieces = [];
  for await (const piece of generation) pieces.push(piece);
  return pieces;
}

test("joins a character that is split over pieces", async () => {
  const text = await ended(
    bytes(0x61, 0xe2), bytes(), bytes(0x98), bytes(0x83, 0x62)).text();
  assert.equal(text, "a\u2603b");
});

test("shows bytes that are no text as U+FFFD", async () => {
  assert.equal(await ended(bytes(0xff, 0x61)).text(), "\ufffda");
  assert.equal(await ended(bytes(0x61), bytes(0xe2, 0x98)).text(), "a\ufffd");
});

test("keeps a byte order mark", async () => {
  assert.equal(await ended(bytes(0xef, 0xbb), bytes(0xbf)).text(), "\ufeff");
});

test("is iterated over as it comes, and again from the beginning", async () => {
  let end;
  const generation = new Generation(undefined, () => {});
  generation.follow(new Promise((resolve) => { end = resolve; }));
  const iterator = generation[Symbol.asyncIterator]();
  const first = iterator.next();
  generation.add([bytes(1), bytes(2)]);
  assert.deepEqual((await first).value, bytes(1));
  assert.deepEqual((await iterator.next()).value, bytes(2));
  end();
  assert.equal((await iterator.next()).done, true);
  assert.deepEqual(await collect(generation), [bytes(1), bytes(2)]);
});

test("is cancelled by whoever leaves the loop", async () => {
  let cancelled = 0;
  let end;
  const generation = new Generation(undefined, () => {
    cancelled += 1;
    end(new Error("Cancelled"));
  });
  generation.follow(new Promise((_resolve, reject) => { end = reject; }));
  generation.add([bytes(1), bytes(2)]);
  for await (const piece of generation) {
    assert.deepEqual(piece, bytes(1));
    break;
  }
  assert.equal(cancelled, 1);
  await assert.rejects(generation.text(), /Cancelled/);
});

test("tells a failure after the pieces that came", async () => {
  const generation = new Generation(undefined, () => {});
  generation.add([bytes(1)]);
  generation.follow(Promise.reject(new Error("Broken")));
  const iterator = generation[Symbol.asyncIterator]();
  assert.deepEqual((await iterator.next()).value, bytes(1));
  await assert.rejects(iterator.next(), /Broken/);
});
