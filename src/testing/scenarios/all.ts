import { abortedRun } from "./aborted-run.js";
import { consumerLeaves } from "./consumer-leaves.js";
import { duplicateDelivery } from "./duplicate-delivery.js";
import { hungWorker } from "./hung-worker.js";
import { killedWorker } from "./killed-worker.js";
import { poisonedRecord } from "./poisoned-record.js";
import type { Scenario } from "./scenario.js";
import { shortResult } from "./short-result.js";
import { slowConsumer } from "./slow-consumer.js";
import { throwingInput } from "./throwing-input.js";

/** What `faultTest()` tries, by name, in this order. */
export const SCENARIOS = {
  "killed worker": killedWorker,
  "hung worker": hungWorker,
  "poisoned record": poisonedRecord,
  "short result": shortResult,
  "slow consumer": slowConsumer,
  "consumer leaves": consumerLeaves,
  "duplicate delivery": duplicateDelivery,
  "throwing input": throwingInput,
  "aborted run": abortedRun,
} as const satisfies Readonly<Record<string, Scenario>>;

export type ScenarioName = keyof typeof SCENARIOS;

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as ScenarioName[];
