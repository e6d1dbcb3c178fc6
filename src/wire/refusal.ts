/** How a refused value is named: its type, its place, and what the caller can send instead. */

/** The name that a JavaScript programmer knows the type by: `undefined`, `function`, `Date`, `Set`, a class's name. */
export function typeNameOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  const maker: unknown = Object.getPrototypeOf(value)?.constructor;
  return typeof maker === "function" && maker.name !== "" ? maker.name : "Object";
}

/** `.name`, `["two words"]` or `[3]`. */
export function segment(key: unknown): string {
  if (typeof key === "string" && /^[A-Za-z_$][\w$]*$/.test(key)) return `.${key}`;
  return `[${typeof key === "string" ? JSON.stringify(key) : String(key)}]`;
}

const HINTS = new Map<string, string>([
  ["undefined", "use null, or leave the key out"],
  ["function", "make it a view(), which Python may ask by its name"],
  ["symbol", "use a string"],
  ["Date", "use date.toISOString() or date.getTime()"],
  ["Set", "use [...set]"],
  ["RegExp", "use regexp.source"],
  ["URL", "use url.href"],
  ["Error", "use error.message"],
  ["Promise", "await it first"],
  ["ArrayBuffer", "use new Uint8Array(buffer) for bytes"],
  ["SharedArrayBuffer", "use new Uint8Array(buffer) for bytes"],
  ["Reject", "it may only stand in place of the result of a record"],
  ["DataView", "use a Uint8Array for bytes"],
  ["Uint8ClampedArray", "use a Uint8Array for bytes, or an NdArray"],
]);

/** What to send instead, where there is an obvious answer; else the empty string. */
export function hintFor(value: unknown): string {
  const name = typeNameOf(value);
  if (HINTS.has(name)) return HINTS.get(name) as string;
  if (value instanceof Error) return HINTS.get("Error") as string;
  return typeof value === "object" ? "use a plain object with the fields that Python needs" : "";
}
