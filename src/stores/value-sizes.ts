/** What a value takes beside its content: a header and a place to refer to it from. */
const OVERHEAD = 16;
const NUMBER = 8;

/** So many parts of a value are looked at: what they tell is for bounds, and must not cost more than the work itself. */
const MOST_VISITS = 500;

/** Of a long list so many elements stand for all. */
const SAMPLE = 50;

/** About how many bytes of memory a value takes: for bounds, not for bills. Of one that has very many parts, or refers to itself, the first few hundred count. */
export function estimatedBytes(value: unknown): number {
  const visits = { left: MOST_VISITS };
  try {
    return sizeOf(value, visits);
  } catch {
    // A getter that throws is for those to hear who read it.
    return OVERHEAD;
  }
}

interface Visits {
  left: number;
}

function sizeOf(value: unknown, visits: Visits): number {
  if (typeof value === "string") return OVERHEAD + value.length;
  if (typeof value !== "object" || value === null) return NUMBER;
  if (visits.left <= 0) return OVERHEAD;
  visits.left -= 1;
  return OVERHEAD + contentOf(value, visits);
}

function contentOf(value: object, visits: Visits): number {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  if (Array.isArray(value)) return sizeOfElements(value, value.length, visits);
  if (value instanceof Set) return sizeOfElements(value, value.size, visits);
  if (value instanceof Map) {
    return (
      sizeOfElements(value.keys(), value.size, visits) + sizeOfElements(value.values(), value.size, visits)
    );
  }
  return Object.values(value).reduce<number>((size, field) => size + NUMBER + sizeOf(field, visits), 0);
}

function sizeOfElements(values: Iterable<unknown>, count: number, visits: Visits): number {
  let looked = 0;
  let size = 0;
  for (const value of values) {
    if (looked === SAMPLE || visits.left <= 0) break;
    // In a list of numbers each stands in its place.
    size += typeof value === "number" ? NUMBER : NUMBER + sizeOf(value, visits);
    looked += 1;
  }
  return looked === 0 ? 0 : (size / looked) * count;
}
