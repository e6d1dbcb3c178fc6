import { RefError } from "../errors/session.js";
import { Ref, type RefOwner } from "./ref.js";

/** The refs of one session, by the number under which the worker holds each object. */
export class RefTable {
  readonly #session: string;
  /** The session whose objects these are, or are copies of. */
  #lifecycle: object;
  readonly #refs = new Map<number, Ref>();
  /** The table of the session that this one is a copy of, and what its refs are called here. */
  #original: RefTable | undefined;
  readonly #copies = new WeakMap<Ref, Ref>();

  constructor(session: string, lifecycle: object) {
    this.#session = session;
    this.#lifecycle = lifecycle;
  }

  /** A table without refs, for the same session. */
  empty(): RefTable {
    return new RefTable(this.#session, this.#lifecycle);
  }

  /** The numbers that are held. */
  get ids(): ReadonlySet<number> {
    return new Set(this.#refs.keys());
  }

  add(owner: RefOwner, id: number, typeName: string): Ref {
    const ref = new Ref(owner, id, typeName);
    this.#refs.set(id, ref);
    return ref;
  }

  /** Forgets a ref; false when it is not held here, or its number means another object by now. */
  remove(ref: Ref): boolean {
    return this.#refs.get(ref.id) === ref && this.#refs.delete(ref.id);
  }

  /** Every object is gone; `why` completes "the ref … cannot be used any more: ". */
  lose(why: string): void {
    for (const ref of this.#refs.values()) ref.lose(why);
    this.#refs.clear();
  }

  /** Only these objects are still there; gives back those of them that nobody holds a ref on any more. */
  keepOnly(ids: ReadonlySet<number>, why: string): number[] {
    for (const [id, ref] of this.#refs) {
      if (ids.has(id)) continue;
      ref.lose(why);
      this.#refs.delete(id);
    }
    return [...ids].filter((id) => !this.#refs.has(id));
  }

  /** Takes over what a copied session holds: the same objects, under refs of this session. */
  copyFrom(original: RefTable, owner: RefOwner): void {
    this.#original = original;
    this.#lifecycle = owner.lifecycle;
    for (const [id, ref] of original.#refs) this.#copies.set(ref, this.add(owner, id, ref.typeName));
  }

  /** This session's ref to the object that `ref` means in a session that this one is a copy of. */
  copyOf(ref: Ref): Ref | undefined {
    const own = this.#copies.get(ref);
    if (own !== undefined) return own;
    const between = this.#original?.copyOf(ref);
    return between && this.#copies.get(between);
  }

  /** @throws RefError for a ref of another session of the same id: here its number would mean another object. */
  require(ref: Ref): void {
    if (ref.isHeldBy(this.#lifecycle)) return;
    throw new RefError(
      `a ref to the ${ref.typeName} of a session ${this.#session} was used in another one of that id, which was opened later or by another engine; an object stays in its session`,
      this.#session,
    );
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
}
