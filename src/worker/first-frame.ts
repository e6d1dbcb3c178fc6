import type { Socket } from "node:net";
import type { Frame } from "../wire/frame.js";
import { HEADER_BYTES } from "../wire/protocol.js";

/** More than any HELLO has: who announces more is none of ours, and must not fill the memory. */
const LONGEST_BODY = 4096;

/**
 * Reads the first frame of a connection, and more for as long as `onFrame` says so, and nothing of what comes after that, which may be no frames: the
 * socket is paused until somebody else reads it. `onFrame` is not called when the connection ends before; it gets undefined for what cannot be a first
 * frame.
 */
export function readFirstFrames(socket: Socket, onFrame: (frame: Frame | undefined) => boolean): void {
  let header: Buffer | null = null;
  const read = (): void => {
    for (;;) {
      // At the end of a stream `read` gives what is left, which may be less.
      header ??= socket.read(HEADER_BYTES) as Buffer | null;
      if (header === null) return;
      const length = header.byteLength === HEADER_BYTES ? header.readUInt32LE(0) : LONGEST_BODY + 1;
      const body =
        length === 0 || length > LONGEST_BODY ? Buffer.alloc(0) : (socket.read(length) as Buffer | null);
      if (body === null) return;
      const whole = body.byteLength === length;
      const frame = whole ? { kind: header.readUInt8(4), id: header.readUInt32LE(5), body } : undefined;
      header = null;
      if (!onFrame(frame)) break;
    }
    socket.off("readable", read);
  };
  socket.on("readable", read);
}
