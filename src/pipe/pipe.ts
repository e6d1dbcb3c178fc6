import { OptionsError } from "../errors/options.js";
import { parseOptions, show, unknownName } from "../options/parse.js";
import type { NodeContext, NodeStage } from "../stage/node.js";
import { type ErrorPolicy, Retry, type RouteOfPolicy } from "../stage/policy.js";
import type { PayloadOf, RouteOf } from "../stage/results.js";
import type { RouteStage } from "../stage/route.js";
import {
  type NodeStageOptions,
  nodeStageArguments,
  nodeStageOptions,
  onErrorArguments,
  type PipeOptions,
  type PythonStageOptions,
  pipeOptions,
  pythonStageArguments,
  pythonStageOptions,
  type ReplayOptions,
  type RunOptions,
  replayOptions,
  routeStageArguments,
  runOptions,
  useArguments,
} from "./options.js";
import type { PipePlan, StagePlan } from "./plan.js";
import { replayed } from "./replay.js";
import { Run } from "./run.js";
import { newItems } from "./source.js";

type AnyRecord = Record<string, unknown>;

/** What a pipe has before `use()`: no stores. */
type NoStores = Record<never, never>;

/** The options of a run; they can be left out unless the pipe says that its metadata has fields which must be there. */
type RunArguments<Metadata, Options = RunOptions<Metadata>> = NoStores extends Metadata
  ? [options?: Options]
  : [options: Options & { metadata: Metadata }];

/**
 * Starts a pipe: a declared dataflow. Each method gives back a new pipe and runs nothing; `run()` carries it out.
 *
 * @typeParam In what the records of the input are.
 * @typeParam Metadata what `run()` gets as `metadata`, and node stages read as `context.metadata`.
 */
export function pipe<In, Metadata extends object = AnyRecord>(
  name: string,
  options: PipeOptions<In> = {},
): Pipe<In, In, NoStores, Metadata> {
  if (typeof name !== "string" || name === "")
    throw new OptionsError("pipe()", [`expected \`name\` to be a name, got ${show(name)}`]);
  const { id } = parseOptions("pipe()", pipeOptions, options) as { id?: PipePlan["id"] };
  return new Pipe({ name, id, stages: [], stores: {}, policies: {} });
}

/** A pipe that has ended in its routes. */
export interface RoutedPipe<
  In,
  Out,
  Stores extends object,
  Metadata extends object,
  Routes extends string,
  Aside extends string,
> extends Omit<
    Pipe<In, Out, Stores, Metadata, Routes, Aside>,
    "use" | "node" | "python" | "route" | "onError"
  > {
  /** As before the routes. */
  onError<const Policy extends ErrorPolicy>(
    stage: string,
    policy: Policy,
  ): RoutedPipe<In, Out, Stores, Metadata, Routes, Aside | RouteOfPolicy<Policy>>;
}

/**
 * A declared dataflow from records of type `In` to payloads of type `Out`. Immutable: every method gives back a new pipe.
 *
 * @typeParam Routes the outputs of records that went through every stage.
 * @typeParam Aside the outputs of records that did not, by `routeTo`; what their payload is depends on where they left.
 */
export class Pipe<
  In,
  Out,
  Stores extends object,
  Metadata extends object,
  Routes extends string = "default",
  Aside extends string = never,
