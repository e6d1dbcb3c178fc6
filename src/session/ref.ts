import { Handle } from "../wire/handle.js";
import { type CallOptions, type GetOptions, NO_OPTIONS } from "./options.js";

/** What a ref needs of its session. */
export interface RefOwner {
  readonly id: string;
  callRef(ref: Ref, method: string, args: readonly unknown[], options: CallOptions): Promise<unknown>;
  getFromRef(ref: Ref, attribute: string, options: GetOptions): Promise<unknown>;
  releaseRef(ref: Ref): void;
}

/**
 * A handle on a Python object that stays in its session. It can be given as an argument to calls in that session; in any other it is refused.
 * The object is let go by `release()`, at the end of an `await using` scope, or with its session.
 */
export class Ref extends Handle implements AsyncDisposable {
  readonly id: number;
  readonly typeName: string;
  readonly #owner: RefOwner;
  #released = false;

  /** @internal Made by `session.create`. */
  constructor(owner: RefOwner, id: number, typeName: string) {
    super();
    this.#owner = owner;
    this.id = id;
    this.typeName = typeName;
  }

  get session(): string {
    return this.#owner.id;
  }

  get released(): boolean {
    return this.#released;
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
    if (this.#released) return;
    this.#released = true;
    this.#owner.releaseRef(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }
}
