/** A promise that the test settles, when it wants to. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>;
  resolve(value: Value): void;
  reject(error: unknown): void;
}

export function deferred<Value = void>(): Deferred<Value> {
  let resolve!: (value: Value) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<Value>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** Comes back when everything that could go on without something from outside has gone on: code under test has no timers and no I/O. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Waits for so many turns of the microtask queue: work that takes a while, without a clock. */
export async function hops(count: number): Promise<void> {
  for (let hop = 0; hop < count; hop++) await undefined;
}
