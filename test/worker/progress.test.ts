import { statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ProgressBoard, type ProgressPage } from "../../src/worker/progress.js";
import { temporaryFolder } from "../helpers/temporary.js";

async function board(): Promise<ProgressBoard> {
  return new ProgressBoard(await temporaryFolder());
}

/** As a worker notes it. */
function note(page: ProgressPage, call: number, step: number, row: number, isKnown: number): void {
  const bytes = Buffer.alloc(24);
  for (const [place, value] of [call, step, row, isKnown].entries()) bytes.writeUInt32LE(value, place * 4);
  bytes.writeDoubleLE(12.5, 16);
  const file = Buffer.alloc(statSync(page.path).size);
  bytes.copy(file, page.offset);
  writeFileSync(page.path, file, { flag: "r+" });
}

test("what a worker has noted of a call is read from its page", async () => {
  const page = (await board()).take();
  note(page, 7, 2, 41, 1);
  expect(page.read(7)).toEqual({ step: 2, row: 41, since: 12.5 });
});

test("a row that is not that of the batch is not told", async () => {
  const page = (await board()).take();
  note(page, 7, 2, 41, 0);
  expect(page.read(7)).toEqual({ step: 2, row: undefined, since: 12.5 });
});

test("of another call than the one that was noted nothing is known", async () => {
  const page = (await board()).take();
  note(page, 7, 0, 0, 0);
  expect(page.read(8)).toBeUndefined();
});

test("two workers have two pages, each of which can be mapped by itself", async () => {
  const progress = await board();
  const [one, other] = [progress.take(), progress.take()];
  expect([one.offset % 4096, other.offset % 4096, one.offset === other.offset]).toEqual([0, 0, false]);
  expect(statSync(one.path).size).toBeGreaterThanOrEqual(Math.max(one.offset, other.offset) + 4096);
});

test("a page that is given back is taken again, without what was noted in it", async () => {
  const progress = await board();
  const page = progress.take();
  note(page, 7, 1, 1, 1);
  page.giveBack();
  page.giveBack();
  const [again, another] = [progress.take(), progress.take()];
  expect(again.offset).toBe(page.offset);
  expect(another.offset).not.toBe(page.offset);
  expect(again.read(7)).toBeUndefined();
});

test("a board that is closed tells nothing", async () => {
  const progress = await board();
  const page = progress.take();
  note(page, 7, 1, 1, 1);
  progress.close();
  progress.close();
  expect(page.read(7)).toBeUndefined();
});
