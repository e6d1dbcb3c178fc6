import { attributes, errorType } from "./attributes.js";
import type { EngineEvents, RunEvents } from "./events.js";
import { currentInstruments, type Instruments } from "./instruments.js";

type Measure = {
  readonly [Name in keyof EngineEvents]?: (instruments: Instruments, event: EngineEvents[Name]) => void;
};

const MEASURE: Measure = {
  // That instruments were asked for is enough: the observed ones are there from now on.
  "run-start": () => {},
  "run-stop": (instruments, event) => runEnded(instruments, event, {}),
  "run-failure": (instruments, event) => runEnded(instruments, event, { error: errorType(event.error) }),
  "batch-stop": (instruments, event) => {
    batchEnded(instruments, event, {});
    const { pipe, steps } = event;
    for (const { stage, beganMs, endedMs } of steps)
      instruments.batchCompute.record((endedMs - beganMs) / 1_000, attributes({ pipe, stage }));
  },
  "batch-failure": (instruments, event) => batchEnded(instruments, event, { error: errorType(event.error) }),
  "session-start": ({ sessionStart }, { durationMs }) => sessionStart.record(durationMs / 1_000),
  "session-failure": ({ sessionFailures }, { error }) =>
    sessionFailures.add(1, attributes({ error: errorType(error) })),
  "session-recovery": ({ recoveries, lostCalls }, { from, lostCount, error }) => {
    recoveries.add(1, attributes({ from, error: errorType(error) }));
    lostCalls.add(lostCount);
  },
  "session-recycle": ({ recycles }, { from }) => recycles.add(1, attributes({ from })),
  "session-checkpoint": ({ checkpointDuration }, { durationMs, automatic }) =>
    checkpointDuration.record(durationMs / 1_000, attributes({ automatic })),
};

/** Measures what metrics are made of. */
export function measureEvent<Name extends keyof EngineEvents>(name: Name, event: EngineEvents[Name]): void {
  const measure = MEASURE[name] as
    | ((instruments: Instruments, event: EngineEvents[Name]) => void)
    | undefined;
  if (measure === undefined) return;
  const instruments = currentInstruments();
  if (instruments !== undefined) measure(instruments, event);
}

function runEnded(
  { runs, runDuration }: Instruments,
  { pipe, status, durationMs }: RunEvents["run-stop"],
  failure: { readonly error?: string },
): void {
  const about = attributes({ pipe, status, ...failure });
  runs.add(1, about);
  runDuration.record(durationMs / 1_000, about);
}

function batchEnded(
  { batchDuration, batchSize }: Instruments,
  { pipe, stage, size, durationMs }: Omit<RunEvents["batch-failure"], "error">,
  failure: { readonly error?: string },
): void {
  batchDuration.record(durationMs / 1_000, attributes({ pipe, stage, ...failure }));
  batchSize.record(size, attributes({ pipe, stage }));
}