> {
  /** What the pipe is, as plain data. */
  readonly plan: PipePlan;

  /** @internal Made by `pipe()`. */
  constructor(plan: PipePlan) {
    this.plan = deepFreeze(plan);
  }

  /** Stores that node stages after this can use as `context.stores`. */
  use<Added extends object>(stores: Added): Pipe<In, Out, Stores & Added, Metadata, Routes, Aside> {
    const where = `pipe ${this.plan.name}: use()`;
    parseOptions(where, useArguments, { stores });
    const taken = Object.keys(stores).find((name) => Object.hasOwn(this.plan.stores, name));
    if (taken !== undefined)
      throw new OptionsError(where, [`expected the store name \`${taken}\` to be new, got it twice`]);
    return new Pipe({ ...this.plan, stores: { ...this.plan.stores, ...stores } });
  }

  /**
   * A TypeScript function, from one payload to the next. It may be asynchronous; records are worked on one after the other, in order. In place of a
   * payload it may give back `reject(reason)`, `filter(reason)`, `many(payloads)` or `routeTo(output)`.
   *
   * @throws OptionsError for a name that is taken or a function that is none.
   */
  node<Next>(
    name: string,
    run: (payload: Out, context: NodeContext<Stores, Metadata>) => Next,
  ): Pipe<In, PayloadOf<Awaited<Next>>, Stores, Metadata, Routes, Aside | RouteOf<Awaited<Next>>>;
  /** As above, between two schemas. */
  node<Next, Checked = Out, Fit = PayloadOf<Awaited<Next>>>(
    name: string,
    run: (payload: Checked, context: NodeContext<Stores, Metadata>) => Next,
    options: NodeStageOptions<Out, Checked, PayloadOf<Awaited<Next>>, Fit>,
  ): Pipe<In, Fit, Stores, Metadata, Routes, Aside | RouteOf<Awaited<Next>>>;
  node<Next, Checked, Fit>(
    name: string,
    run: (payload: Checked, context: NodeContext<Stores, Metadata>) => Next,
    options: NodeStageOptions<Out, Checked, PayloadOf<Awaited<Next>>, Fit> = {},
  ): Pipe<In, Fit, Stores, Metadata, Routes, Aside | RouteOf<Awaited<Next>>> {
    const where = `pipe ${this.plan.name}: node()`;
    parseOptions(where, nodeStageArguments, { name, run });
    const schemas = parseOptions(
      `pipe ${this.plan.name}: node(${JSON.stringify(name)})`,
      nodeStageOptions,
      options,
    );
    return this.#with({ kind: "node", name, run: run as unknown as NodeStage["run"], ...schemas });
  }

  /**
   * A Python batch function of the run's session: it gets a list of payloads and gives back a list with one result for each, in order.
   *
   * @typeParam Next what one result is; it is checked where there is an `output` schema, which says it then.
   * @throws OptionsError for a name that is taken, or options that are wrong.
   */
  python<Next>(
    name: string,
    options: PythonStageOptions<Next>,
  ): Pipe<In, Next, Stores, Metadata, Routes, Aside> {
    parseOptions(`pipe ${this.plan.name}: python()`, pythonStageArguments, { name });
    const parsed = parseOptions(
      `pipe ${this.plan.name}: python(${JSON.stringify(name)})`,
      pythonStageOptions,
      options,
    );
    const { module, function: functionName, batch, timeout, stateful, ...schemas } = parsed;
    return this.#with({
      kind: "python",
      name,
      module,
      function: functionName,
      batchSize: batch.size,
      timeoutMs: timeout,
      stateful,
      ...schemas,
    });
  }

  /**
   * Ends the pipe in named outputs: a record goes to the first route whose predicate is true, else to `default`.
   *
   * @throws OptionsError for a name that is taken, or routes that are wrong.
   */
  route<const Name extends string>(
    name: string,
    routes: readonly (readonly [name: Name, predicate: (payload: Out) => boolean])[],
  ): RoutedPipe<In, Out, Stores, Metadata, Name | "default", Aside> {
    parseOptions(`pipe ${this.plan.name}: route()`, routeStageArguments, { name, routes });
    const copied = routes.map(([route, predicate]) => [route, predicate] as const);
    return this.#with({ kind: "route", name, routes: copied as unknown as RouteStage["routes"] });
  }

  /**
   * What happens to records that fail in a stage that was declared before; `"*"` for every stage without a policy of its own. `"halt"` (the default):
   * the run ends. `"reject"`: the record is set aside with the reason, and the run goes on. See {@link ErrorPolicy} for the others.
   *
   * @throws OptionsError for a stage that does not exist, a policy that does not, or `retry` for a stage that is `stateful`.
   */
  onError<const Policy extends ErrorPolicy>(
    stage: string,
    policy: Policy,
  ): Pipe<In, Out, Stores, Metadata, Routes, Aside | RouteOfPolicy<Policy>> {
    const where = `pipe ${this.plan.name}: onError()`;
    parseOptions(where, onErrorArguments, { stage, policy });
    const names = this.plan.stages.map((each) => each.name);
    if (stage !== "*" && !names.includes(stage))
      throw new OptionsError(where, [unknownName("stage", stage, stage, [...names, "*"])]);
    const named = this.plan.stages.find((each) => each.name === stage);
    if (policy instanceof Retry && named?.kind === "python" && named.stateful) {
      throw new OptionsError(where, [
        `expected no retry() for stage ${stage}, which is stateful: its batches are sent once; name what \`then\` says`,
      ]);
    }
    return new Pipe({ ...this.plan, policies: { ...this.plan.policies, [stage]: policy } });
  }

  /**
   * One execution over an input. Nothing starts before the run is consumed.
   *
   * @param records read lazily; an asynchronous input is read as it comes.
   * @throws OptionsError when options are wrong, or the pipe has python stages and there is no session.
   */
  run(
    records: Iterable<In> | AsyncIterable<In>,
    ...[options = {}]: RunArguments<Metadata>
  ): Run<Out, Routes, Aside> {
    const where = `pipe ${this.plan.name}: run()`;
    const parsed = parseOptions(where, runOptions, options);
    if (!isIterable(records)) {
      throw new OptionsError(where, [
        `expected the records to be an iterable or async iterable, got ${show(records)}`,
      ]);
    }
    checkSession(where, this.plan, parsed);
    return new Run({ ...parsed, plan: this.plan, input: records, makeItem: newItems(this.plan.id) });
  }

  /**
   * Runs the records of a dead-letter file again: a run like any other, over what `deadLetter(file)` has written. A record keeps its id and notes.
   *
   * @param file is read as the run goes on, and not changed.
   * @throws OptionsError as `run()`, and when the file is also the run's own `deadLetter`. The run itself halts with a DeadLetterError at a line
   * that cannot be read, or names a stage that the pipe does not have.
   */
  replay(
    file: string,
    ...[options = {}]: RunArguments<Metadata, RunOptions<Metadata> & ReplayOptions>
  ): Run<Out, Routes, Aside> {
    const where = `pipe ${this.plan.name}: replay()`;
    const { from, ...parsed } = parseOptions(where, replayOptions, options);
    checkSession(where, this.plan, parsed);
    return new Run({
      ...parsed,
      plan: this.plan,
      ...replayed(where, file, from, this.plan, parsed.deadLetter),
    });
  }

  #with<Next, Outputs extends string, Early extends string>(
    stage: StagePlan,
  ): Pipe<In, Next, Stores, Metadata, Outputs, Early> {
    const where = `pipe ${this.plan.name}: ${stage.kind}()`;
    if (this.plan.stages.some((each) => each.name === stage.name)) {
      throw new OptionsError(where, [
        `expected the stage name \`${stage.name}\` to be new in this pipe, got it twice`,
      ]);
    }
    const last = this.plan.stages.at(-1);
    if (last?.kind === "route") {
      throw new OptionsError(where, [
        `expected stage ${stage.name} to come before the routes, got it after ${last.name}, which ends the pipe`,
      ]);
    }
    return new Pipe({ ...this.plan, stages: [...this.plan.stages, stage] });
  }
}

/** @throws OptionsError when the stages of the pipe need another session, or cannot share the work. */
function checkSession(
  where: string,
  plan: PipePlan,
  { session, replicas }: { session?: unknown; replicas?: number | undefined },
): void {
  const python = plan.stages.find((stage) => stage.kind === "python");
  if (python !== undefined && session === undefined) {
    throw new OptionsError(where, [
      `expected \`session\` to be a session, which stage ${python.name} needs, got \`undefined\``,
    ]);
  }
  const stateful = plan.stages.find((stage) => stage.kind === "python" && stage.stateful);
  if (replicas !== undefined && stateful !== undefined) {
    throw new OptionsError(where, [
      `expected no \`replicas\`, because stage ${stateful.name} is stateful: its batches must all go to one process, got \`${replicas}\``,
    ]);
  }
}

function isIterable(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)
  );
}

function deepFreeze(plan: PipePlan): PipePlan {
  for (const stage of plan.stages) {
    if (stage.kind === "route") Object.freeze(stage.routes);
    Object.freeze(stage);
  }
  return Object.freeze({
    ...plan,
    stages: Object.freeze([...plan.stages]),
    stores: Object.freeze({ ...plan.stores }),
    policies: Object.freeze({ ...plan.policies }),
  });
}
