import { closest } from "fastest-levenshtein";
import type {
  EncodedRequest,
  OpenRequest,
  Progress,
  Reply,
  Request,
  Sent,
  Worker,
  WorkerDeathError,
} from "../../engine.js";
import { inStep } from "../../errors/failed-step.js";
import { type CallSite, PythonFunctionError, PythonImportError } from "../../errors/python.js";
import { ForkRefusedError, WorkerDiedError } from "../../errors/session.js";
import { SlitherError } from "../../errors/slither-error.js";
import { untilStopped } from "../../stopping.js";
import { monotonicSeconds, stepTimes } from "../../wire/batch-reply.js";
import { decodeRequest } from "../../wire/decode-request.js";
import { packable, packBody } from "../../wire/encode.js";
import { unpack } from "../../wire/extensions.js";
import type { Handle } from "../../wire/handle.js";
import { typeNameOf } from "../../wire/refusal.js";
import { computeNanoseconds } from "../../wire/reply.js";
import { type BatchRequest, naming } from "../../wire/request.js";
import { type BatchHost, carryOutBatch } from "./batch.js";
import { carryOutColumns, withoutLastRow } from "./column-batch.js";
import type { CrashOptions, FaultHook, FaultKind } from "./faults.js";
import { InlineViews } from "./inline-views.js";
import type { InlineFunction, InlineModule, InlineOptions, InlinePython } from "./options.js";
import { asPythonError } from "./python-error.js";
import { signalModule, suffer } from "./suffering.js";

/** Why an inline session cannot be copied. */
export const NO_FORKS = "inline() has no processes";

/**
 * A session's state without a process. Values go through the codec both ways, so that what Python could not be given is refused here too, and what
 * a fake gets is a copy, as in Python. A worker that is killed answers nothing any more; a fake that is running cannot be stopped.
 */
