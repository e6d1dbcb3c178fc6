// The result of the demo: as one object for programs, as tables for people; and what must be true of it.
import Table from "cli-table3";
import { createColors } from "picocolors";
import type { Isolation, SessionStats } from "./isolation.js";
import type { Poison } from "./poison.js";
import type { Recovery } from "./recovery.js";
import type { ScoredSession, Synthetic } from "./synthetic.js";
import type { TumourResult } from "./tumours.js";

/** What is known of a scored session after everything was asked. */
export interface Checked {
  readonly scored: ScoredSession;
  readonly stats: SessionStats;
  readonly matchesReference: boolean;
}

export type Report = ReturnType<typeof makeReport>;

export function makeReport(
  sessions: readonly Checked[],
  isolation: Isolation,
  recovery: Recovery,
  poison: Poison,
  real: TumourResult,
  elapsedMs: number,
) {
  return {
    sessions: sessions.map(({ scored, stats, matchesReference }) => {
      const { session, model, first, second } = scored;
      const { in: taken, out, rejected, filtered, unfinished, balanced, routes } = first.ledger;
      return {
        id: session.id,
        pid: session.pid,
        model: {
          id: model.id,
          accuracy: model.accuracy,
          classes: model.classes,
          nFeatures: model.n_features,
          nSamples: model.n_samples,
        },
        outputs: {
          high_confidence: routes.high_confidence ?? 0,
          default: routes.default ?? 0,
          low_confidence: routes.low_confidence ?? 0,
        },
        rejected: first.rejected,
        predictionCount: first.items.length,
        modelsStored: stats.models.length,
        matchesReference,
        cache: { hitsFirstRun: first.cacheHits, hitsSecondRun: second.cacheHits },
        ledger: { in: taken, out, rejected, filtered, unfinished, balanced },
        recordsPerSecond: Math.round(first.recordsPerSecond),
      };
    }),
    isolation,
    recovery,
    poison,
    real,
    elapsedMs: Math.round(elapsedMs),
  };
}

/** Every proof, in words, and whether it holds. */
export function proofs(report: Report, synthetic: Synthetic): [statement: string, holds: boolean][] {
  const { sessions, isolation, recovery, poison } = report;
  const records = synthetic.records.length;
  const runs = synthetic.sessions.flatMap(({ first, second }) => [first, second]);
  const every = (holds: (session: Report["sessions"][number]) => boolean): boolean => sessions.every(holds);
  return [
    [
      "two processes, each with exactly one model",
      isolation.separateProcesses && every((each) => each.modelsStored === 1),
    ],
    ["asking a session for the other's model is refused, by name", isolation.foreignModelRefused],
    ["the same key of the same module global holds two different models", isolation.sameKeyIsolated],
    ["a ref to A's model works in A and is refused in B", isolation.foreignRefRefused],
    ["the two models disagree, so a mix-up would be seen", isolation.divergentPredictions > 0],
    ["every prediction equals scikit-learn run directly", every((each) => each.matchesReference)],
    [
      `${records} of ${records} records predicted in each run, none rejected`,
      runs.every((run) => run.items.length === records && run.rejected === 0),
    ],
    [
      "the ledgers of all four runs balance, nothing unfinished",
      runs.every(({ ledger }) => ledger.balanced && ledger.unfinished === 0),
    ],
    [
      `the cache served ${synthetic.cached.size} vectors in the first run, all in the second`,
      every(({ cache }) => cache.hitsFirstRun === synthetic.cached.size && cache.hitsSecondRun === records),
    ],
    [
      `killed after ${recovery.killedAfter} of ${records} records, session A went on in another process, and every output is the same`,
      recovery.newPid !== recovery.killedPid && recovery.sameOutputs && recovery.balanced,
    ],
    [
      `of ${poison.records} records exactly the ${poison.rejected.length} bad ones were rejected (${poison.rejected.map(({ cause }) => cause).join(", ")}), and every other output is the same`,
      poison.exactlyTheBadOnes && poison.sameOutputs && poison.balanced,
    ],
    [
      "every tumour was scored, and more than nine in ten rightly",
      report.real.sessions.every((each) => each.rejected === 0 && each.accuracy > 0.9),
    ],
  ];
}

export function printReport(report: Report, checks: readonly [string, boolean][]): void {
  const colors = createColors(process.stdout.isTTY === true);
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  const percent = (share: number | null): string => (share === null ? "-" : `${(100 * share).toFixed(1)} %`);

  print(colors.bold("\nThe same records through two models in two sessions"));
  const scores = table([
    "session",
    "pid",
    "model",
    "accuracy",
    "high",
    "default",
    "low",
    "rejected",
    "cached 1st/2nd",
    "records/s",
  ]);
  for (const { id, pid, model, outputs, rejected, cache, recordsPerSecond } of report.sessions) {
    const { high_confidence: high, default: middle, low_confidence: low } = outputs;
    const cached = `${cache.hitsFirstRun}/${cache.hitsSecondRun}`;
    scores.push([
      id,
      String(pid),
      model.id,
      percent(model.accuracy),
      high,
      middle,
      low,
      rejected,
      cached,
      recordsPerSecond,
    ]);
  }
  print(scores.toString());

  print(colors.bold(`\nReal records: ${report.real.records} tumours, how often the model was right`));
  const tumours = table(["session", "measurements", "all", "high confidence", "default", "low confidence"]);
  for (const { id, measurements, accuracy, routes } of report.real.sessions) {
    const cell = (name: keyof typeof routes): string =>
      `${percent(routes[name].accuracy)} of ${routes[name].records}`;
    tumours.push([
      id,
      measurements,
      percent(accuracy),
      cell("high_confidence"),
      cell("default"),
      cell("low_confidence"),
    ]);
  }
  print(tumours.toString());

  print(colors.bold("\nProved, not promised"));
  for (const [statement, holds] of checks)
    print(`  ${holds ? colors.green("yes") : colors.red("NO ")}  ${statement}`);
  print(
    `\nThe models disagree on ${report.isolation.divergentPredictions} records. Session A was back ${report.recovery.recoveryMs} ms after its process was killed. Done in ${(report.elapsedMs / 1_000).toFixed(1)} s.`,
  );
}

function table(head: string[]): InstanceType<typeof Table> {
  return new Table({ head, style: { head: [], border: [], compact: true } });
}
