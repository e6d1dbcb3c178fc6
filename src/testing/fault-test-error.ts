import { SlitherError } from "../errors/slither-error.js";
import type { ScenarioName } from "./scenarios/all.js";

/** What came of one scenario. */
export interface ScenarioReport {
  readonly name: ScenarioName;
  readonly passed: boolean;
  /** What is wrong, in sentences; empty when it passed. */
  readonly differences: readonly string[];
  /** Why there was nothing to try; undefined when it was tried. */
  readonly skipped?: string | undefined;
}

/** A pipe did not come through `faultTest()`: the message lists what differs from its clean run. */
export class FaultTestError extends SlitherError {
  readonly code = "SLITHER_FAULT_TEST";
  /** Give it to `faultTest()` for the same choices. */
  readonly seed: number;
  /** All scenarios that were tried; empty when two runs without any fault differ. */
  readonly scenarios: readonly ScenarioReport[];

  constructor(message: string, seed: number, scenarios: readonly ScenarioReport[]) {
    super(message);
    this.seed = seed;
    this.scenarios = scenarios;
  }

  /** Scenarios failed. */
  static ofScenarios(pipe: string, seed: number, scenarios: readonly ScenarioReport[]): FaultTestError {
    const failed = scenarios.filter(({ passed }) => !passed);
    const parts = failed.map(({ name, differences }) => {
      const only = `{ …, seed: ${seed}, scenarios: [${JSON.stringify(name)}] }`;
      return `${name} (alone: ${only}):\n${listed(differences)}`;
    });
    const head = `faultTest() of pipe ${pipe}, seed ${seed}: ${failed.length} of ${scenarios.length} scenarios failed`;
    return new FaultTestError(`${head}\n${parts.join("\n")}`, seed, scenarios);
  }

  /** It does not even come to comparing. */
  static ofCleanRun(
    pipe: string,
    seed: number,
    what: string,
    differences: readonly string[],
  ): FaultTestError {
    return new FaultTestError(
      `faultTest() of pipe ${pipe}, seed ${seed}: ${what}\n${listed(differences)}`,
      seed,
      [],
    );
  }
}

function listed(sentences: readonly string[]): string {
  return sentences.map((sentence) => `  - ${sentence}`).join("\n");
}
