import { bagTable, orderedTable, table } from "slither-ts";
import { expect, test } from "vitest";

test.each([
  [
    { ttl: "soon" },
    'expected `ttl` to be a duration: milliseconds above 0, or text such as "200ms", "5s" or "1h", got `"soon"` (string)',
  ],
  [{ maxEntries: 0 }, "expected `maxEntries` to be a positive integer, got `0` (number)"],
  [
    { maxBytes: "1 GB" },
    'expected `maxBytes` to be a size: bytes above 0, or text such as "512MB" or "2GB", got `"1 GB"` (string)',
  ],
  [{ sizeOf: 7, maxBytes: 7 }, "expected `sizeOf` to be a function, got `7` (number)"],
  [
    { sizeOf: () => 1 },
    "expected `sizeOf` to be left out where there is no `maxBytes`, which it is for, got a function `sizeOf`",
  ],
  [{ maxEntrys: 7 }, "unknown option `maxEntrys`, did you mean `maxEntries`?"],
])("of options like %o a table says what is wrong", (options, message) => {
  expect(() => table(options as never)).toThrow(`table(): ${message}`);
  expect(() => orderedTable(options as never)).toThrow(`orderedTable(): ${message}`);
});

test("a bag takes no options, a ttl neither", () => {
  const untyped = bagTable as (options: unknown) => unknown;
  expect(() => untyped({ ttl: "1h" })).toThrow("bagTable(): expected no options, got an object (Object)");
});
