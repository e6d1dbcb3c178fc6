import { StoreError } from "../../errors/store.js";
import { unpackValue } from "../kept/unpack.js";

/** An entry as the server has it. */
export interface Stored {
  /** All its bytes: what it is compared by. */
  readonly bytes: Buffer;
  /** The value as MessagePack. */
  readonly value: Buffer;
  /** When it was written, in milliseconds of the server's clock. */
  readonly writtenAt: number;
}

const COLON = 0x3a;

/** @throws StoreError for bytes that a table has not written. */
export function readStored(store: string, bytes: Buffer): Stored {
  const colon = bytes.subarray(0, 20).indexOf(COLON);
  const head = bytes.toString("latin1", 0, Math.max(colon, 0));
  if (!/^\d+$/.test(head))
    throw new StoreError(store, "open-failed", "a key of it on the server holds what no table has written");
  return { bytes, value: bytes.subarray(colon + 1), writtenAt: Number(head) };
}

/** @throws StoreError for bytes that are no value. */
export function readValue(store: string, bytes: Uint8Array): unknown {
  try {
    return unpackValue(bytes);
  } catch (error) {
    throw new StoreError(
      store,
      "open-failed",
      `a value on the server cannot be read: ${(error as Error).message}`,
      error,
    );
  }
}
