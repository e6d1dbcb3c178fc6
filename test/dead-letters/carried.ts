import fc from "fast-check";
import { NdArray, tuple } from "slither-ts";
import { scalars } from "../wire/values.js";

/** Values that JSON or the wire encoding can carry, of every kind, nested. */

const typedArrays = fc.oneof(
  fc.int8Array(),
  fc.int16Array(),
  fc.int32Array(),
  fc.uint16Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
);

const arrays = fc.oneof(
  fc.uint8Array({ max: 1 }).map((data) => new NdArray("bool", [data.length], data)),
  fc.uint8Array().map((data) => new NdArray("uint8", [1, data.length], data)),
  fc.bigInt64Array().map((data) => new NdArray("int64", [data.length, 1], data)),
  fc.float64Array({ minLength: 1, maxLength: 1 }).map((data) => new NdArray("float64", [], data)),
);

const keys = fc
  .oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("$slither", "a\ud800", "toJSON", "constructor", "length", "0", "then"),
  )
  .filter((key) => key !== "__proto__");

const mapKeys = fc.oneof(
  keys,
  fc.bigInt(),
  fc.integer(),
  fc.double(),
  fc.constantFrom("__proto__", null, true, false),
);

export const carried: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => {
  const items = fc.array(tie("value"), { maxLength: 4 });
  return {
    value: fc.oneof(
      { depthSize: "small" },
      scalars,
      fc.uint8Array(),
      typedArrays,
      arrays,
      items,
      items.map((each) => tuple(...each)),
      fc.dictionary(keys, tie("value"), { maxKeys: 4 }),
      fc.array(fc.tuple(mapKeys, tie("value")), { maxLength: 4 }).map((entries) => new Map(entries)),
    ),
  };
}).value;
