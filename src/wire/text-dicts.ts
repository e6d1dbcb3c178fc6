import { isRecord } from "./record.js";

/** Whether the entries of a DICT are those of an object: all keys are text, and some cannot be written as UTF-8, or it would have been a plain map. */
export function isTextDict(entries: ReadonlyMap<unknown, unknown>): boolean {
  let isPlainMap = true;
  for (const key of entries.keys()) {
    if (typeof key !== "string") return false;
    isPlainMap &&= key.isWellFormed();
  }
  return !isPlainMap;
}

/** A value that has just been decoded, with plain objects in place of these maps. */
export function withObjects(value: unknown, dicts: ReadonlySet<unknown>): unknown {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) value[index] = withObjects(item, dicts);
  } else if (value instanceof Map) {
    for (const [key, item] of value) value.set(key, withObjects(item, dicts));
    // Not by assignment, which would take one key for the prototype.
    if (dicts.has(value)) return Object.fromEntries(value);
  } else if (isRecord(value)) {
    for (const [key, item] of Object.entries(value)) value[key] = withObjects(item, dicts);
  }
  return value;
}