export class InlineWorker implements Worker {
  readonly pid = undefined;
  readonly ended: Promise<WorkerDeathError>;
  readonly #session: string;
  readonly #resolveHandle: (id: number) => Handle;
  readonly #definitions: InlineOptions["modules"];
  readonly #faults: FaultHook;
  readonly #modules = new Map<string, InlineModule>();
  readonly #objects = new Map<number, unknown>();
  #lastRef = 0;
  #tail: Promise<unknown> = Promise.resolve();
  #running: EncodedRequest | undefined;
  /** Where the batch is that is running. */
  #progress: Progress | undefined;
  #death: WorkerDeathError | undefined;
  #die!: (death: WorkerDeathError) => void;
  /** Aborted when it is dead. Waiting for `ended` instead would keep every reply until then. */
  readonly #over = new AbortController();
  readonly #views = new InlineViews({
    running: () => {
      const request = this.#death === undefined ? this.#running : undefined;
      return request && { request, step: this.#progress?.step ?? 0 };
    },
    resolveHandle: (id) => this.#resolveHandle(id),
    heldBy: (id) => this.#heldBy(id),
  });

  constructor(request: OpenRequest, modules: InlineOptions["modules"], faults: FaultHook) {
    this.#session = request.session;
    this.#resolveHandle = request.resolveHandle;
    this.#definitions = modules;
    this.#faults = faults;
    this.ended = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  memoryBytes(): undefined {}

  send(encoded: EncodedRequest): Sent {
    // Read in its turn: an object may be released before.
    const work = (): Promise<Reply> =>
      this.#carryOut(
        decodeRequest(encoded, (id) => this.#heldBy(id)),
        encoded,
      );
    const cancel = (): void => {
      if (this.#running === encoded) this.#views.cancel();
    };
    return { reply: this.#inTurn(encoded, work), cancel, progress: () => this.#progress };
  }

  async fork(): Promise<never> {
    throw new ForkRefusedError(this.#session, NO_FORKS);
  }

  release(refs: readonly number[]): void {
    for (const ref of refs) this.#objects.delete(ref);
  }

  kill(): void {
    this.#end({ signal: "SIGKILL" });
  }

  async close(): Promise<void> {
    this.#end({ exitCode: 0 });
  }

  #end(how: CrashOptions): Error {
    const { pid } = this;
    const step = this.#progress?.step ?? 0;
    const death = {
      session: this.#session,
      pid,
      signal: "signal" in how ? how.signal : null,
      exitCode: "exitCode" in how ? how.exitCode : null,
      during: (this.#running?.sites?.[step] ?? this.#running?.site)?.target,
      lastLines: [],
    };
    this.#death ??= inStep(new WorkerDiedError(death), step);
    // In this order: who hears of a failed request finds the session lost.
    this.#die(this.#death);
    this.#over.abort(this.#death);
    return this.#death;
  }

  #inTurn(encoded: EncodedRequest, work: () => Promise<Reply>): Promise<Reply> {
    const result = this.#tail.then(() => {
      if (this.#death !== undefined) throw this.#death;
      this.#running = encoded;
      return work();
    });
    this.#tail = result
      .catch(() => {})
      .then(() => {
        this.#running = undefined;
        this.#progress = undefined;
      });
    return untilStopped(result, this.#over.signal);
  }

  async #carryOut(request: Request, { site, sites = [], times }: EncodedRequest): Promise<Reply> {
    if (request.kind === "batch") return this.#carryOutBatch(request, sites, times as Times);
    const began = performance.now();
    if (request.kind === "call") await this.#suffer(request, undefined, site);
    const result = await this.#run(() => this.#callable(request, site)(), site);
    const computeNanoseconds = Math.round((performance.now() - began) * 1e6);
    if (request.returns === "ref") {
      this.#objects.set(++this.#lastRef, result);
      return { value: { ref: this.#lastRef, typeName: typeNameOf(result) }, computeNanoseconds };
    }
    return { value: naming(site, () => this.#sent(this.#packableResult(result))), computeNanoseconds };
  }

  async #carryOutBatch(request: BatchRequest, sites: readonly CallSite[], times: Times): Promise<Reply> {
    const begun = performance.now();
    const host: BatchHost = {
      call: async (step, payloads, site, columns) => {
        if (this.#death !== undefined) throw this.#death;
        this.#progress = { step: request.steps.indexOf(step), row: undefined, since: monotonicSeconds() };
        const isEach = step.form === "each";
        const fault = await this.#suffer({ ...step, isEach }, payloads, site);
        const call = this.#function(step.module, step.function, site);
        const given = columns ?? (isEach ? payloads[0] : payloads);
        const result = await this.#run(() => call(given), site);
        if (fault !== "shortResult") return result;
        if (columns !== undefined) return withoutLastRow(result);
        return Array.isArray(result) ? result.slice(0, -1) : result;
      },
      packed: (value, site) => naming(site, () => this.#packableResult(value)),
      sent: (packed, site) => naming(site, () => this.#sent(packed)) as unknown[],
    };
    const { stamps, ...came } = await (request.columns === undefined
      ? carryOutBatch(request, sites, host)
      : carryOutColumns(request, request.columns(), sites, host));
    const read = performance.now();
    const there = { begun, received: begun, decoded: begun, steps: stepTimes([begun, ...stamps]) };
    const bytes = { sent: 0, received: 0 };
    const batch = { ...came, bytes, times: { ...times, ...there, answered: read, arrived: read, read } };
    return { value: undefined, computeNanoseconds: computeNanoseconds(batch), batch };
  }

  /** The session has come to a function: what goes wrong with it does so now. Gives back what is to go wrong with its result. */
  async #suffer(
    request: { module: string; function: string; isEach?: boolean },
    payloads: readonly unknown[] | undefined,
    site: CallSite,
  ): Promise<FaultKind["kind"] | undefined> {
    const fault = this.#faults.next(this.#session, { ...request, payloads });
    await suffer(fault, site, (how) => this.#end(how));
    return fault?.kind;
  }

  /** What Node gets when this is sent to it. */
  #sent(packed: unknown): unknown {
    return unpack(packBody(packed, "result", "result"), this.#resolveHandle);
  }

  /** As in Python: an object that cannot be carried but is held travels as its ref. */
  #packableResult(result: unknown): unknown {
    try {
      return packable(result, this.#session, "result", "result");
    } catch (error) {
      const held = [...this.#objects].find(([, object]) => object === result);
      if (held === undefined) throw error;
      return packable(this.#resolveHandle(held[0]), this.#session, "result", "result");
    }
  }

  async #run(code: () => unknown, site: CallSite): Promise<unknown> {
    try {
      return await code();
    } catch (error) {
      throw SlitherError.is(error) ? error : asPythonError(error, site);
    }
  }

  #callable(request: Exclude<Request, BatchRequest>, site: CallSite): () => unknown {
    if (request.kind === "ref-get") return () => this.#attribute(request.ref, request.attribute, site);
    const extra = Object.keys(request.kwargs).length === 0 ? [] : [request.kwargs];
    if (request.kind === "call")
      return () => this.#function(request.module, request.function, site)(...request.args, ...extra);
    const object = this.#objects.get(request.ref);
    const method = request.method === "" ? object : this.#attribute(request.ref, request.method, site);
    if (typeof method !== "function")
      throw missingFunction(site, `${typeNameOf(object)}.${request.method}`, []);
    return () => method.call(object, ...request.args, ...extra);
  }

  #attribute(ref: number, name: string, site: CallSite): unknown {
    const object = Object(this.#objects.get(ref)) as Record<string, unknown>;
    if (name in object) return object[name];
    throw missingFunction(site, `${typeNameOf(object)}.${name}`, []);
  }

  #function(module: string, name: string, site: CallSite): InlineFunction {
    let functions = this.#modules.get(module);
    if (functions === undefined) {
      const definition = own(this.#definitions, module) ?? this.#ownModule(module);
      if (definition === undefined) throw missingModule(site, module, Object.keys(this.#definitions));
      functions = typeof definition === "function" ? this.#made(definition) : definition;
      this.#modules.set(module, functions);
    }
    const found = own(functions, name);
    if (found === undefined) throw missingFunction(site, `${module}.${name}`, Object.keys(functions));
    return found;
  }

  #made(definition: InlineDefinition): InlineModule {
    return (definition as (python: InlinePython) => InlineModule)({
      view: (name, params) => this.#views.ask(name, params) as Promise<never>,
    });
  }

  #ownModule(module: string): InlineModule | undefined {
    return module === "signal" ? signalModule((how) => this.#end(how)) : undefined;
  }

  /** The object itself, where an argument is a ref to it. The codec's types know only handles. */
  #heldBy(id: number): Handle {
    return this.#objects.get(id) as Handle;
  }
}

type InlineDefinition = InlineOptions["modules"][string];

type Times = NonNullable<EncodedRequest["times"]>;

/** Not what every object inherits, such as `constructor`. */
function own<Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function missingModule(site: CallSite, module: string, known: readonly string[]): PythonImportError {
  const message = `session ${site.session}: inline() was given no module ${module}; it has ${known.join(", ") || "none"}`;
  return new PythonImportError(message, { module, missing: module, traceback: "", session: site.session });
}

function missingFunction(site: CallSite, target: string, known: readonly string[]): PythonFunctionError {
  const suggestions = known.length === 0 ? [] : [closest(target.split(".").at(-1) as string, known)];
  const meant = suggestions.length === 0 ? "" : `, did you mean ${suggestions[0]}?`;
  return new PythonFunctionError(`session ${site.session}: ${target} does not exist${meant}`, {
    target,
    suggestions,
    session: site.session,
  });
}
