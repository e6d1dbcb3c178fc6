import { RefError } from "../errors/session.js";
import { Ref, type RefOwner } from "./ref.js";

/** The refs of one session, by the number under which the worker holds each object. */
export class RefTable {
  readonly #session: string;
  readonly #refs = new Map<number, Ref>();
  #owner: RefOwner | undefined;

  constructor(session: string) {
    this.#session = session;
  }

  /** The session that the refs call through; it is made after the table, because its worker needs the table. */
  attach(owner: RefOwner): void {
    this.#owner = owner;
  }

  add(id: number, typeName: string): Ref {
    const ref = new Ref(this.#owner as RefOwner, id, typeName);
    this.#refs.set(id, ref);
    return ref;
  }

  remove(ref: Ref): void {
    this.#refs.delete(ref.id);
  }

  clear(): void {
    this.#refs.clear();
  }

  /** The ref behind a number that the worker names. */
  resolve(id: number): Ref {
    const ref = this.#refs.get(id);
    if (ref === undefined)
      throw new RefError(
        `session ${this.#session}: the worker named object ${id}, which was released`,
        this.#session,
      );
    return ref;
  }

  /** The number of a ref that may still be used. */
  usable(ref: Ref): number {
    if (!ref.released) return ref.id;
    throw new RefError(
      `session ${this.#session}: the ref to the ${ref.typeName} was released and cannot be used any more`,
      this.#session,
    );
  }
}
