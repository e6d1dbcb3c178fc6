import { inspect } from "node:util";
import { StoreError } from "../../errors/store.js";
import { unpackKey } from "../kept/key.js";
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

/** Where an entry is, for those who are told that it is none. */
export interface EntryPlace {
  readonly store: string;
  readonly table: string;
  /** As MessagePack. */
  readonly key: Buffer;
}

const COLON = 0x3a;

/** @throws StoreError for bytes that a table has not written. */
export function readStored(place: EntryPlace, bytes: Buffer): Stored {
  const colon = bytes.subarray(0, 20).indexOf(COLON);
  const head = bytes.toString("latin1", 0, Math.max(colon, 0));
  if (!/^\d+$/.test(head)) throw unreadable(place, "holds what no table has written");
  return { bytes, value: bytes.subarray(colon + 1), writtenAt: Number(head) };
}

/** @throws StoreError for bytes that are no value. */
export function readValue(place: EntryPlace, bytes: Uint8Array): unknown {
  try {
    return unpackValue(bytes);
  } catch (error) {
    throw unreadable(place, `holds a value that cannot be read (${(error as Error).message})`, error);
  }
}

/** @throws StoreError for bytes that are no key. */
export function readKey(place: EntryPlace): unknown {
  try {
    return unpackKey(place.key);
  } catch (error) {
    throw unreadable(place, `is none that a table has written (${(error as Error).message})`, error);
  }
}

function unreadable({ store, table, key }: EntryPlace, problem: string, cause?: unknown): StoreError {
  const message = `table ${table}: on the server, the key ${shown(key)} ${problem}; delete it, or give the store another name`;
  return new StoreError(store, "open-failed", message, cause);
}

function shown(key: Buffer): string {
  try {
    return inspect(unpackKey(key), { breakLength: Number.POSITIVE_INFINITY });
  } catch {
    return `of the bytes ${key.toString("hex")}`;
  }
}
