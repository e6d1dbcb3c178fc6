import { expect, test } from "vitest";
import { Endings } from "../../src/worker/endings.js";

const ending = (exitCode: number): { exitCode: number; signal: null } => ({ exitCode, signal: null });

test("an end is told to who asked for it before", async () => {
  const endings = new Endings();
  const end = endings.of(7, endings.now);

  endings.tell(8, ending(1));
  endings.tell(7, ending(2));

  expect(await end).toEqual(ending(2));
});

test("an end is told to who asks for it afterwards, if the process was asked for before it", async () => {
  const endings = new Endings();
  const since = endings.now;

  endings.tell(7, ending(1));

  expect(await endings.of(7, since)).toEqual(ending(1));
});

test("the end of another process that had the same id before is none of a new one", async () => {
  const endings = new Endings();
  endings.tell(7, ending(1));
  const end = endings.of(7, endings.now);

  endings.tell(7, ending(2));

  expect(await end).toEqual(ending(2));
});

test("of two that wait for ends of one id, the older gets the first", async () => {
  const endings = new Endings();
  const ends = [endings.of(7, endings.now), endings.of(7, endings.now)];

  endings.tell(7, ending(1));
  endings.tell(7, ending(2));

  expect(await Promise.all(ends)).toEqual([ending(1), ending(2)]);
});

test("when nobody is left to tell, no end is known but those that were told before", async () => {
  const endings = new Endings();
  const since = endings.now;
  const waiting = endings.of(7, since);
  endings.tell(8, ending(1));

  endings.close();

  expect(await waiting).toBeUndefined();
  expect(await endings.of(8, since)).toEqual(ending(1));
  expect(await endings.of(9, since)).toBeUndefined();
});

test("ends that nobody asks for are forgotten when they are many, the oldest first", async () => {
  const endings = new Endings();
  const since = endings.now;

  for (let pid = 1; pid <= 5_000; pid++) endings.tell(pid, ending(0));
  endings.close();

  expect(await endings.of(1, since)).toBeUndefined();
  expect(await endings.of(5_000, since)).toEqual(ending(0));
});
