import fc from "fast-check";
import { NdArray, Tuple, type TypedArrays, tuple } from "slither-ts";

/** Values that can be carried, of every kind, nested; and what Python is given, and gives back, for each. */

const ODD_KEYS = [
  "",
  "constructor",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "toJSON",
  "length",
  "then",
  "0",
  "-1",
  "1e3",
  "a.b",
  "two words",
  "\0",
  "ключ",
  "\ud800",
];

const EDGES = [2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n, 2n ** 71n, 2n ** 200n];

/** Around every size at which an integer travels in another way. */
const largeIntegers: fc.Arbitrary<bigint> = fc
  .tuple(fc.constantFrom(...EDGES), fc.bigInt({ min: -3n, max: 3n }), fc.boolean())
  .map(([edge, offset, negative]) => (negative ? -(edge + offset) : edge + offset));

const integers: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: -130, max: 260 }),
  fc.integer({ min: -33_000, max: 66_000 }),
  fc.maxSafeInteger(),
  largeIntegers.filter((value) => value <= 2n ** 53n && value >= -(2n ** 53n)).map(Number),
);

const codeUnits = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 });

const texts: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  codeUnits.map((units) => String.fromCharCode(...units)),
  fc.constantFrom("", "\0", "a\ud800", "\udc00\ud800", "𝄞", "x".repeat(300)),
);

const bytes: fc.Arbitrary<Buffer> = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));

export const scalars: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, true, false, -0, Number.NaN, Infinity, -Infinity, 5e-324, 1e308, 1e22),
  integers,
  fc.double(),
  largeIntegers,
  fc.bigInt(),
  texts,
  bytes,
);

const shapes = fc.array(fc.nat({ max: 3 }), { maxLength: 4 });
const DTYPES = [
  "bool",
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
  "float32",
  "float64",
] as const satisfies readonly (keyof TypedArrays)[];

export const arrays: fc.Arbitrary<NdArray> = fc
  .tuple(fc.constantFrom(...DTYPES), shapes, fc.infiniteStream(fc.nat({ max: 255 })))
  .map(([dtype, shape, stream]) => arrayOf(dtype, shape, () => stream.next().value));

function arrayOf(dtype: keyof TypedArrays, shape: number[], next: () => number): NdArray {
  const Class = CLASSES[dtype];
  const length = shape.reduce((product, axis) => product * axis, 1);
  const elements = Buffer.from(Array.from({ length: length * Class.BYTES_PER_ELEMENT }, next));
  if (dtype === "bool") for (const [index, byte] of elements.entries()) elements[index] = byte % 2;
  const data = new Class(new Uint8Array(elements).buffer, 0, length);
  // Python's struct and numpy keep the bits of a NaN, JavaScript need not.
  if (data instanceof Float32Array || data instanceof Float64Array) {
    for (const [index, value] of data.entries()) if (Number.isNaN(value)) data[index] = 0.5;
  }
  return new NdArray(dtype, shape, data as TypedArrays[typeof dtype]);
}

const CLASSES = {
  bool: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** Of objects, and of maps. */
export const keys = fc.oneof(fc.constantFrom(...ODD_KEYS), texts).filter((key) => key !== "__proto__");

/** Keys of a Map, no two of which are equal in Python. */
const mapKeys = fc.uniqueArray(
  fc.oneof(keys, integers, fc.double(), largeIntegers, fc.boolean(), fc.constant(null)),
  {
    maxLength: 5,
    selector: (key) =>
      typeof key === "string" || key === null ? `text ${key}` : `number ${pythonNumber(key)}`,
  },
);

/** Numbers that are equal in Python give the same text. */
function pythonNumber(key: number | bigint | boolean): string {
  if (typeof key === "number" && !Number.isInteger(key)) return String(key);
  return String(BigInt(key));
}

export const values: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => {
  const items = fc.array(tie("value"), { maxLength: 5 });
  return {
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      scalars,
      arrays,
      items,
      items.map((each) => tuple(...each)),
      fc.dictionary(keys, tie("value"), { maxKeys: 5, noNullPrototype: false }),
      fc
        .tuple(mapKeys, fc.infiniteStream(tie("value")))
        .map(([each, stream]) => new Map(each.map((key) => [key, stream.next().value]))),
    ),
  };
}).value;

/** What a value is when it has been to Python and back: numbers, maps and objects come back in one form each. */
export function asReturned(value: unknown): unknown {
  if (typeof value === "bigint") return value <= 2n ** 53n && value >= -(2n ** 53n) ? Number(value) : value;
  if (typeof value !== "object" || value === null || value instanceof NdArray || Buffer.isBuffer(value))
    return value;
  if (value instanceof Tuple) return tuple(...Array.from(value, asReturned));
  if (Array.isArray(value)) return value.map(asReturned);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const returned = entries.map(([key, item]) => [asReturned(key), asReturned(item)] as const);
  return entries.every(([key]) => typeof key === "string") ? Object.fromEntries(returned) : new Map(returned);
}

/** What Python must be given for a value, in the words of fixtures/python/exactly.py. */
export function exactly(value: unknown): unknown {
  switch (typeof value) {
    case "boolean":
      return value ? "True" : "False";
    case "bigint":
      return ["int", String(value)];
    case "string":
      return ["str", Buffer.from(value, "utf16le").toString("hex")];
    case "number":
      return exactlyNumber(value);
    default:
      return value === null ? "None" : exactlyObject(value as object);
  }
}

function exactlyNumber(value: number): unknown {
  if (Number.isInteger(value) && Math.abs(value) <= 2 ** 53 && !Object.is(value, -0)) {
    return ["int", String(BigInt(value))];
  }
  const bits = Buffer.alloc(8);
  bits.writeDoubleLE(value);
  return ["float", Number.isNaN(value) ? "nan" : bits.toString("hex")];
}

function exactlyObject(value: object): unknown {
  if (Buffer.isBuffer(value)) return ["bytes", value.toString("hex")];
  if (value instanceof NdArray) {
    const { buffer, byteOffset, byteLength } = value.data;
    const elements = Buffer.from(buffer, byteOffset, byteLength).toString("hex");
    return ["ndarray", value.dtype, [...value.shape], elements];
  }
  if (Array.isArray(value)) {
    return [value instanceof Tuple ? "tuple" : "list", Array.from(value, exactly)];
  }
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return ["dict", entries.map(([key, item]) => [exactly(key), exactly(item)])];
}
