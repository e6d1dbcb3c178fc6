import { type Dtype, NdArray, tuple } from "slither-ts";
import { Handle } from "../../src/wire/handle.js";
import { typedArrayFrom } from "../../src/wire/ndarray.js";

/** Values as protocol/golden/README.md writes them down. */
export type Notation = null | boolean | string | { readonly [kind: string]: unknown };

/** A ref that needs no session to hold the object. */
export class TestHandle extends Handle {
  readonly session: string;
  readonly id: number;
  readonly typeName = "Model";
  readonly released: boolean;

  constructor(id: number, session = "a", released = false) {
    super();
    this.id = id;
    this.session = session;
    this.released = released;
  }
}

/** The JavaScript value for a notation. */
export function fromNotation(notation: Notation): unknown {
  if (typeof notation !== "object" || notation === null) return notation;
  const [entry] = Object.entries(notation);
  if (entry === undefined || Object.keys(notation).length !== 1) throw new Error("expected one key");
  const [kind, content] = entry;
  const read = READERS[kind];
  if (read === undefined) throw new Error(`unknown notation ${kind}`);
  return read(content as never);
}

const READERS: Readonly<Record<string, (content: never) => unknown>> = {
  int: (digits: string) => {
    const value = BigInt(digits);
    return value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : value;
  },
  float: (text: string) => Number(text),
  bytes: (hex: string) => Buffer.from(hex, "hex"),
  text: (hex: string) => Buffer.from(hex, "hex").swap16().toString("utf16le"),
  list: (items: Notation[]) => items.map(fromNotation),
  tuple: (items: Notation[]) => tuple(...items.map(fromNotation)),
  dict: (entries: [Notation, Notation][]) => {
    const read = entries.map(([key, value]) => [fromNotation(key), fromNotation(value)] as const);
    const plain = entries.every(([key]) => typeof key === "string");
    return plain ? Object.fromEntries(read as [string, unknown][]) : new Map(read);
  },
  ndarray: ({ dtype, shape, data }: { dtype: Dtype; shape: number[]; data: string }) =>
    new NdArray(dtype, shape, typedArrayFrom(dtype, Buffer.from(data, "hex"))),
  ref: (id: number) => new TestHandle(id),
};
