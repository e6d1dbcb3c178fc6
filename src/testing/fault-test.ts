import { randomInt } from "node:crypto";
import type { z } from "zod";
import { OptionsError } from "../errors/options.js";
import { parseOptions, show } from "../options/parse.js";
import { isIterable, Pipe } from "../pipe/pipe.js";
import type { RunArguments, TypedPipe } from "../pipe/typed-pipe.js";
import type { PipePlan } from "../plan/plan.js";
import { Session } from "../session/session.js";
import type { ItemId } from "../stage/item.js";
import { compare } from "./compare.js";
import { shown, shownError } from "./describe.js";
import { Dice } from "./dice.js";
import { FaultTestError, type ScenarioReport } from "./fault-test-error.js";
import { NONE } from "./leeway.js";
import { type FaultTestOptions, faultTestOptions } from "./options.js";
import { SCENARIOS, type ScenarioName } from "./scenarios/all.js";
import type { Scenario, Stand } from "./scenarios/scenario.js";
import { type Bench, type Observation, runTrial } from "./trial.js";

/** What came of `faultTest()` when everything passed. */
export interface FaultTestReport {
  readonly passed: true;
  readonly seed: number;
  readonly scenarios: readonly ScenarioReport[];
}

/** A pipe over records of type `In`, whose runs need such metadata, with whatever else. */
export type TestedPipe<In, Metadata = object> = TypedPipe<In, unknown, unknown, Metadata, unknown>;

const WHERE = "faultTest()";

/**
 * Runs your pipe under faults, and compares what comes out with a run without any: the same records, in the same order where the pipe keeps it, each in exactly one place,
 * but for what the pipe's own policies say. Waits before retries take no time.
 *
 * @param pipe the pipe, or, where its stores must be fresh for each run, what makes it.
 * @param input records, or what gives them; read anew for each run.
 * @throws FaultTestError when a scenario fails, or the pipe does not come to the same twice without any fault; OptionsError; what `session` throws.
 *
 * @example
 * await faultTest(scoring, people, { session: () => engine.session({ setup: loadModel }) });
 */
export async function faultTest<In, Metadata extends object = object>(
  pipe: TestedPipe<In, Metadata> | (() => TestedPipe<In, Metadata>),
  input: readonly In[] | (() => Iterable<In> | AsyncIterable<In>),
  ...[options = {}]: RunArguments<Metadata, FaultTestOptions<Metadata>>
): Promise<FaultTestReport> {
  const parsed = parseOptions(WHERE, faultTestOptions, options);
  const seed = parsed.seed ?? randomInt(2 ** 31);
  const bench = benchOf(pipe, input, parsed);
  const plan = bench.plan();
  checkNeeds(plan, parsed);
  const clean = await cleanRun(bench, plan, seed);
  const scenarios: ScenarioReport[] = [];
  for (const name of new Set(parsed.scenarios))
    scenarios.push(await reportOf(name, { bench, plan, clean, dice: new Dice(seed, name) }));
  if (scenarios.some(({ passed }) => !passed)) throw FaultTestError.ofScenarios(plan.name, seed, scenarios);
  return { passed: true, seed, scenarios };
}

async function reportOf(name: ScenarioName, stand: Stand): Promise<ScenarioReport> {
  const scenario: Scenario = SCENARIOS[name];
  const skipped = await scenario.skips?.(stand);
  if (skipped !== undefined) return { name, passed: true, differences: [], skipped };
  const differences = await scenario.run(stand);
  return { name, passed: differences.length === 0, differences };
}

/** @throws FaultTestError when it does not complete, or comes to something else the second time; OptionsError when ids are not unique. */
async function cleanRun(bench: Bench, plan: PipePlan, seed: number): Promise<Observation> {
  const clean = await runTrial(bench);
  const { summary, thrown } = clean;
  if (summary?.status !== "completed" || thrown !== undefined) {
    const why =
      summary === undefined ? "it did not end in time" : `it ${summary.status}: ${shownError(thrown)}`;
    const what =
      "expected an input that the pipe completes when nothing goes wrong, got one that it does not";
    throw FaultTestError.ofCleanRun(plan.name, seed, what, [why]);
  }
  checkIds(clean);
  const differences = compare(clean, await runTrial(bench), NONE);
  if (differences.length === 0) return clean;
  const what =
    "expected two runs without any fault to come to the same, got two that differ; the pipe is not deterministic, changes its input records, or keeps something in a store (give faultTest a function that makes the pipe)";
  throw FaultTestError.ofCleanRun(plan.name, seed, what, differences);
}

/** What came of a record is found by its id. */
function checkIds({ ids }: Observation): void {
  const positions = new Map<ItemId, number>();
  for (const [position, id] of ids.entries()) {
    const before = positions.get(id);
    if (before !== undefined) {
      throw new OptionsError(WHERE, [
        `expected the pipe's \`id\` to give unique ids for this input, by which records are compared, got ${shown(id)} twice, for records ${before} and ${position}`,
      ]);
    }
    positions.set(id, position);
  }
}

function benchOf<In, Metadata>(
  pipe: TestedPipe<In, Metadata> | (() => TestedPipe<In, Metadata>),
  input: readonly In[] | (() => Iterable<In> | AsyncIterable<In>),
  options: z.output<typeof faultTestOptions>,
): Bench {
  if (!Array.isArray(input) && typeof input !== "function")
    throw new OptionsError(WHERE, [
      `expected the input to be an array, or a function that gives an iterable, got ${show(input)}`,
    ]);
  return {
    plan: () => planOf(typeof pipe === "function" ? pipe() : pipe),
    input: typeof input === "function" ? () => recordsOf(input()) : () => input,
    session: async () => options.session && sessionOf(await options.session()),
    replicas: options.replicas,
    metadata: options.metadata,
    timeoutMs: options.timeout,
  };
}

function recordsOf<In>(input: Iterable<In> | AsyncIterable<In>): Iterable<In> | AsyncIterable<In> {
  if (isIterable(input)) return input;
  throw new OptionsError(WHERE, [
    `expected the input to give an iterable or async iterable, got ${show(input)}`,
  ]);
}

function planOf(pipe: unknown): PipePlan {
  if (pipe instanceof Pipe) return pipe.plan;
  throw new OptionsError(WHERE, [`expected a pipe, or a function that makes one, got ${show(pipe)}`]);
}

function sessionOf(session: unknown): Session {
  if (session instanceof Session) return session;
  throw new OptionsError(WHERE, [`expected \`session\` to give a session, got ${show(session)}`]);
}

function checkNeeds(plan: PipePlan, { session }: { session?: unknown }): void {
  const python = plan.stages.find((stage) => stage.kind === "python");
  if (python === undefined || session !== undefined) return;
  throw new OptionsError(WHERE, [
    `expected \`session\` to be a function that opens a session, which stage ${python.name} needs, got \`undefined\``,
  ]);
}
