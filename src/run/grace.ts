import { isAborted, listen, unlisten } from "../stopping.js";

/** How long a run that was aborted or left waits for its dead-letter sink, and then for its live source. */
const GRACE_MS = 1_000;

/**
 * Does work that must not keep a run from ending which nobody waits for any more.
 *
 * @param unwanted aborted when nobody waits for the run, which may be before the work begins, while it is done, or never.
 * @param work gets a signal that is aborted one second after both.
 */
export async function withGrace(
  unwanted: AbortSignal,
  work: (tooLate: AbortSignal) => Promise<void>,
): Promise<void> {
  const tooLate = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    timer ??= setTimeout(() => tooLate.abort(), GRACE_MS);
  };
  if (isAborted(unwanted)) begin();
  else listen(unwanted, begin);
  try {
    await work(tooLate.signal);
  } finally {
    unlisten(unwanted, begin);
    clearTimeout(timer);
  }
}
