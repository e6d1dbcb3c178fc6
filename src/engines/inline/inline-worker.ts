import { closest } from "fastest-levenshtein";
import type {
  EncodedRequest,
  OpenRequest,
  Reply,
  Request,
  Sent,
  Worker,
  WorkerDeathError,
} from "../../engine.js";
import {
  BatchResultError,
  type CallSite,
  PythonFunctionError,
  PythonImportError,
} from "../../errors/python.js";
import { ForkRefusedError, WorkerDiedError } from "../../errors/session.js";
import { SlitherError } from "../../errors/slither-error.js";
import { decodeRequest } from "../../wire/decode-request.js";
import { packable, packBody } from "../../wire/encode.js";
import { unpack } from "../../wire/extensions.js";
import type { Handle } from "../../wire/handle.js";
import { typeNameOf } from "../../wire/refusal.js";
import { isRejecting } from "../../wire/rejecting.js";
import type { RejectedResult } from "../../wire/reply.js";
import { naming } from "../../wire/request.js";
import type { CrashOptions, FaultHook } from "./faults.js";
import { mapEach } from "./map-each.js";
import type { InlineFunction, InlineModule, InlineOptions } from "./options.js";
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
  #running: string | undefined;
  #death: WorkerDeathError | undefined;
  #die!: (death: WorkerDeathError) => void;

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
    const { site } = encoded;
    // Read in its turn: an object may be released before.
    const work = (): Promise<Reply> =>
      this.#carryOut(
        decodeRequest(encoded, (id) => this.#heldBy(id)),
        site,
      );
    return { reply: this.#inTurn(site, work), cancel: () => {} };
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
    const death = {
      session: this.#session,
      pid,
      signal: "signal" in how ? how.signal : null,
      exitCode: "exitCode" in how ? how.exitCode : null,
      during: this.#running,
      lastLines: [],
    };
    this.#death ??= new WorkerDiedError(death);
    this.#die(this.#death);
    return this.#death;
  }

  #inTurn(site: CallSite, work: () => Promise<Reply>): Promise<Reply> {
    const result = this.#tail.then(() => {
      if (this.#death !== undefined) throw this.#death;
      this.#running = site.target;
      return work();
    });
    this.#tail = result
      .catch(() => {})
      .then(() => {
        this.#running = undefined;
      });
    const death = this.ended.then((error) => Promise.reject(error));
    return Promise.race([result, death]) as Promise<Reply>;
  }

  async #carryOut(request: Request, site: CallSite): Promise<Reply> {
    if (request.kind === "batch" && request.each) return this.#carryOutEach(request, site);
    const began = performance.now();
    const fault = this.#faults.next(this.#session, request);
    await suffer(fault, site, (how) => this.#end(how));
    const whole = await this.#run(() => this.#callable(request, site)(), site);
    const result = fault?.kind === "shortResult" && Array.isArray(whole) ? whole.slice(0, -1) : whole;
    const computeNanoseconds = nanosecondsSince(began);
    if (request.kind === "batch") checkBatch(result, request.payloads.length, site);
    if (request.kind !== "batch" && request.returns === "ref") {
      this.#objects.set(++this.#lastRef, result);
      return { value: { ref: this.#lastRef, typeName: typeNameOf(result) }, computeNanoseconds };
    }
    const { kept, rejected } = request.kind === "batch" ? setAside(result as unknown[]) : { kept: result };
    const value = naming(site, () => this.#sent(this.#packableResult(kept)));
    return { value, computeNanoseconds, rejected };
  }

  /** The session comes to each payload by itself: what goes wrong with one is its own failure. */
  async #carryOutEach(request: BatchRequest, site: CallSite): Promise<Reply> {
    const began = performance.now();
    const call = this.#function(request.module, request.function, site);
    const { rows, ...aside } = await mapEach(request.payloads, async (payload) => {
      if (this.#death !== undefined) throw this.#death;
      const fault = this.#faults.next(this.#session, { ...request, payloads: [payload] });
      await suffer(fault, site, (how) => this.#end(how));
      const result = await this.#run(() => call(payload), site);
      if (isRejecting(result)) throw asPythonError(result, site);
      return naming(site, () => this.#packableResult(result));
    });
    const computeNanoseconds = nanosecondsSince(began);
    return { value: naming(site, () => this.#sent(rows)), computeNanoseconds, ...aside };
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

  #callable(request: Request, site: CallSite): () => unknown {
    if (request.kind === "ref-get") return () => this.#attribute(request.ref, request.attribute, site);
    if (request.kind === "batch")
      return () => this.#function(request.module, request.function, site)(request.payloads);
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
      functions = typeof definition === "function" ? (definition as () => InlineModule)() : definition;
      this.#modules.set(module, functions);
    }
    const found = own(functions, name);
    if (found === undefined) throw missingFunction(site, `${module}.${name}`, Object.keys(functions));
    return found;
  }

  #ownModule(module: string): InlineModule | undefined {
    return module === "signal" ? signalModule((how) => this.#end(how)) : undefined;
  }

  /** The object itself, where an argument is a ref to it. The codec's types know only handles. */
  #heldBy(id: number): Handle {
    return this.#objects.get(id) as Handle;
  }
}

type BatchRequest = Extract<Request, { kind: "batch" }>;

function nanosecondsSince(began: number): number {
  return Math.round((performance.now() - began) * 1e6);
}

/** Not what every object inherits, such as `constructor`. */
function own<Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function checkBatch(result: unknown, expected: number, site: CallSite): void {
  const got = Array.isArray(result) ? result.length : undefined;
  if (got !== expected) throw new BatchResultError(site, { expected, got, type: typeNameOf(result) });
}

/** As in Python: what is rejected leaves null where its result would be, and the array of the fake stays as it is. */
function setAside(results: readonly unknown[]): { kept: readonly unknown[]; rejected?: RejectedResult[] } {
  if (!results.some(isRejecting)) return { kept: results };
  const rejected = [...results.entries()].flatMap(([index, result]): RejectedResult[] =>
    isRejecting(result) ? [[index, result.reason]] : [],
  );
  return { kept: results.map((result) => (isRejecting(result) ? null : result)), rejected };
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
