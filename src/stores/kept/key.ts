import type { KeyPart, TableKey } from "../../store.js";
import { packValue } from "./pack.js";
import { unpackValue } from "./unpack.js";

/** The bytes of a key: the same for keys that are the same key, and for no others. */
export function packKey(key: TableKey): Buffer {
  return packValue(Array.isArray(key) ? key.map(normal) : normal(key as KeyPart), "key");
}

export function unpackKey(bytes: Uint8Array): TableKey {
  return unpackValue(bytes) as TableKey;
}

/** As in a Map, -0 is the key 0, and there is one NaN, whatever its bits. */
function normal(part: KeyPart): KeyPart {
  if (typeof part !== "number") return part;
  return Number.isNaN(part) ? Number.NaN : part + 0;
}
