import { z } from "zod";

/** The kinds of field that option tables are made of; `error` is what the message says was expected. */

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The most that a Node timer counts to (24.8 days); more would make it fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Milliseconds, or a number with a unit: `"200ms"`, `"5s"`, `"10m"`, `"1h"`, `"1d"`. */
export type Duration = number | `${number}${keyof typeof UNITS}`;

const DURATION = 'a duration: milliseconds above 0, or text such as "200ms", "5s" or "1h"';

/** A {@link Duration}, parsed to milliseconds. */
export const duration = z
  .custom<Duration>((value) => toMilliseconds(value) !== undefined, DURATION)
  .transform((value) => toMilliseconds(value) as number);

function toMilliseconds(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value > 0 ? value : undefined;
  const match = typeof value === "string" ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) : null;
  const milliseconds = match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : 0;
  return milliseconds > 0 ? milliseconds : undefined;
}

const SIZES = { KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 } as const;

/** Bytes, or a number with a unit: `"64KB"`, `"512MB"`, `"2GB"` (powers of 1,024). */
export type Size = number | `${number}${keyof typeof SIZES}`;

/** A {@link Size}, parsed to bytes. */
export const size = z
  .custom<Size>(
    (value) => toBytes(value) !== undefined,
    'a size: bytes above 0, or text such as "512MB" or "2GB"',
  )
  .transform((value) => toBytes(value) as number);

function toBytes(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value > 0 ? value : undefined;
  const match = typeof value === "string" ? /^(\d+(?:\.\d+)?)(KB|MB|GB)$/.exec(value) : null;
  const bytes = match ? Number(match[1]) * SIZES[match[2] as keyof typeof SIZES] : 0;
  return bytes > 0 ? bytes : undefined;
}

export const text = (expected: string): z.ZodString =>
  z.string({ error: expected }).min(1, { error: expected });

export const positiveInteger = z
  .int({ error: "a positive integer" })
  .positive({ error: "a positive integer" });

/** A function; what it takes and gives is for the compiler to check. */
export const callback = <F extends (...args: never[]) => unknown>(expected: string): z.ZodType<F, F> =>
  z.custom<F>((value) => typeof value === "function", expected);

export const instance = <T>(Class: abstract new (...args: never[]) => T, expected: string): z.ZodType<T, T> =>
  z.custom<T>((value) => value instanceof Class, expected);

export const abortSignal = instance(AbortSignal, "an AbortSignal");

export const plainObject = <T extends object>(expected: string): z.ZodType<T, T> =>
  z.custom<T>(isPlainObject, expected);

function isPlainObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // The second: a plain object of another realm.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
