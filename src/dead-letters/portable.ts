import { dtypeOf, NdArray } from "../wire/ndarray.js";
import { FORBIDDEN_KEY, MAX_DEPTH } from "../wire/protocol.js";
import { segment, typeNameOf } from "../wire/refusal.js";
import { Tuple } from "../wire/tuple.js";
import { type Escape, tupleOf } from "./restored.js";

/** The key of the object that stands in a line in place of a value that JSON cannot hold. */
export const MARK = "$slither";

/** What cannot be kept, by the name of its type. Where it is says the walk. */
export class NotPortable extends Error {
  readonly typeName: string;

  constructor(typeName: string) {
    super(typeName);
    this.typeName = typeName;
  }
}

/**
 * One walk over a value, which makes a copy of it that the wire encoding gives back exactly. By itself that encoding is made for Python: small
 * bigints come back as numbers, a Uint8Array as a Buffer, other typed arrays as NdArrays. A wire tuple stands for these in the copy; its first
 * element says for what, and a Tuple of the value becomes one, too.
 */
export class PortableCopy {
  /** Whether everything so far comes back exactly from JSON, too; the copy has no tuples then. */
  isPlain = true;
  readonly #place: unknown[] = [];

  /** Where the walk is; after it has thrown, where that was. */
  get path(): string {
    return this.#place.map(segment).join("");
  }

  /** @throws NotPortable; and whatever a getter or a proxy throws. */
  of(value: unknown): unknown {
    switch (typeof value) {
      case "boolean":
        return value;
      case "string":
        this.isPlain &&= value.isWellFormed();
        return value;
      case "number":
        this.isPlain &&= Number.isFinite(value) && !Object.is(value, -0);
        return value;
      case "bigint":
        return this.#escaped("bigint", [value]);
      case "undefined":
        return this.#escaped("undefined", []);
      case "object":
        return value === null ? null : this.#object(value);
      default:
        throw new NotPortable(typeNameOf(value));
    }
  }

  #object(value: object): unknown {
    if (this.#place.length >= MAX_DEPTH)
      throw new NotPortable(`a value more than ${MAX_DEPTH} levels deep, or a cyclic one`);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (Array.isArray(value)) {
      if (prototype === Array.prototype) return this.#items(value);
      if (prototype === Tuple.prototype) return this.#escaped("tuple", this.#items(value));
    } else if (ArrayBuffer.isView(value)) {
      return this.#view(value, prototype);
    } else if (prototype === Object.prototype || prototype === null) {
      return this.#record(value as Record<string, unknown>, prototype === null);
    } else if (prototype === Map.prototype) {
      return this.#map(value as Map<unknown, unknown>);
    } else if (prototype === Set.prototype) {
      return this.#set(value as Set<unknown>);
    } else if (prototype === Date.prototype) {
      if (Reflect.ownKeys(value).length > 0) throw new NotPortable("a Date with properties");
      if (Number.isNaN((value as Date).getTime())) throw new NotPortable("an invalid Date");
      return this.#escaped("date", [(value as Date).getTime()]);
    } else if (prototype === NdArray.prototype) {
      const { dtype, shape, data } = value as NdArray;
      this.isPlain = false;
      return new NdArray(dtype, shape, data); // Made again, because its data may have been taken away since it was checked.
    }
    throw new NotPortable(typeNameOf(value));
  }

  #items(array: readonly unknown[]): unknown[] {
    // An element for each index and "length", no more and no less.
    const isDense = Array.from(array.keys()).every((index) => Object.hasOwn(array, index));
    if (!isDense || Reflect.ownKeys(array).length !== array.length + 1)
      throw new NotPortable("an array with holes or properties");
    return Array.from({ length: array.length }, (_, index) => this.#at(index, () => array[index]));
  }

  #record(record: Record<string, unknown>, isBare: boolean): unknown {
    const keys = Object.keys(record);
    if (Reflect.ownKeys(record).length !== keys.length)
      throw new NotPortable("an object with symbol keys or hidden properties");
    if (keys.includes(FORBIDDEN_KEY)) throw new NotPortable(`the key ${FORBIDDEN_KEY}`);
    const entries = keys.map((key) => [key, this.#at(key, () => record[key])] as const);
    if (isBare) return this.#escaped("bare", entries.flat());
    // The wire makes a Map of an object with such a key.
    if (!keys.every((key) => key.isWellFormed())) return this.#escaped("object", entries.flat());
    if (keys.includes(MARK)) this.isPlain = false;
    return Object.fromEntries(entries);
  }

  #map(map: Map<unknown, unknown>): unknown {
    if (Reflect.ownKeys(map).length > 0) throw new NotPortable("a Map with properties");
    const flat = [...map].flatMap(([key, value]) => {
      if (typeof key === "object" && key !== null)
        throw new NotPortable(`a Map key of type ${typeNameOf(key)}`);
      return [this.#at(key, () => key), this.#at(key, () => value)];
    });
    return this.#escaped("map", flat);
  }

  #set(set: Set<unknown>): unknown {
    if (Reflect.ownKeys(set).length > 0) throw new NotPortable("a Set with properties");
    return this.#escaped(
      "set",
      Array.from(set, (value, index) => this.#at(index, () => value)),
    );
  }

  #view(view: ArrayBufferView, prototype: unknown): unknown {
    this.isPlain = false;
    if (prototype === Buffer.prototype) return view;
    if (prototype === Uint8Array.prototype) return this.#escaped("bytes", [view]);
    if (dtypeOf(view) !== undefined) return this.#escaped("typed", [view]);
    throw new NotPortable(typeNameOf(view));
  }

  #at(key: unknown, read: () => unknown): unknown {
    this.#place.push(key);
    const copy = this.of(read());
    this.#place.pop();
    return copy;
  }

  #escaped(what: Escape, parts: readonly unknown[]): Tuple {
    this.isPlain = false;
    return tupleOf([what, ...parts]);
  }
}
