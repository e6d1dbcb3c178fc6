import fc from "fast-check";
import { expect, test } from "vitest";
import { type Frame, FrameReader, frameHeader } from "../../src/wire/frame.js";

const frames = fc.array(
  fc.record({
    kind: fc.integer({ min: 0, max: 0xff }),
    id: fc.integer({ min: 0, max: 0xffff_ffff }),
    body: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  }),
  { maxLength: 8 },
);

test("frames are the same wherever the stream was cut", () => {
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 0, max: 30 })), (sent, lengths) => {
      expect(read(cut(bytesOf(sent), lengths))).toEqual(sent);
    }),
    { numRuns: 500 },
  );
});

test("a frame is given out as soon as its last byte is there", () => {
  const received: Frame[] = [];
  const reader = readerInto(received);
  const bytes = bytesOf([{ kind: 1, id: 2, body: Buffer.from("body") }]);

  reader.push(bytes.subarray(0, -1));
  expect(received).toEqual([]);
  reader.push(bytes.subarray(-1));
  expect(received).toEqual([{ kind: 1, id: 2, body: Buffer.from("body") }]);
});

test("a large frame in small pieces is put together in time that grows with its size alone", () => {
  const body = Buffer.alloc(64 * 1024 * 1024, 7);
  const began = performance.now();

  const [frame] = read(cut(bytesOf([{ kind: 1, id: 2, body }]), [], 16 * 1024));

  expect(frame?.body.equals(body)).toBe(true);
  // Joining at each of the 4,096 pieces would copy 128 GB.
  expect(performance.now() - began).toBeLessThan(5_000);
});

test("one that there is no memory for is told, and those behind it come all the same", () => {
  const told: unknown[] = [];
  const noMemory = new RangeError("Array buffer allocation failed");
  const reader = new FrameReader(
    { onFrame: ({ id }) => told.push(id), onLost: (lost) => told.push(lost) },
    (bytes) => {
      if (bytes > 100) throw noMemory;
      return Buffer.alloc(bytes);
    },
  );
  const sent = [10, 200, 30].map((length, id) => ({ kind: 1, id, body: Buffer.alloc(length) }));
  for (const piece of cut(bytesOf(sent), [], 7)) reader.push(piece);
  expect(told).toEqual([0, { kind: 1, id: 1, error: noMemory }, 2]);
});

function readerInto(received: Frame[]): FrameReader {
  return new FrameReader({ onFrame: (frame) => received.push(frame), onLost: () => {} });
}

function bytesOf(sent: readonly Frame[]): Buffer {
  return Buffer.concat(sent.flatMap(({ kind, id, body }) => [frameHeader(kind, id, body.byteLength), body]));
}

/** Pieces of these lengths, then of `others`. */
function cut(bytes: Buffer, lengths: readonly number[], others = 1_000): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const length = lengths[pieces.length] ?? others;
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

function read(pieces: readonly Buffer[]): Frame[] {
  const received: Frame[] = [];
  const reader = readerInto(received);
  for (const piece of pieces) reader.push(piece);
  return received;
}
