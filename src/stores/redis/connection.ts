import type { Clock } from "../../clock.js";
import { StoreError } from "../../errors/store.js";
import type { RemoteClient } from "./options.js";

/** Whether a command changes anything. A write that fails may have done so all the same. */
type Effect = "read" | "write";

/** The number of a type of the protocol, as `typeMapping` has it: texts come as Buffers. */
const TEXTS_AS_BUFFERS = { 36: Buffer };

const LATE = Symbol("late");

/** The errors of a client that has not sent the command. */
const NOT_SENT = ["AbortError", "ClientClosedError", "ClientOfflineError"];

export interface ConnectionParts {
  readonly store: string;
  readonly client: RemoteClient;
  readonly clock: Clock;
  readonly commandTimeout: number;
  /** Ends the connection, where it is the store's own. */
  end(): void;
}

/** Sends commands, none of which takes longer than its time, and says what went wrong in the words of the store. */
export class Connection {
  readonly store: string;
  readonly #parts: ConnectionParts;
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(parts: ConnectionParts) {
    this.store = parts.store;
    this.#parts = parts;
  }

  /** @throws StoreError: `unreachable`, `closed`, and what the server has against it. */
  async send(effect: Effect, command: readonly (string | Buffer)[]): Promise<unknown> {
    if (this.#closing !== undefined) throw new StoreError(this.store, "closed", "it was closed");
    const sent = this.#send(effect, command);
    this.#running.add(sent);
    try {
      return await sent;
    } finally {
      this.#running.delete(sent);
    }
  }

  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#running).then(() => this.#parts.end());
    return this.#closing;
  }

  async #send(effect: Effect, command: readonly (string | Buffer)[]): Promise<unknown> {
    const { client, clock, commandTimeout } = this.#parts;
    const [giveUp, answered] = [new AbortController(), new AbortController()];
    const options = { typeMapping: TEXTS_AS_BUFFERS, abortSignal: giveUp.signal };
    const late = clock.sleep(commandTimeout, answered.signal).then(
      () => LATE,
      () => LATE,
    );
    try {
      const reply = client.sendCommand(command, options);
      const first = await Promise.race([reply, late]);
      if (first !== LATE) return first;
      giveUp.abort();
      throw await this.#late(effect, reply);
    } catch (error) {
      throw error instanceof StoreError ? error : this.#failure(effect, error);
    } finally {
      answered.abort();
    }
  }

  /** A command that was given up rejects at once where it was not sent yet; then it never will be. */
  async #late(effect: Effect, reply: Promise<unknown>): Promise<StoreError> {
    const nextRound = new Promise<false>((resolve) => setImmediate(resolve, false));
    const wasUnsent = await Promise.race([reply.then(() => false, isUnsent), nextRound]);
    const what = `it did not answer within ${this.#parts.commandTimeout} ms (commandTimeout)`;
    return unreachable(this.store, what + outcomeOf(effect, wasUnsent), undefined);
  }

  #failure(effect: Effect, error: unknown): StoreError {
    const { message } = error as Error;
    if (isFromServer(error)) {
      const [reason, what] =
        effect === "write" ? (["write-failed", "write"] as const) : (["open-failed", "read"] as const);
      return new StoreError(this.store, reason, `the server refused a ${what}: ${message}`, error);
    }
    return unreachable(this.store, message + outcomeOf(effect, isUnsent(error)), error);
  }
}

function outcomeOf(effect: Effect, wasUnsent: boolean): string {
  if (effect === "read") return "";
  return wasUnsent ? "; nothing was written" : "; the write may have happened or not";
}

export function unreachable(store: string, what: string, cause: unknown): StoreError {
  return new StoreError(store, "unreachable", `the server cannot be reached: ${what}`, cause);
}

/** Whether it is the server's own answer. By name: a client of the caller may have classes of another copy of the package. */
export function isFromServer(error: unknown): boolean {
  return classesOf(error).includes("ErrorReply");
}

function isUnsent(error: unknown): boolean {
  return classesOf(error).some((name) => NOT_SENT.includes(name));
}

function classesOf(error: unknown): string[] {
  const names: string[] = [];
  for (let each: unknown = error; each !== null && each !== undefined; each = Object.getPrototypeOf(each))
    names.push((each as { constructor?: { name?: string } }).constructor?.name ?? "");
  return names;
}
