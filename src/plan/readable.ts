import { inspect } from "node:util";

/** What reads well when it is printed, and is plain data besides: JSON, and whoever goes through its fields, sees nothing of that. */
export type Readable<Data extends object> = Data & { toString(): string };

/** Gives data the text that `String()` and `console.log()` show of it. */
export function readable<Data extends object>(data: Data, textOf: (data: Data) => string): Readable<Data> {
  const text = { value: () => textOf(data) };
  return Object.defineProperties(data, { toString: text, [inspect.custom]: text });
}
