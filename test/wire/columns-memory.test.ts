import { NdArray, ValueNotSupportedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { ColumnBlock } from "../../src/wire/columns-block.js";
import { RowGatherer } from "../../src/wire/columns-gather.js";
import { inferKinds } from "../../src/wire/columns-infer.js";
import { joined } from "../../src/wire/columns-join.js";
import { thrown } from "../helpers/rejection.js";

/** As to a worker thread. */
function giveAway({ data }: NdArray): void {
  structuredClone(data, { transfer: [data.buffer as ArrayBuffer] });
}

describe("arrays in rows that become columns", () => {
  const array = (elements: number) => new NdArray("float64", [elements], new Float64Array(elements).fill(1));
  const gathered = (arrays: readonly NdArray[]) => {
    const rows = arrays.map((a) => ({ a }));
    return new RowGatherer(inferKinds(rows, undefined)).columnsOf(rows, "rows");
  };

  test("are refused by their row where their buffer was given away", () => {
    const gone = array(3);
    giveAway(gone);
    const error = thrown(() => gathered([array(3), gone, array(3)]), ValueNotSupportedError);
    expect(error.message).toContain(
      "expected rows[1].a to be an array of 3, each a number (column float64, fixed by the first batch), got NdArray (it had 3 elements and has 0; was its buffer given away?)",
    );
  });

  test.each([1, 5])("are refused by their row where their buffer now has %d of 3 elements", (elements) => {
    const resized = array(3);
    Object.assign(resized, { data: new Float64Array(elements) });
    const error = thrown(() => gathered([array(3), resized]), ValueNotSupportedError);
    expect(error.message).toContain(`(it had 3 elements and has ${elements}; was its buffer given away?)`);
    expect(error.path).toBe("rows[1].a");
  });

  test("have lost nothing where they have no elements", () => {
    const gone = array(0);
    giveAway(gone);
    expect(gathered([gone]).values[0]).toStrictEqual(new NdArray("float64", [1, 0], new Float64Array(0)));
  });
});

describe("a block whose memory was given away", () => {
  const givenAway = (column: NdArray): ColumnBlock => {
    const made = new ColumnBlock(2, ["text", "n"], [["a", "b"], column]);
    giveAway(column);
    return made;
  };

  test.each<[string, NdArray]>([
    ["numbers", new NdArray("float64", [2], Float64Array.of(1, 2))],
    ["booleans", new NdArray("bool", [2], Uint8Array.of(1, 0))],
    ["integers of 64 bits", new NdArray("int64", [2], BigInt64Array.of(1n, 2n))],
    ["arrays", new NdArray("float32", [2, 1], Float32Array.of(1, 2))],
  ])("gives no row of %s, and says why", (_, column) => {
    const typeName = column.data.constructor.name;
    const error = thrown(() => givenAway(column).rowAt(1), ValueNotSupportedError);
    expect(error).toMatchObject({ path: "payload.n", typeName, direction: "result" });
    expect(error.message).toBe(
      `expected payload.n to be in the memory of its column, got a ${typeName} whose buffer was given away (what columnsOf() gives is lent; give away a copy, made by .slice())`,
    );
  });

  test("is joined with no other, and says why", () => {
    const block = givenAway(new NdArray("float64", [2], Float64Array.of(1, 2)));
    expect(() => joined([{ block, start: 0, end: 2 }])).toThrow(ValueNotSupportedError);
  });

  test("has no row that an object still is", () => {
    const block = givenAway(new NdArray("float32", [2, 1], Float32Array.of(1, 2)));
    const row = { text: "a", n: new NdArray("float32", [1], Float32Array.of(1)) };
    expect(block.isUnchanged(row, 0)).toBe(false);
  });
});
