import { OptionsError } from "../errors/options.js";
import { parseOptions, show } from "../options/parse.js";
import type {
  AnyEnd,
  Beside,
  Declared,
  Early,
  EndOf,
  Failed,
  Merged,
  WithBranch,
  Without,
} from "../plan/ends.js";
import { explanationOf } from "../plan/explain/explain.js";
import type { PipeExplanation } from "../plan/explain/explanation.js";
import { explainText } from "../plan/explain/text.js";
import { graphOf, type PipeGraph } from "../plan/graph/graph.js";
import { frozen, type PipePlan } from "../plan/plan.js";
import { type Readable, readable } from "../plan/readable.js";
import { LiveSource } from "../run/live.js";
import { Receipts } from "../run/receipts.js";
import { replayed } from "../run/replay.js";
import { Run } from "../run/run.js";
import { newItems } from "../run/source.js";
import type { Cached } from "../stage/cached.js";
import type { NodeContext } from "../stage/node.js";
import type { ErrorPolicy, RouteOfPolicy } from "../stage/policy.js";
import type { NodeResult, PayloadOf, RouteOf, RouteTo } from "../stage/results.js";
import type { Schema } from "../stage/schema.js";
import { checkBranch, checkOpen, checkOutputs, checkRun } from "./checks.js";
import { grafted } from "./graft.js";
import {
  branchArguments,
  pipeOptions,
  replayOptions,
  runOptions,
  useArguments,
  viaOptions,
} from "./option-schemas.js";
import type {
  NodeStageOptions,
  PipeOptions,
  PythonStageOptions,
  ReplayOptions,
  RunOptions,
  TapOptions,
  ViaOptions,
} from "./options.js";
import { withMerge, withNode, withOnError, withPython, withRoutes, withTap } from "./stages.js";
import type { NeededMetadata, NoStores, PipeTypes, RunArguments, TypedPipe } from "./typed-pipe.js";

/**
 * Starts a pipe: a declared dataflow. Each method gives back a new pipe and runs nothing; `run()` carries it out.
 *
 * @typeParam In what the records of the input are.
 * @typeParam Metadata what `run()` gets as `metadata`, and node stages read as `context.metadata`.
 */
export function pipe<In, Metadata extends object = Record<string, unknown>>(
  name: string,
  options: PipeOptions<In> = {},
): Pipe<In, In, NoStores, Metadata> {
  if (typeof name !== "string" || name === "")
    throw new OptionsError("pipe()", [`expected \`name\` to be a name, got ${show(name)}`]);
  const { id, ordering } = parseOptions("pipe()", pipeOptions, options);
  return new Pipe({ name, id, ordering, stages: [], outputs: [], stores: {}, policies: {} });
}

/** A pipe that has ended in its routes: `branch()` and `merge()` are what may follow. */
export interface RoutedPipe<
  In,
  Out,
  Stores extends object,
  Metadata extends object,
  Ends extends AnyEnd = never,
> extends Omit<
    Pipe<In, Out, Stores, Metadata, Ends>,
    "use" | "node" | "tap" | "python" | "route" | "via" | "branch" | "onError" | "~types"
  > {
  readonly "~types"?: PipeTypes<In, Out, Stores, NeededMetadata<Metadata>, Ends, true> | undefined;

  /** As before the routes. */
  branch<const Output extends Beside<Ends>, Next, Own extends AnyEnd>(
    output: Output,
    build: BuildBranch<EndOf<Ends, Output>, Next, Stores, Metadata, Own>,
  ): RoutedPipe<In, Out, Stores, Metadata, WithBranch<Ends, Output, Next, Own>>;

  /** As before the routes. */
  onError<const Policy extends ErrorPolicy>(
    stage: string,
    policy: Policy,
  ): RoutedPipe<In, Out, Stores, Metadata, Ends | Failed<Policy, RouteOfPolicy<Policy>>>;
}

/** What the function of a node stage may give back whose results are kept. */
type Returned<Kept> = Kept | NodeResult | PromiseLike<Kept | NodeResult>;

/** Options of a node stage whose results are kept as they are given back. */
type CachedNodeOptions<Out, Checked, Kept, Context, Stale extends string> = Omit<
  NodeStageOptions<Out>,
  "input" | "output" | "cache"
> & { output?: undefined; cache: Cached<Checked, Kept, Context, Stale> };

