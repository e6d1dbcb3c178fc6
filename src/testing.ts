import { InlineDriver } from "./engines/inline/inline-driver.js";
import { type InlineOptions, inlineOptions } from "./engines/inline/options.js";
import { parseOptions } from "./options/parse.js";
import { Engine } from "./session/engine.js";
import { engineOptions } from "./session/engine-options.js";
import { Emitter } from "./telemetry/emitter.js";
import { ENGINE_EVENTS, type EngineEvents } from "./telemetry/events.js";
import { Telemetry } from "./telemetry/telemetry.js";

/**
 * An engine for tests: its sessions call TypeScript functions where others call Python. No Python, no processes; the same pipes.
 *
 * @throws OptionsError.
 *
 * @example
 * await using engine = inline({ modules: { scorer: { predict: (payloads) => payloads.map(() => 0.5) } } });
 */
export function inline(options: InlineOptions): Engine {
  const { views, ...fakes } = parseOptions("inline()", inlineOptions, options);
  const driver = new InlineDriver(fakes);
  const events = new Emitter<EngineEvents>(ENGINE_EVENTS, new Telemetry());
  return new Engine({ ...parseOptions("inline()", engineOptions, { views }), driver, events });
}

export {
  type CrashOptions,
  crash,
  type Fault,
  type FaultFunction,
  type FaultRequest,
  hang,
  raise,
  shortResult,
} from "./engines/inline/faults.js";
export type { InlineFunction, InlineModule, InlineOptions, InlinePython } from "./engines/inline/options.js";
export {
  type ConformanceCase,
  type ConformanceOptions,
  type ConformanceResult,
  tableConformance,
} from "./testing/conformance/conformance.js";
export { openLocally } from "./testing/conformance/local.js";
export type {
  Capability,
  TriedDraft,
  TriedFresh,
  TriedStore,
  WantedTable,
  WantedTables,
} from "./testing/conformance/tried.js";
export { type FakeClock, fakeClock } from "./testing/fake-clock.js";
export { type FaultTestReport, faultTest, type TestedPipe } from "./testing/fault-test.js";
export { FaultTestError, type ScenarioReport } from "./testing/fault-test-error.js";
export type { FaultTestOptions } from "./testing/options.js";
export { type EventRecorder, type RecordedEvent, recordEvents } from "./testing/record-events.js";
export type { ScenarioName } from "./testing/scenarios/all.js";
