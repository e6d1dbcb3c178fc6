import { deepStrictEqual } from "node:assert/strict";
import { fork } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { OptionsError } from "slither-ts";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { DeadLetterError } from "../../src/dead-letters/error.js";
import { deadLetter } from "../../src/dead-letters/file-sink.js";
import type { DeadLetter } from "../../src/dead-letters/letter.js";
import { readLetters } from "../../src/dead-letters/read.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { carried } from "./carried.js";
import { letter } from "./letters.js";

const newFile = () => join(temporaryFolder(), "rejected.jsonl");

async function lettersIn(file: string): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const each of readLetters(file)) letters.push(each);
  return letters;
}

test("what was written is read, in order, with its values as they were", async () => {
  const file = newFile();
  const sink = deadLetter(file);
  const optional = { code: "SLITHER_PYTHON", traceback: "a\nb", signal: "SIGKILL", exitCode: 3 };
  const letters = [
    letter({ id: "a", input: 5n }),
    letter({ ...optional, payload: new Map([[1, Number.NaN]]), meta: { seen: Uint8Array.of(1) } }),
    letter({ id: Number.NaN, message: "a\ud800\u2028" }),
  ];
  await sink.write(letters.slice(0, 2));
  await sink.write(letters.slice(2));
  await sink.close();
  expect(await lettersIn(file)).toStrictEqual(letters);
});

test("any letter is one line of JSON, for every tool that has its own idea of a line", async () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("\u2028", "\r\n", "\u0085", "\u2029\ud800"),
  );
  await fc.assert(
    fc.asyncProperty(text, text, carried, async (message, id, input) => {
      const file = newFile();
      const sink = deadLetter(file);
      const written = letter({ message, id, input });
      await sink.write([written]);
      await sink.close();
      const line = readFileSync(file, "utf8");
      expect(line.split(/[\n\r\u0085\u2028\u2029\v\f]/)).toEqual([line.slice(0, -1), ""]);
      expect(JSON.parse(line)).toMatchObject({ message });
      deepStrictEqual(await lettersIn(file), [written]);
    }),
    { numRuns: 100 },
  );
});

test("people can read a line", async () => {
  const file = newFile();
  const sink = deadLetter(file);
  await sink.write([letter()]);
  await sink.close();
  expect(readFileSync(file, "utf8")).toBe(
    '{"run":"scores-1","pipe":"scores","time":"2030-01-31T12:00:00.000Z","id":7,"stage":"predict","errorClass":"ValueError","message":"no","attempts":1,"input":{"a":1},"payload":[1],"meta":{}}\n',
  );
});

test("no file is made before something is written", async () => {
  const file = newFile();
  const sink = deadLetter(file);
  await sink.write([]);
  await sink.close();
  await expect(lettersIn(file)).rejects.toThrow("got no such file");
});

test("it says which file it appends to, with its whole path", () => {
  expect(deadLetter("a.jsonl").file).toBe(resolve("a.jsonl"));
});

test("what is in the file already stays", async () => {
  const file = newFile();
  for (const id of [1, 2]) {
    const sink = deadLetter(file);
    await sink.write([letter({ id })]);
    await sink.close();
  }
  expect((await lettersIn(file)).map(({ id }) => id)).toEqual([1, 2]);
});

test("a sink that was closed opens its file again for another run", async () => {
  const file = newFile();
  const sink = deadLetter(file);
  await sink.write([letter({ id: 1 })]);
  await sink.close();
  await sink.close();
  await sink.write([letter({ id: 2 })]);
  await sink.close();
  expect((await lettersIn(file)).map(({ id }) => id)).toEqual([1, 2]);
});

test("writes that are not waited for come in their order, and before the close", async () => {
  const file = newFile();
  const sink = deadLetter(file);
  const writes = Array.from({ length: 20 }, (_, id) =>
    sink.write([letter({ id }), letter({ id: id + 0.5 })]),
  );
  await sink.close();
  const ids = (await lettersIn(file)).map(({ id }) => id);
  expect(ids).toEqual(Array.from({ length: 40 }, (_, index) => index / 2));
  await Promise.all(writes);
});

test("a record that is changed after the call is written as it was", async () => {
  const file = newFile();
  const sink = deadLetter(file);
  const input = { a: 1 };
  const writing = sink.write([letter({ input })]);
  input.a = 2;
  await writing;
  await sink.close();
  expect((await lettersIn(file))[0]?.input).toEqual({ a: 1 });
});

test("one run that ends does not end the writing of another", async () => {
  const file = newFile();
  const sink = deadLetter(file);
  await Promise.all(
    ["a", "b", "c"].map(async (run) => {
      for (let id = 0; id < 20; id++) await sink.write([letter({ run, id })]);
      await sink.close();
    }),
  );
  const letters = await lettersIn(file);
  for (const run of ["a", "b", "c"])
    expect(letters.filter((each) => each.run === run).map(({ id }) => id)).toEqual(
      Array.from({ length: 20 }, (_, id) => id),
    );
});

test("lines of several sinks on one file do not mix, be they as long as they may", async () => {
  const file = newFile();
  await Promise.all(
    ["a", "b", "c", "d"].map(async (run) => {
      const sink = deadLetter(file);
      for (let id = 0; id < 10; id++)
        await sink.write([letter({ run, id, input: run.repeat(400_000) }), letter({ run, id: id + 0.5 })]);
      await sink.close();
    }),
  );
  expect(await lettersIn(file)).toHaveLength(80);
});