/** Options of a python stage without a cache: what its `input` schema makes of a payload is for Python alone, and need not be said. */
type UncachedPythonOptions<Next, Out> = Omit<
  PythonStageOptions<Next, Out, NodeContext, never, unknown>,
  "cache"
> & { cache?: undefined };

/** Adds the stages of a branch to a pipe that has none. */
type BuildBranch<Payload, Next, Stores extends object, Metadata extends object, Own extends AnyEnd> = (
  branch: Pipe<Payload, Payload, Stores, Metadata>,
) => TypedPipe<Payload, Next, unknown, Metadata, Own>;

/**
 * A declared dataflow from records of type `In` to payloads of type `Out`. Immutable: every method gives back a new pipe.
 *
 * @typeParam Ends the outputs beside `default`, with their payloads: a union of {@link End}.
 */
export class Pipe<In, Out, Stores extends object, Metadata extends object, Ends extends AnyEnd = never> {
  /** What the pipe is, as plain data. */
  readonly plan: PipePlan;
  /** For the compiler alone: there is no such field. */
  declare readonly "~types"?: PipeTypes<In, Out, Stores, NeededMetadata<Metadata>, Ends, false> | undefined;

  /** @internal Made by `pipe()`. */
  constructor(plan: PipePlan) {
    this.plan = frozen(plan);
  }

  /** Stores that node stages after this can use as `context.stores`. */
  use<Added extends object>(stores: Added): Pipe<In, Out, Stores & Added, Metadata, Ends> {
    const where = `pipe ${this.plan.name}: use()`;
    parseOptions(where, useArguments, { stores });
    const taken = Object.keys(stores).find((name) => Object.hasOwn(this.plan.stores, name));
    if (taken !== undefined)
      throw new OptionsError(where, [`expected the store name \`${taken}\` to be new, got it twice`]);
    return new Pipe({ ...this.plan, stores: { ...this.plan.stores, ...stores } });
  }

  /**
   * A TypeScript function, from one payload to the next. It may be asynchronous; records are worked on one after the other, in order, or several at once
   * with `concurrency`. In place of a payload it may give back `reject(reason)`, `filter(reason)`, `many(payloads)` or `routeTo(output)`.
   *
   * @throws OptionsError for a name that is taken or a function that is none.
   */
  node<Next>(
    name: string,
    run: (payload: Out, context: NodeContext<Stores, Metadata>) => Next,
  ): Pipe<In, PayloadOf<Awaited<Next>>, Stores, Metadata, Ends | Early<RouteOf<Awaited<Next>>>>;
  /** As above, with a cache: the table says what becomes of a record that is there. */
  node<Kept, Next extends Returned<Kept>, const Stale extends string = never>(
    name: string,
    run: (payload: Out, context: NodeContext<Stores, Metadata>) => Next,
    options: CachedNodeOptions<Out, Out, Kept, NodeContext<Stores, Metadata>, Stale> & { input?: undefined },
  ): Pipe<
    In,
    Kept | PayloadOf<Awaited<Next>>,
    Stores,
    Metadata,
    Ends | Early<RouteOf<Awaited<Next>>> | Failed<RouteTo, Stale>
  >;
  /** As above, behind a schema. */
  node<Checked, Kept, Next extends Returned<Kept>, const Stale extends string = never>(
    name: string,
    run: (payload: Checked, context: NodeContext<Stores, Metadata>) => Next,
    options: CachedNodeOptions<Out, Checked, Kept, NodeContext<Stores, Metadata>, Stale> & {
      input: Schema<Out, Checked>;
    },
  ): Pipe<
    In,
    Kept | PayloadOf<Awaited<Next>>,
    Stores,
    Metadata,
    Ends | Early<RouteOf<Awaited<Next>>> | Failed<RouteTo, Stale>
  >;
  /** As above, between two schemas. */
  node<Next, Checked = Out, Fit = PayloadOf<Awaited<Next>>, const Stale extends string = never>(
    name: string,
    run: (payload: Checked, context: NodeContext<Stores, Metadata>) => Next,
    options: NodeStageOptions<
      Out,
      Checked,
      PayloadOf<Awaited<Next>>,
      Fit,
      NodeContext<Stores, Metadata>,
      Stale
    > &
      ({ cache?: undefined } | { output: Schema<PayloadOf<Awaited<Next>>, Fit> }),
  ): Pipe<In, Fit, Stores, Metadata, Ends | Early<RouteOf<Awaited<Next>>> | Failed<RouteTo, Stale>>;
  node(
    name: string,
    run: (payload: never, context: NodeContext<Stores, Metadata>) => unknown,
    options: object = {},
  ): unknown {
    return new Pipe(withNode(this.plan, name, run, options));
  }

