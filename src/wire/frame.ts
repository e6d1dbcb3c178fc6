import { HEADER_BYTES } from "./protocol.js";

/** One message as it travels: see "Frames" in protocol/PROTOCOL.md. */
export interface Frame {
  readonly kind: number;
  readonly id: number;
  readonly body: Buffer;
}

/** The bytes before a body. */
export function frameHeader(kind: number, id: number, bodyLength: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32LE(bodyLength, 0);
  header.writeUInt8(kind, 4);
  header.writeUInt32LE(id, 5);
  return header;
}

/** A message that was too large for the memory that there is. */
export interface LostFrame extends Omit<Frame, "body"> {
  readonly error: unknown;
}

/** One whose body is not all there. */
interface OpenFrame extends Omit<Frame, "body"> {
  /** Of its whole length; undefined where there is no memory for it. */
  readonly body: Buffer | undefined;
  readonly error?: unknown;
  readonly length: number;
  filled: number;
}

export interface FrameListeners {
  onFrame(frame: Frame): void;
  /** What comes behind it is read all the same. */
  onLost(frame: LostFrame): void;
}

/** Cuts a byte stream into frames, wherever the chunks were cut. */
export class FrameReader {
  readonly #listeners: FrameListeners;
  readonly #allocate: (bytes: number) => Buffer;
  /** Less than a header. */
  #held: Buffer = Buffer.alloc(0);
  #open: OpenFrame | undefined;

  /** @param allocate throws where there is no such memory. */
  constructor(listeners: FrameListeners, allocate = (bytes: number): Buffer => Buffer.allocUnsafe(bytes)) {
    this.#listeners = listeners;
    this.#allocate = allocate;
  }

  push(chunk: Buffer): void {
    let rest = this.#held.byteLength === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    if (this.#open !== undefined) rest = this.#fill(this.#open, rest);
    while (rest.byteLength >= HEADER_BYTES) {
      const length = rest.readUInt32LE(0);
      const kind = rest.readUInt8(4);
      const id = rest.readUInt32LE(5);
      const body = rest.subarray(HEADER_BYTES, HEADER_BYTES + length);
      rest = rest.subarray(HEADER_BYTES + body.byteLength);
      if (body.byteLength === length) this.#listeners.onFrame({ kind, id, body });
      else this.#fill(this.#begin(kind, id, length), body);
    }
    if (rest.byteLength > 0) this.#held = rest;
  }

  /** A large frame arrives in thousands of chunks: each is copied once, to its place. */
  #begin(kind: number, id: number, length: number): OpenFrame {
    try {
      this.#open = { kind, id, body: this.#allocate(length), length, filled: 0 };
    } catch (error) {
      this.#open = { kind, id, body: undefined, error, length, filled: 0 };
    }
    return this.#open;
  }

  /** Gives back what is not of the frame. */
  #fill(open: OpenFrame, chunk: Buffer): Buffer {
    const { kind, id, body, error, length, filled } = open;
    const end = Math.min(chunk.byteLength, length - filled);
    body?.set(chunk.subarray(0, end), filled);
    open.filled += end;
    if (open.filled === length) {
      this.#open = undefined;
      if (body === undefined) this.#listeners.onLost({ kind, id, error });
      else this.#listeners.onFrame({ kind, id, body });
    }
    return chunk.subarray(end);
  }
}