test("lines of several processes on one file do not mix", async () => {
  const file = newFile();
  const script = join(import.meta.dirname, "append.mjs");
  const children = ["a", "b"].map((run) => fork(script, [file, run], { execArgv: ["--import", "tsx"] }));
  const codes = await Promise.all(
    children.map((child) => new Promise((resolve) => child.once("exit", resolve))),
  );
  expect(codes).toEqual([0, 0]);
  expect(await lettersIn(file)).toHaveLength(100);
});

test("more than is written at once comes as a whole", async () => {
  const file = newFile();
  const sink = deadLetter(file);
  await sink.write(Array.from({ length: 20 }, (_, id) => letter({ id, input: "x".repeat(2 ** 20) })));
  await sink.close();
  expect(await lettersIn(file)).toHaveLength(20);
});

test.each([
  ["the beginning of a letter, left by a crash", '{"run":"sco', 2],
  ["text that ends in the middle of a character", Buffer.from("ü").subarray(0, 1), 2],
  ["nothing", "", 1],
])("a file that ends in %s: the next letter has a line of its own", async (_, there, line) => {
  const file = newFile();
  writeFileSync(file, there);
  const sink = deadLetter(file);
  await sink.write([letter({ id: "next" })]);
  await sink.close();
  const lines = readFileSync(file, "utf8").split("\n");
  expect(JSON.parse(lines[line - 1] as string)).toMatchObject({ id: "next" });
  expect(lines).toHaveLength(line + 1);
});

test("a whole letter without the end of its line keeps its line", async () => {
  const file = newFile();
  const sink = deadLetter(file);
  await sink.write([letter({ id: 1 })]);
  await sink.close();
  writeFileSync(file, readFileSync(file, "utf8").trimEnd());
  await sink.write([letter({ id: 2 })]);
  await sink.close();
  expect((await lettersIn(file)).map(({ id }) => id)).toEqual([1, 2]);
});

describe("a file that cannot be written", () => {
  test.each([
    [
      "a folder that is not there",
      (folder: string) => join(folder, "none", "a.jsonl"),
      /got no folder .*none; make it first/,
    ],
    ["a folder in place of a file", (folder: string) => folder, "got a folder; name a file in it"],
    [
      "a file in place of a folder",
      (folder: string) => {
        writeFileSync(join(folder, "file"), "");
        return join(folder, "file", "a.jsonl");
      },
      /got no folder .*file; make it first/,
    ],
    [
      "links in a circle",
      (folder: string) => {
        symlinkSync("loop", join(folder, "loop"));
        return join(folder, "loop");
      },
      "ELOOP",
    ],
    ["a disk that is full", () => "/dev/full", "the disk is full; make room"],
  ])("%s", async (_, make, message) => {
    const file = make(temporaryFolder());
    const sink = deadLetter(file);
    const error = await sink.write([letter()]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DeadLetterError);
    expect(error).toMatchObject({ code: "SLITHER_DEAD_LETTER", file, line: undefined });
    expect((error as Error).message).toMatch(message);
    await sink.close();
  });

  test("it is tried again by the next write", async () => {
    const folder = join(temporaryFolder(), "later");
    const sink = deadLetter(join(folder, "a.jsonl"));
    await expect(sink.write([letter()])).rejects.toThrow("got no folder");
    mkdirSync(folder);
    await sink.write([letter({ id: 2 })]);
    await sink.close();
    expect((await lettersIn(join(folder, "a.jsonl"))).map(({ id }) => id)).toEqual([2]);
  });
});

/** Has the next write of any file handle write ten bytes and no more. */
async function writeTenBytes(file: string, then: (bytesWritten: number) => unknown): Promise<void> {
  const handle = await open(file, "a");
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const write = prototype.write as (bytes: Buffer, offset: number, length: number) => Promise<unknown>;
  vi.spyOn(prototype, "write").mockImplementationOnce(async function (this: unknown, bytes: unknown) {
    await write.call(this, bytes as Buffer, 0, 10);
    return then(10) as never;
  });
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
}

test("after a write that failed half-way the next letter has a line of its own", async () => {
  const file = newFile();
  await writeTenBytes(file, () => {
    throw Object.assign(new Error("full"), { code: "ENOSPC" });
  });
  const sink = deadLetter(file);
  await expect(sink.write([letter({ id: 1 })])).rejects.toThrow("the disk is full; make room");
  await sink.write([letter({ id: 2 })]);
  await sink.close();
  const [torn, next] = readFileSync(file, "utf8").split("\n");
  expect(torn).toBe('{"run":"sc');
  expect(JSON.parse(next as string)).toMatchObject({ id: 2 });
});

test("a write that the system did only in part is brought to its end", async () => {
  const file = newFile();
  await writeTenBytes(file, (bytesWritten) => ({ bytesWritten }));
  const sink = deadLetter(file);
  await sink.write([letter({ id: 1 }), letter({ id: 2 })]);
  await sink.close();
  expect((await lettersIn(file)).map(({ id }) => id)).toEqual([1, 2]);
});

test("what cannot be flushed to a disk can be closed", async () => {
  const sink = deadLetter("/dev/null");
  await sink.write([letter()]);
  await sink.close();
});

test.each([[undefined], [""], [7], [new URL("file:///a")]])("%s is no path", (file) => {
  const untyped = deadLetter as (file: unknown) => unknown;
  expect(() => untyped(file)).toThrow(OptionsError);
  expect(() => untyped(file)).toThrow("deadLetter(): expected `file` to be the path of a file, got");
});
