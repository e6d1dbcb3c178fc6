import { expect, test } from "vitest";
import { InFlight } from "../../src/dispatch/in-flight.js";

/** In flight with so many batches that are worked on, and as many more that are in trouble. */
function holding(limit: number, { working = 0, inTrouble = 0 }): InFlight {
  const inFlight = new InFlight(limit);
  for (let batch = 0; batch < inTrouble; batch++) {
    inFlight.enter();
    inFlight.getsIntoTrouble();
  }
  for (let batch = 0; batch < working; batch++) inFlight.enter();
  return inFlight;
}

test("there is room until as many batches are worked on as may be, and again when one leaves", () => {
  const inFlight = holding(2, { working: 1 });
  expect(inFlight.hasRoom).toBe(true);
  inFlight.enter();
  expect(inFlight.hasRoom).toBe(false);
  inFlight.leave(false);
  expect(inFlight.hasRoom).toBe(true);
});

test("a batch in trouble gives its place to another", () => {
  const inFlight = holding(1, { working: 1 });
  inFlight.getsIntoTrouble();
  expect(inFlight.hasRoom).toBe(true);
  inFlight.enter();
  expect(inFlight.hasRoom).toBe(false);
});

test("a batch that was in trouble does not take another's place with it when it leaves", () => {
  const inFlight = holding(1, { working: 1, inTrouble: 1 });
  inFlight.leave(true);
  expect(inFlight.hasRoom).toBe(false);
});

test("with eight batches in trouble besides those that may be worked on there is no room, until one leaves", () => {
  const inFlight = holding(2, { inTrouble: 9 });
  expect(inFlight.hasRoom).toBe(true);
  inFlight.enter();
  expect(inFlight.hasRoom).toBe(false);
  inFlight.leave(true);
  expect(inFlight.hasRoom).toBe(true);
});

test("it is empty when no batch is worked on and none is in trouble", () => {
  const inFlight = holding(2, {});
  expect(inFlight.isEmpty).toBe(true);
  inFlight.enter();
  expect(inFlight.isEmpty).toBe(false);
  inFlight.getsIntoTrouble();
  expect(inFlight.isEmpty).toBe(false);
  inFlight.leave(true);
  expect(inFlight.isEmpty).toBe(true);
});
