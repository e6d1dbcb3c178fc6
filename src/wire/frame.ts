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

/** Cuts a byte stream into frames, wherever the chunks were cut. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  #chunks: Buffer[] = [];
  #buffered = 0;
  /** How many bytes must be there before another look makes sense. */
  #needed = HEADER_BYTES;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.byteLength;
    if (this.#buffered < this.#needed) return;
    // Joined once for each frame, not for each chunk: a large frame arrives in thousands of chunks.
    let rest = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#needed = HEADER_BYTES;
    while (rest.byteLength >= HEADER_BYTES) {
      const end = HEADER_BYTES + rest.readUInt32LE(0);
      if (rest.byteLength < end) {
        this.#needed = end;
        break;
      }
      this.#onFrame({
        kind: rest.readUInt8(4),
        id: rest.readUInt32LE(5),
        body: rest.subarray(HEADER_BYTES, end),
      });
      rest = rest.subarray(end);
    }
    this.#chunks = rest.byteLength === 0 ? [] : [rest];
    this.#buffered = rest.byteLength;
  }
}
