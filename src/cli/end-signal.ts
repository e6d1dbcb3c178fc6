const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Aborts when this process is asked to end, so that children end and half-made things are removed first. */
export function endSignal(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const end = (name: NodeJS.Signals) => controller.abort(new Error(`ended by ${name}`));
  for (const name of SIGNALS) process.once(name, end);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of SIGNALS) process.off(name, end);
    },
  };
}
