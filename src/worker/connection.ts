import type { Socket } from "node:net";
import { type Frame, FrameReader, frameHeader } from "../wire/frame.js";

/** Frames over one socket. Everything written in one tick leaves in one system call. */
export class Connection {
  readonly #socket: Socket;
  #corked = false;
  /** Who gets the frames; changes once, from the handshake to the worker. */
  onFrame: (frame: Frame) => void;
  /** Resolves when nothing more can arrive. */
  readonly closed: Promise<void>;

  constructor(socket: Socket, onFrame: (frame: Frame) => void) {
    this.#socket = socket;
    this.onFrame = onFrame;
    const reader = new FrameReader((frame) => this.onFrame(frame));
    socket.on("data", (chunk: Buffer) => reader.push(chunk));
    // A reset says no more than the end that follows it: how the process died is asked of the process.
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  send(kind: number, id: number, body: Buffer): void {
    if (this.#socket.destroyed) return;
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(frameHeader(kind, id, body.byteLength));
    this.#socket.write(body);
  }

  /** Whether this connection alone keeps Node running. */
  keepAlive(on: boolean): void {
    if (on) this.#socket.ref();
    else this.#socket.unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