  /**
   * A TypeScript function that is shown the payloads and gives nothing back; the records go on as they came, when it is done with them. It may be asynchronous. Unlike
   * `node()` it does not keep the python stages on both sides of it apart: for a cache that is filled, or a log.
   *
   * Where those are fused, it is called when the whole trip is over, and what fails or is retried in the later stage enters the first one again: it may see a
   * record twice, or not at all when the later stage fails with its whole batch.
   *
   * @throws OptionsError for a name that is taken or a function that is none.
   *
   * @example
   * pipe.python("featurize", …).tap("remember", save, { when: ({ meta }) => meta.cacheHit !== true }).python("predict", …)
   */
  tap(
    name: string,
    run: (payload: Out, context: NodeContext<Stores, Metadata>) => unknown,
    options: TapOptions<NodeContext<Stores, Metadata>> = {},
  ): Pipe<In, Out, Stores, Metadata, Ends> {
    return new Pipe(withTap(this.plan, name, run, options));
  }

  /**
   * A Python batch function of the run's session: it gets a list of payloads and gives back a list with one result for each, in order.
   *
   * @typeParam Next what one result is; it is checked where there is an `output` schema, which says it then.
   * @typeParam Stale the output that `overAge` of its `cache` names, where it does.
   * @typeParam Checked what its `input` schema makes of a payload, which is what its `cache` is given.
   * @throws OptionsError for a name that is taken, or options that are wrong.
   */
  python<Next, const Stale extends string = never, Checked = Out>(
    name: string,
    options:
      | PythonStageOptions<Next, Out, NodeContext<Stores, Metadata>, Stale, Checked>
      | UncachedPythonOptions<Next, Out>,
  ): Pipe<In, Next, Stores, Metadata, Ends | Failed<RouteTo, Stale>> {
    return new Pipe(withPython(this.plan, name, options));
  }

  /**
   * Ends the pipe in named outputs: a record goes to the first route whose predicate is true, else to `default`. `branch()` works on one of the outputs,
   * `merge()` brings them together again.
   *
   * @throws OptionsError for a name that is taken, or routes that are wrong.
   */
  route<const Name extends string>(
    name: string,
    routes: readonly (readonly [name: Name, predicate: (payload: Out) => boolean])[],
  ): RoutedPipe<In, Out, Stores, Metadata, Ends | Declared<Name, Out>> {
    const routed: unknown = new Pipe(withRoutes(this.plan, name, routes));
    return routed as RoutedPipe<In, Out, Stores, Metadata, Ends | Declared<Name, Out>>;
  }

  /**
   * Stages for the records of one output, which come to that output again at their end. The output may be one of `route()`, or one to which `routeTo` sends
   * records early; those have their `failure` still. Records of other outputs, and the order of the input, are not touched.
   *
   * @param output not `default`. With a second branch of the same output, later, its records go through both.
   * @param build gets a pipe without stages, and gives back one with at least one. What is said in it of `default` is about the branch's own output: a record
   * that matches none of its routes stays there. Its further outputs are outputs of the whole pipe.
   * @throws OptionsError for an output that nothing can send records to, or that a stage behind it sends records to, which would pass the branch by.
   *
   * @example
   * pipe.route("by_confidence", [["low", ({ confidence }) => confidence < 0.6]])
   *   .branch("low", (low) => low.node("explain", explain))
   */
  branch<const Output extends Beside<Ends>, Next, Own extends AnyEnd>(
    output: Output,
    build: BuildBranch<EndOf<Ends, Output>, Next, Stores, Metadata, Own>,
  ): Pipe<In, Out, Stores, Metadata, WithBranch<Ends, Output, Next, Own>> {
    const where = `pipe ${this.plan.name}: branch()`;
    parseOptions(where, branchArguments, { output, build });
    checkOutputs(where, this.plan, [output]);
    const built: unknown = build(new Pipe({ ...this.plan, stages: [], outputs: [], policies: {} }));
    const other = planOf(where, "`build` to give back", built);
    checkBranch(where, output, other);
    return new Pipe(grafted(where, this.plan, other, { output }));
  }

