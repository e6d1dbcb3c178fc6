import { expect, test } from "vitest";
import { fillAndRead } from "./large.js";

test("fifty thousand keys of each kind are written, found, scanned and taken out", async () => {
  expect(await fillAndRead(50_000)).toEqual({
    size: 50_000,
    found: 50_000,
    scanned: 50_000,
    inOrder: true,
    left: 0,
  });
});
