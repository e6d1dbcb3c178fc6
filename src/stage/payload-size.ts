/** What a value takes beside its content: a header and a place to refer to it from. */
const OVERHEAD = 16;
const NUMBER = 8;

/** Deeper than this is not looked into: it would cost more than it tells, and may lead back to where it began. */
const DEEPEST = 6;

/**
 * About how many bytes of memory a payload takes: for bounds, not for bills. Arrays of numbers, of which most vectors are, are not looked through; a long
 * array of anything else counts as its first hundred.
 */
export function payloadSize(payload: unknown): number {
  try {
    return sizeOf(payload, 0);
  } catch {
    // A getter that throws is told when the value is sent, by its path.
    return OVERHEAD;
  }
}

function sizeOf(payload: unknown, depth: number): number {
  if (typeof payload === "string") return OVERHEAD + payload.length;
  if (typeof payload !== "object" || payload === null) return NUMBER;
  if (ArrayBuffer.isView(payload)) return OVERHEAD + payload.byteLength;
  if (payload instanceof ArrayBuffer) return OVERHEAD + payload.byteLength;
  if (depth === DEEPEST) return OVERHEAD;
  if (Array.isArray(payload)) return OVERHEAD + sizeOfMany(payload, depth);
  if (payload instanceof Map) return OVERHEAD + sizeOfMany([...payload].flat(), depth);
  if (payload instanceof Set) return OVERHEAD + sizeOfMany([...payload], depth);
  return OVERHEAD + sizeOfFields(payload as { [field: string]: unknown }, depth);
}

const SAMPLE = 100;

function sizeOfMany(values: readonly unknown[], depth: number): number {
  if (values.length === 0) return 0;
  if (typeof values[0] === "number" && typeof values.at(-1) === "number") return values.length * NUMBER;
  const looked = Math.min(values.length, SAMPLE);
  let total = 0;
  for (let index = 0; index < looked; index += 1) total += NUMBER + sizeOf(values[index], depth + 1);
  return (total / looked) * values.length;
}

function sizeOfFields(record: { [field: string]: unknown }, depth: number): number {
  let total = 0;
  for (const field in record) total += NUMBER + sizeOf(record[field], depth + 1);
  return total;
}
