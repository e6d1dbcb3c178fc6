import { RefError } from "../errors/session.js";
import { Handle } from "../wire/handle.js";
import { type CallOptions, type GetOptions, NO_OPTIONS } from "./options.js";

/** What a ref needs of its session. */
export interface RefOwner {
  readonly id: string;
  /** Which session it is; an id may name several, one after the other or on several engines. */
  readonly lifecycle: object;
  callRef(ref: Ref, method: string, args: readonly unknown[], options: CallOptions): Promise<unknown>;
  getFromRef(ref: Ref, attribute: string, options: GetOptions): Promise<unknown>;
  releaseRef(ref: Ref): void;
}

/** What a ref needs of a fork of its session. */
export interface RefCopies {
  readonly id: string;
  copyOf(ref: Ref): Ref | undefined;
}

let note: ((ref: Ref) => void) | undefined;

/**
 * Does `work`, and says which refs it has read the numbers of.
 *
 * @param check is called with each; what it throws, `work` meets.
 */
export function notingRefs<Result>(
  work: () => Result,
  check: (ref: Ref) => void,
): { result: Result; refs: readonly Ref[] } {
  const refs = new Set<Ref>();
  note = (ref) => {
    check(ref);
    refs.add(ref);
  };
  try {
    return { result: work(), refs: [...refs] };
  } finally {
    note = undefined;
  }
}

/**
 * A handle on a Python object that stays in its session. It can be given as an argument to calls in that session; in any other it is refused.
 * The object is let go by `release()`, at the end of an `await using` scope, or with its session.
 */
export class Ref extends Handle implements AsyncDisposable {
  readonly typeName: string;
  readonly #id: number;
  readonly #owner: RefOwner;
  #released = false;
  /** Why there is no such object any more, but for its release. */
  #lost: string | undefined;

  /** @internal Made by `session.create`, and by `session.fork` for what its session holds. */
  constructor(owner: RefOwner, id: number, typeName: string) {
    super();
    this.#owner = owner;
    this.#id = id;
    this.typeName = typeName;
  }

  get id(): number {
    note?.(this);
    return this.#id;
  }

  get session(): string {
    return this.#owner.id;
  }

  /** @internal Whether this is the session that holds the object. */
  isHeldBy(lifecycle: object): boolean {
    return this.#owner.lifecycle === lifecycle;
  }

  /** Whether it cannot be used any more: it was released, or its object is gone. */
  get released(): boolean {
    return this.#released || this.#lost !== undefined;
  }

  /** @internal The number of the object. @throws RefError when the ref cannot be used any more. */
  get usableId(): number {
    const problem = this.loss ?? (this.#released ? this.#problem("was released") : undefined);
    if (problem !== undefined) throw problem;
    return this.id;
  }

  /** @internal What a call that was made with this ref fails with, when the object is gone meanwhile. Its release does not affect such a call. */
  get loss(): RefError | undefined {
    return this.#lost === undefined ? undefined : this.#problem(this.#lost);
  }

  /**
   * Calls a method of the object; the empty name calls the object itself. A method that gives back the object (as scikit-learn's `fit` does)
   * gives back this ref.
   *
   * @throws as `session.call`.
   */
  call<Result = unknown>(
    method: string,
    args: readonly unknown[] = [],
    options: CallOptions = NO_OPTIONS,
  ): Promise<Result> {
    return this.#owner.callRef(this, method, args, options) as Promise<Result>;
  }

  /** The value of an attribute, for example `coef_`. @throws as `session.call`. */
  get<Result = unknown>(attribute: string, options: GetOptions = NO_OPTIONS): Promise<Result> {
    return this.#owner.getFromRef(this, attribute, options) as Promise<Result>;
  }

  /** Lets the object go. Calls that were made before are not affected; later uses of the ref are refused. */
  release(): void {
    if (this.released) return;
    this.#released = true;
    this.#owner.releaseRef(this);
  }

  /**
   * The same object in a fork of this ref's session, as it was when the fork was made, with a future of its own.
   *
   * @throws RefError when `fork` is no fork of this session, or was made before this ref.
   *
   * @example
   * const twin = await session.fork();
   * await model.in(twin).call("fit", [X, y]);   // `model` itself is not touched
   */
  in(fork: RefCopies): Ref {
    const copy = fork.copyOf(this);
    if (copy !== undefined) return copy;
    throw new RefError(
      `session ${fork.id} has no copy of the ${this.typeName} of session ${this.session}: expected a fork of ${this.session} that was made while this ref was held`,
      this.session,
    );
  }

  /** @internal The object is gone; `why` as in "was released". */
  lose(why: string): void {
    this.#lost ??= why;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }

  #problem(what: string): RefError {
    return new RefError(
      `session ${this.session}: the ref to the ${this.typeName} ${what} and cannot be used any more`,
      this.session,
    );
  }
}
