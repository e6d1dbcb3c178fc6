import { expect } from "vitest";

/** The error that a promise rejects with, which must be of this class. */
export async function rejection<E extends Error>(
  promise: Promise<unknown>,
  Class: abstract new (...args: never[]) => E,
): Promise<E> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!("error" in outcome)) {
    throw new Error(`expected a ${Class.name}, got the result ${JSON.stringify(outcome.value)}`);
  }
  expect(outcome.error).toBeInstanceOf(Class);
  return outcome.error as E;
}

/** The error that a function throws, which must be of this class. */
export function thrown<E extends Error>(work: () => unknown, Class: abstract new (...args: never[]) => E): E {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(Class);
    return error as E;
  }
  throw new Error(`expected a ${Class.name}, got no error`);
}
