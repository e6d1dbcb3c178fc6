import { expect, test } from "vitest";
import { Changes } from "../../src/dispatch/changes.js";
import { quiet } from "./deferred.js";

/** Whether the next change has come, when everything that could go on has gone on. */
function waitingFor(changes: Changes): { readonly hasCome: boolean } {
  const state = { hasCome: false };
  void changes.next().then(() => {
    state.hasCome = true;
  });
  return state;
}

test("one who waits goes on at a change, and not before", async () => {
  const changes = new Changes();
  const next = waitingFor(changes);
  await quiet();
  expect(next.hasCome).toBe(false);
  changes.note();
  await quiet();
  expect(next.hasCome).toBe(true);
});

test("a change that comes while nobody waits is not missed", async () => {
  const changes = new Changes();
  changes.note();
  const next = waitingFor(changes);
  await quiet();
  expect(next.hasCome).toBe(true);
});

test("a change that comes between two waits is not missed", async () => {
  const changes = new Changes();
  changes.note();
  await changes.next();
  changes.note();
  const next = waitingFor(changes);
  await quiet();
  expect(next.hasCome).toBe(true);
});

test.each([
  ["while nobody waits", false],
  ["while one waits", true],
])("many changes are one (%s)", async (_, waits) => {
  const changes = new Changes();
  const first = waits ? changes.next() : undefined;
  for (let count = 0; count < 3; count++) changes.note();
  await (first ?? changes.next());
  const next = waitingFor(changes);
  await quiet();
  expect(next.hasCome).toBe(false);
});