  /**
   * Brings outputs together: their records go on with those that are in none, in the order of the input, with the `route` `default` again. A record that
   * failed before, and was sent to the output by `routeTo`, keeps its `failure`: it says why the record came that way.
   *
   * @param outputs their names; what was sent early to `default` comes back, too. Default: every output.
   * @throws OptionsError for a name that is taken, an output that nothing can send records to, or a pipe that has none.
   */
  merge<const Names extends Beside<Ends> = Beside<Ends>>(
    name: string,
    outputs?: readonly Names[],
  ): Pipe<In, Merged<Out, Ends, Names>, Stores, Metadata, Without<Ends, Names>> {
    return new Pipe(withMerge(this.plan, name, outputs));
  }

  /**
   * The stages of another pipe, with its outputs, stores and policies: as if they were declared here, but that its branches, its merges and its `"*"` are
   * about its own stages alone. Its `id` and `ordering` have no use here.
   *
   * @throws OptionsError for a stage name that is taken, or a store of the same name that is another one.
   */
  via<Next, Added extends object, Own extends AnyEnd>(
    other: TypedPipe<Out, Next, Added, Metadata, Own, false>,
    options?: ViaOptions,
  ): Pipe<In, Next, Stores & Added, Metadata, Ends | Own>;
  /** As above, with a pipe that has ended in its routes. */
  via<Next, Added extends object, Own extends AnyEnd>(
    other: TypedPipe<Out, Next, Added, Metadata, Own, true>,
    options?: ViaOptions,
  ): RoutedPipe<In, Next, Stores & Added, Metadata, Ends | Own>;
  via(other: unknown, options: ViaOptions = {}): unknown {
    const where = `pipe ${this.plan.name}: via()`;
    const { as } = parseOptions(where, viaOptions, options);
    const plan = planOf(where, "`other` to be", other);
    checkOpen(where, this.plan, plan.stages[0]?.name ?? plan.name);
    return new Pipe(grafted(where, this.plan, plan, { prefix: as && `${as}.` }));
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
  ): Pipe<In, Out, Stores, Metadata, Ends | Failed<Policy, RouteOfPolicy<Policy>>> {
    return new Pipe(withOnError(this.plan, stage, policy));
  }

  /**
   * One execution over an input. Nothing starts before the run is consumed.
   *
   * @param records read lazily; an asynchronous input is read as it comes. Of a `live()` source each record is acknowledged when its outcome is final.
   * @throws OptionsError when options are wrong, or the pipe has python stages and there is no session.
   */
  run(
    records: Iterable<In> | AsyncIterable<In> | LiveSource<In>,
    ...[options = {}]: RunArguments<Metadata>
  ): Run<Out, Ends> {
    const where = `pipe ${this.plan.name}: run()`;
    const parsed = parseOptions(where, runOptions, options);
    if (!(records instanceof LiveSource) && !isIterable(records)) {
      throw new OptionsError(where, [
        `expected the records to be an iterable or async iterable, got ${show(records)}`,
      ]);
    }
    checkRun(where, this.plan, parsed);
    const makeItem = newItems(this.plan.id);
    if (!(records instanceof LiveSource))
      return new Run({ ...parsed, plan: this.plan, input: records, makeItem });
    const receipts = new Receipts();
    return new Run({
      ...parsed,
      plan: this.plan,
      input: records.deliveries,
      makeItem: receipts.making(makeItem),
      receipts,
    });
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
  ): Run<Out, Ends> {
    const where = `pipe ${this.plan.name}: replay()`;
    const { from, ...parsed } = parseOptions(where, replayOptions, options);
    checkRun(where, this.plan, parsed);
    return new Run({
      ...parsed,
      plan: this.plan,
      fused: from === "start",
      ...replayed(where, file, from, this.plan, parsed.deadLetter),
    });
  }

  /** The picture of the pipe, as plain data: `graphText` and `graphMermaid` draw it. */
  graph(): PipeGraph {
    return graphOf(this.plan);
  }

  /**
   * How the pipe is carried out, as plain data: which python stages make one trip, and why others do not; batches, order, and what comes home. `String()` and
   * `console.log()` show it as text, as `explainText` does.
   */
  explain(): Readable<PipeExplanation> {
    return readable(explanationOf(this.plan), explainText);
  }
}

/** Whether a run can read its records from it. */
export function isIterable(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)
  );
}

/** @throws OptionsError for what is no pipe. */
function planOf(where: string, what: string, value: unknown): PipePlan {
  if (value instanceof Pipe) return value.plan;
  throw new OptionsError(where, [`expected ${what} a pipe, got ${show(value)}`]);
}
