/*
 * V8 gives each signal a hidden class of its own in Node 20. Code that reads one for each batch is therefore compiled anew for the signals of each run, unless
 * it does so by these functions: they have soon seen so many that they are compiled for all.
 */

export function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** @throws the reason of a signal that is aborted. */
export function throwIfAborted(signal: AbortSignal): void {
  if (isAborted(signal)) throw signal.reason;
}

/** Calls `listener` when a signal is aborted, until {@link unlisten}. */
export function listen(signal: AbortSignal | undefined, listener: () => void): void {
  signal?.addEventListener("abort", listener);
}

export function unlisten(signal: AbortSignal | undefined, listener: () => void): void {
  signal?.removeEventListener("abort", listener);
}

/** Waits for `promise`, but not longer than until `signal` is aborted: then it throws the signal's reason, and nobody waits for the rest. */
export function untilStopped<T>(promise: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  if (isAborted(signal)) {
    // What is not waited for must not end as an unhandled rejection.
    Promise.resolve(promise).catch(() => {});
    return Promise.reject(signal.reason);
  }
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      unlisten(signal, onAbort);
      reject(signal.reason);
    };
    listen(signal, onAbort);
    promise.then(
      (value) => {
        unlisten(signal, onAbort);
        resolve(value);
      },
      (error) => {
        unlisten(signal, onAbort);
        reject(error);
      },
    );
  });
}
