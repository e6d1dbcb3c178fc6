import { type ColdFacts, type MeasureOptions, measureCold } from "./cold.js";
import { type ForkFacts, measureForks } from "./forks.js";

/** What starting workers showed. */
export interface Measured {
  /** The modules that were to be imported. */
  readonly preload: readonly string[];
  /** Null when no worker starts. */
  readonly cold: ColdFacts | null;
  /** With those modules that can be imported; null where sessions cannot be forked at all. */
  readonly forks: ForkFacts | null;
  /** Why no worker starts, or no forkserver although the modules can be imported; null when all went well. */
  readonly trouble: string | null;
}

/** Starts workers as an engine would: forked where that can be, and cold beside it. */
export async function measure(
  options: MeasureOptions,
  preload: readonly string[],
  platform: NodeJS.Platform,
): Promise<Measured> {
  const canFork = platform === "linux";
  // The forkserver first: the cold start that it is compared with finds the files of the libraries read already.
  const first = canFork ? await attempt(() => measureForks(options, preload)) : undefined;
  const cold = await attempt(() => measureCold(options, preload));
  if (cold.facts === null) return { preload, cold: null, forks: null, trouble: cold.trouble };
  if (first === undefined || first.facts !== null)
    return { preload, cold: cold.facts, forks: first?.facts ?? null, trouble: null };
  const good = cold.facts.imports.filter(({ trouble }) => trouble === null).map(({ module }) => module);
  const again = good.length < preload.length ? await attempt(() => measureForks(options, good)) : first;
  return { preload, cold: cold.facts, forks: again.facts, trouble: again.trouble };
}

async function attempt<Facts>(
  work: () => Promise<Facts>,
): Promise<{ facts: Facts; trouble: null } | { facts: null; trouble: string }> {
  try {
    return { facts: await work(), trouble: null };
  } catch (error) {
    // The session that is only measured is none that anybody knows.
    return { facts: null, trouble: (error as Error).message.replace(/^session \S+: /, "") };
  }
}
