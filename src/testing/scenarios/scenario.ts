import { isDeepStrictEqual } from "node:util";
import type { PipePlan } from "../../plan/plan.js";
import type { PythonStage } from "../../stage/python-stage.js";
import type { Interfere, LoggedBatch } from "../batch-log.js";
import type { Dice } from "../dice.js";
import type { SentBatch } from "../sent-batch.js";
import type { Bench, Observation } from "../trial.js";

/** One way in which a run is disturbed, and what must come of it. */
export interface Scenario {
  /** Why there is nothing to try with this pipe and input; undefined when there is. */
  skips?(stand: Stand): string | undefined | Promise<string | undefined>;
  /** Runs the pipe under the fault; gives back what is wrong with what came of it, in sentences. */
  run(stand: Stand): Promise<string[]>;
}

/** What a scenario works with. */
export interface Stand {
  readonly bench: Bench;
  readonly plan: PipePlan;
  /** What comes of the pipe when nothing goes wrong. */
  readonly clean: Observation;
  readonly dice: Dice;
}

export function pythonStages({ plan }: Pick<Stand, "plan">): PythonStage[] {
  return plan.stages.filter((stage) => stage.kind === "python");
}

/** A batch for a fault to hit, with its stage. */
export interface Target {
  readonly stage: PythonStage;
  readonly payloads: readonly unknown[];
}

/** Batches of the clean run that a fault can hit: those that succeeded. */
export function targets(
  stand: Pick<Stand, "plan" | "clean">,
  isWanted: (stage: PythonStage) => boolean = () => true,
): Target[] {
  const stages = pythonStages(stand).filter(isWanted);
  return stand.clean.batches.filter(isUsable).flatMap(({ stage: name, payloads }) => {
    const stage = stages.find((each) => each.name === name);
    return stage === undefined ? [] : [{ stage, payloads }];
  });
}

function isUsable({ succeeded, payloads }: LoggedBatch): boolean {
  return succeeded && payloads.length > 0;
}

export function skipsWithoutBatches(stand: Stand): string | undefined {
  if (pythonStages(stand).length === 0) return "the pipe has no python stage";
  return targets(stand).length === 0 ? "no batch of the clean run succeeded" : undefined;
}

/** Also where a session that dies does not come back, which would say nothing about the pipe. */
export function skipsWithoutReturn(stand: Stand): string | undefined {
  const reason = skipsWithoutBatches(stand);
  if (reason !== undefined || stand.clean.comesBack) return reason;
  return "its session does not come back when it dies: it has neither a checkpoint nor a `setup`";
}

/** Interference with one batch, the first time that it is sent. Where batches are not the same each time, with the one that has the target's first record. */
export class Strike {
  readonly #target: Target;
  readonly #strike: Interfere;
  readonly #batchesDiffer: boolean;
  #struck: readonly unknown[] | undefined;

  constructor(target: Target, { clean }: Pick<Stand, "clean">, strike: Interfere) {
    this.#target = target;
    this.#strike = strike;
    this.#batchesDiffer = !clean.inOrder;
  }

  readonly interfere: Interfere = (batch) => {
    if (this.#struck !== undefined || !this.#isTarget(batch)) return batch.send();
    this.#struck = [...batch.payloads];
    return this.#strike(batch);
  };

  /** What was in the batch that was interfered with; before that, in the one that is to be. */
  get payloads(): readonly unknown[] {
    return this.#struck ?? this.#target.payloads;
  }

  /** What is wrong when it had no chance: the run did not send what the clean run had sent. */
  get differences(): string[] {
    if (this.#struck !== undefined) return [];
    const { stage, payloads } = this.#target;
    return [
      `expected the run to send the batch of ${payloads.length} to stage ${stage.name} that the clean run had sent, got none like it`,
    ];
  }

  #isTarget(batch: SentBatch): boolean {
    const { stage, payloads } = this.#target;
    if (batch.stage !== stage.name) return false;
    if (this.#batchesDiffer) return batch.payloads.some(among(payloads.slice(0, 1)));
    return isDeepStrictEqual(batch.payloads, payloads);
  }
}

/** Whether a payload is one of these. */
export function among(payloads: readonly unknown[]): (payload: unknown) => boolean {
  return (payload) => payloads.some((each) => isDeepStrictEqual(each, payload));
}

/** What Python is sent of a record with the payload that a stage was given; nothing when that does not fit its schema. */
export async function sentAs(stage: PythonStage, payload: unknown): Promise<unknown[]> {
  if (stage.input === undefined) return [payload];
  try {
    const made = await stage.input["~standard"].validate(payload);
    return made.issues === undefined ? [made.value] : [];
  } catch {
    return [];
  }
}

/** Whether a record, with the payload that a stage was given, is one that Python was sent as one of these. */
export function sentAmong(
  stage: PythonStage,
  payloads: readonly unknown[],
): (stage: string, payload: unknown) => boolean {
  const isOne = among(payloads);
  return (name, payload) => {
    if (name !== stage.name) return false;
    if (stage.input === undefined) return isOne(payload);
    const made = stage.input["~standard"].validate(payload);
    // What an asynchronous schema makes of it cannot be known here.
    if (made instanceof Promise) return true;
    return made.issues === undefined && isOne(made.value);
  };
}
