import { writeFileSync } from "node:fs";
import { readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { OptionsError } from "slither-ts";
import { expect, test } from "vitest";
import { DeadLetterError } from "../../src/dead-letters/error.js";
import type { DeadLetter } from "../../src/dead-letters/letter.js";
import { lineOf } from "../../src/dead-letters/line.js";
import { readLetters } from "../../src/dead-letters/read.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { letter } from "./letters.js";

function fileWith(content: string | Buffer): string {
  const file = join(temporaryFolder(), "rejected.jsonl");
  writeFileSync(file, content);
  return file;
}

/** What is read before an error, and the error. */
async function read(file: string): Promise<{ ids: unknown[]; error: unknown }> {
  const ids: unknown[] = [];
  try {
    for await (const { id } of readLetters(file)) ids.push(id);
  } catch (error) {
    return { ids, error };
  }
  return { ids, error: undefined };
}

const line = (id: number, fields: Partial<DeadLetter> = {}) => lineOf(letter({ id, ...fields }));
const changed = (change: (stored: Record<string, unknown>) => void) => {
  const stored = JSON.parse(line(1));
  change(stored);
  return JSON.stringify(stored);
};

test("blank lines, other ends of lines and a mark at the beginning are passed over", async () => {
  const file = fileWith(`\ufeff${line(1)}\r\n\n  \t\r\n${line(2)}\n\n${line(3)}`);
  expect(await read(file)).toEqual({ ids: [1, 2, 3], error: undefined });
});

test("an empty file has no letters", async () => {
  expect(await read(fileWith(""))).toEqual({ ids: [], error: undefined });
});

test("lines of every length are cut where they end, wherever the reading stops", async () => {
  const lengths = [0, 1, 65_000, 65_100, 65_200, 65_300, 65_350, 65_400, 200_000, 3];
  const file = fileWith(lengths.map((length, id) => line(id, { input: "ü".repeat(length) })).join("\n"));
  const read: number[] = [];
  for await (const { input } of readLetters(file)) read.push((input as string).length);
  expect(read).toEqual(lengths);
});

test.each([{}, { entry: "featurize" }])("a letter comes back as it was written, with %o", async (fields) => {
  for await (const each of readLetters(fileWith(line(1, fields))))
    expect(each).toStrictEqual(letter({ id: 1, ...fields }));
  expect.assertions(1);
});

test("a field that a later version added is passed over", async () => {
  const file = fileWith(changed((stored) => Object.assign(stored, { shard: 3 })));
  for await (const each of readLetters(file)) expect(each).toStrictEqual(letter({ id: 1 }));
});

test.each([
  [
    "text that is not JSON",
    "no letter",
    /expected a letter in JSON, got .*not valid JSON; correct the line or delete it/,
  ],
  ["the rest of a letter after a crash", line(1).slice(0, 40), /expected a letter in JSON, got/],
  [
    "bytes that are no text",
    Buffer.from([0xff, 0xfe]),
    "expected a letter in JSON, got The encoded data was not valid",
  ],
  ["JSON that is no object", "[1]", "expected a letter to be an object, got an array of 1"],
  ["no field at all", "{}", "expected `run` to be a string, got `undefined`"],
  [
    "a field of another type",
    changed((it) => Object.assign(it, { attempts: -1 })),
    "expected `attempts` to be an integer from 0, got `-1`",
  ],
  ["no input", changed((it) => delete it.input), "expected `input` to be there, got `undefined`"],
  [
    "an id that is none",
    changed((it) => Object.assign(it, { id: [] })),
    "expected `id` to be a string or a number, got an array of 0",
  ],
  [
    "notes that are none",
    changed((it) => Object.assign(it, { meta: null })),
    "expected `meta` to be an object, got `null`",
  ],
  [
    "a value in a form that there is not",
    changed((it) => Object.assign(it, { input: { $slither: "x" } })),
    'expected `input` to be a value, got an object with "$slither": "x"',
  ],
  [
    "a damaged value",
    changed((it) => Object.assign(it, { payload: { $slither: "msgpack", data: "?" } })),
    "expected `payload` to be a value, got damaged base64",
  ],
])("a line with %s fails by its number, after the letters before it", async (_, content, message) => {
  const file = fileWith(
    Buffer.concat([Buffer.from(`${line(1)}\n\n`), Buffer.from(content), Buffer.from(`\n${line(2)}\n`)]),
  );
  const { ids, error } = await read(file);
  expect(ids).toEqual([1]);
  expect(error).toBeInstanceOf(DeadLetterError);
  expect(error).toMatchObject({ code: "SLITHER_DEAD_LETTER", file, line: 3 });
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).toContain(`${file}, line 3: `);
  expect((error as Error).message).toContain("correct the line or delete it");
});

test("a file that was cut anywhere in its last line gives the letters before it, and says which line to delete", async () => {
  const whole = Buffer.from(`${line(1)}\n${line(2, { input: "ü" })}`);
  const second = whole.indexOf("\n") + 1;
  for (let end = second + 1; end < whole.byteLength; end++) {
    const { ids, error } = await read(fileWith(whole.subarray(0, end)));
    expect(ids).toEqual([1]);
    expect(error).toMatchObject({ line: 2 });
    expect((error as Error).message).toMatch(
      /, line 2: expected a whole letter, got the beginning of one.*Delete this line/,
    );
  }
  expect(await read(fileWith(whole))).toEqual({ ids: [1, 2], error: undefined });
});

class Money {
  cents = 5;
}

test("a value that could not be kept fails when it is read, by line, field and reason, and nothing else does", async () => {
  const file = fileWith(`${line(1)}\n${line(2, { input: { price: new Money() } })}\n${line(3)}\n`);
  const ids: unknown[] = [];
  for await (const each of readLetters(file)) {
    ids.push([each.id, each.payload]);
    if (each.id !== 2) continue;
    expect(() => each.input).toThrow(DeadLetterError);
    expect(() => each.input).toThrow(
      `${file}, line 2: expected \`input\` to be a value that can be kept in a file, got Money at input.price, which was: { price: Money { cents: 5 } }. Take the record from where it came from`,
    );
    // Not left out in silence.
    expect(() => ({ ...each })).toThrow(DeadLetterError);
  }
  expect(ids).toEqual([
    [1, [1]],
    [2, [1]],
    [3, [1]],
  ]);
});

test("a file that is not there is named", async () => {
  const file = join(temporaryFolder(), "none.jsonl");
  const { error } = await read(file);
  expect(error).toMatchObject({
    message: `${file}: expected a dead-letter file that can be read, got no such file`,
    line: undefined,
  });
});

test("a folder is no file", async () => {
  expect((await read(temporaryFolder())).error).toMatchObject({
    message: expect.stringContaining("got a folder"),
  });
});

test("what is no path is refused at once", () => {
  expect(() => readLetters("")).toThrow(OptionsError);
});

test("leaving the loop closes the file", async () => {
  const file = fileWith(`${line(1)}\n${line(2)}\n`);
  for await (const _ of readLetters(file)) break;
  const open = await Promise.all(
    (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")),
  );
  expect(open).not.toContain(file);
});
