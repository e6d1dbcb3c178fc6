import { createHash } from "node:crypto";
import type { StoredEntry, TableKey } from "../../store.js";
import { packKey, unpackKey } from "../kept/key.js";
import { packValue } from "../kept/pack.js";
import { unpackValue } from "../kept/unpack.js";

/** What is written for one entry: `[f64 sequence, f64 writtenAt, u32 length of the key, key, value]`, big-endian, key and value as MessagePack. */
const HEADER_BYTES = 20;

/** The longest key that stands for itself. LMDB takes 1,978 bytes. */
const LONGEST_PLACE = 512;

/** No MessagePack begins with it. */
const DIGEST_MARK = Buffer.of(0xc1);

/** Where the entry of a key is: at the bytes of the key, or of its digest where it is longer than LMDB takes. */
export function placeOf(key: TableKey): Buffer {
  const bytes = packKey(key);
  if (bytes.byteLength <= LONGEST_PLACE) return bytes;
  return Buffer.concat([DIGEST_MARK, createHash("sha256").update(bytes).digest()]);
}

/** @param sequence grows with each write; the entries are read in its order. @throws ValueNotSupportedError. */
export function packRecord(sequence: number, entry: StoredEntry): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  const key = packKey(entry.key);
  header.writeDoubleBE(sequence, 0);
  header.writeDoubleBE(entry.writtenAt, 8);
  header.writeUInt32BE(key.byteLength, 16);
  return Buffer.concat([header, key, packValue(entry.value)]);
}

export function sequenceOf(record: Buffer): number {
  return record.readDoubleBE(0);
}

export function unpackRecord(table: string, record: Buffer): StoredEntry {
  const valueAt = HEADER_BYTES + record.readUInt32BE(16);
  return {
    table,
    key: unpackKey(record.subarray(HEADER_BYTES, valueAt)),
    value: unpackValue(record.subarray(valueAt)),
    writtenAt: record.readDoubleBE(8),
  };
}
