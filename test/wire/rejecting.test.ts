import { filter, reject } from "slither-ts";
import { expect, test } from "vitest";
import { isRejecting } from "../../src/wire/rejecting.js";

test("reject(reason) is known below the stages, which make it", () => {
  expect(isRejecting(reject("negative age"))).toBe(true);
});

test.each([
  null,
  undefined,
  "reject",
  { reason: "negative age" },
  filter("negative age"),
  reject({ max: 3 }),
])("%s is not taken for it", (value) => {
  expect(isRejecting(value)).toBe(false);
});
