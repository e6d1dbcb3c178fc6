/** `1 session`, `2 sessions` */
export function count(amount: number, thing: string): string {
  return `${amount} ${thing}${amount === 1 ? "" : "s"}`;
}

/** `512 KB`, `4.1 MB`, `23.5 GB` (powers of 1,024). */
export function size(bytes: number): string {
  if (bytes < 2 ** 20) return `${Math.round(bytes / 2 ** 10)} KB`;
  if (bytes < 2 ** 30) return `${short(bytes / 2 ** 20)} MB`;
  return `${short(bytes / 2 ** 30)} GB`;
}

/** `6.2 ms`, `640 ms`, `1.2 s` */
export function time(milliseconds: number): string {
  return milliseconds < 1000 ? `${short(milliseconds)} ms` : `${short(milliseconds / 1000)} s`;
}

/** At most one decimal, and none where it says nothing. */
export function short(value: number): string {
  return value < 100 ? String(Math.round(value * 10) / 10) : String(Math.round(value));
}

/** An upper bound such as those of `ulimit`; null is none. */
export function limit(value: number | null): string {
  return value === null ? "unlimited" : String(value);
}
