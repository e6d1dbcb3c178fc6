import { once } from "node:events";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { LogLines } from "../../src/worker/log-lines.js";

/** What is given out for these pieces of output. */
async function linesOf(...pieces: (string | Buffer)[]): Promise<string[]> {
  const lines: string[] = [];
  const stream = new PassThrough();
  new LogLines((_, line) => lines.push(line)).follow("stdout", stream);
  for (const piece of pieces) stream.write(piece);
  const closed = once(stream, "close");
  stream.end();
  stream.resume();
  await closed;
  return lines;
}

test("lines are put together from pieces that end anywhere, also inside a character", async () => {
  const text = Buffer.from("first\nzweite für dich\n");
  const inside = text.indexOf("ü") + 1;

  expect(await linesOf(text.subarray(0, 3), text.subarray(3, inside), text.subarray(inside))).toEqual([
    "first",
    "zweite für dich",
  ]);
});

test("empty lines are lines", async () => {
  expect(await linesOf("\n\na\n")).toEqual(["", "", "a"]);
});

test("what comes after the last line end is a line when the stream ends", async () => {
  expect(await linesOf("a\nb")).toEqual(["a", "b"]);
});

test("bytes that are no text do not stop the lines", async () => {
  expect(await linesOf(Buffer.of(0xff, 0x0a), "b\n")).toEqual(["\ufffd", "b"]);
});

test("output without line ends is given out in pieces", async () => {
  const piece = "x".repeat(50_000);

  const lines = await linesOf(piece, piece, piece);

  expect(lines.length).toBeGreaterThan(1);
  expect(lines.join("")).toBe(piece.repeat(3));
});

test("the last 20 lines of both streams are kept, in the order in which they came", async () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const logs = new LogLines(() => {});
  logs.follow("stdout", stdout);
  logs.follow("stderr", stderr);

  for (let number = 0; number < 15; number++) {
    for (const [name, stream] of Object.entries({ out: stdout, err: stderr })) {
      stream.write(`${name} ${number}\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  expect(logs.last).toHaveLength(20);
  expect(logs.last.slice(0, 2)).toEqual(["out 5", "err 5"]);
  expect(logs.last.at(-1)).toBe("err 14");
});

test("of a crash, the frames of the worker itself are given out but not kept", async () => {
  const stream = new PassThrough();
  const given: string[] = [];
  const logs = new LogLines((_, line) => given.push(line));
  logs.follow("stderr", stream);
  const printed = [
    "Fatal Python error: Segmentation fault",
    '  File "/srv/scorer.py", line 20 in score',
    '  File "/srv/node_modules/slither-ts/python/src/slither_worker/runtime.py", line 80 in _call',
    '  File "<frozen runpy>", line 88 in _run_code',
  ];

  stream.end(`${printed.join("\n")}\n`);
  await logs.ended();

  expect(given).toEqual(printed);
  expect(logs.last).toEqual(printed.slice(0, 2));
});
