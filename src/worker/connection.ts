import type { Socket } from "node:net";
import { type Frame, FrameReader, frameHeader, type LostFrame } from "../wire/frame.js";
import { HEADER_BYTES } from "../wire/protocol.js";

/** Up to here, frames of one tick are copied into one buffer; above, the copy would cost more than the larger system call. */
const JOIN_BYTES = 64 * 1024;

/** Frames over one socket. Everything sent in one tick leaves in one system call. */
export class Connection {
  readonly #socket: Socket;
  /** What was sent in this tick. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Who gets the frames; changes once, from the handshake to the worker. */
  onFrame: (frame: Frame) => void;
  /** Who hears of those for which there was no memory. */
  onLost: (frame: LostFrame) => void = () => this.destroy();
  /** Resolves when nothing more can arrive. */
  readonly closed: Promise<void>;

  constructor(socket: Socket, onFrame: (frame: Frame) => void) {
    this.#socket = socket;
    this.onFrame = onFrame;
    const reader = new FrameReader({
      onFrame: (frame) => this.onFrame(frame),
      onLost: (frame) => this.onLost(frame),
    });
    socket.on("data", (chunk: Buffer) => reader.push(chunk));
    // A reset says no more than the end that follows it: how the process died is asked of the process.
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  send(kind: number, id: number, body: Buffer): void {
    if (this.#pending.length === 0) process.nextTick(this.#flush);
    this.#pending.push(frameHeader(kind, id, body.byteLength), body);
    this.#pendingBytes += HEADER_BYTES + body.byteLength;
  }

  /** Whether this connection alone keeps Node running. */
  keepAlive(on: boolean): void {
    if (this.#socket.destroyed) return;
    if (on) this.#socket.ref();
    else this.#socket.unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #flush = (): void => {
    const buffers = this.#pending;
    const bytes = this.#pendingBytes;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (this.#socket.destroyed) return;
    if (bytes <= JOIN_BYTES) {
      this.#socket.write(Buffer.concat(buffers, bytes));
      return;
    }
    this.#socket.cork();
    for (const buffer of buffers) this.#socket.write(buffer);
    this.#socket.uncork();
  };
}
