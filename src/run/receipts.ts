import { AcknowledgeError } from "../errors/acknowledge.js";
import type { Item, ItemId } from "../stage/item.js";
import { untilStopped } from "../stopping.js";
import { type Delivery, requireDelivery } from "./live.js";
import type { MakeItem } from "./source.js";

/** What became of the deliveries of a live source. */
export interface LiveSummary {
  /** Of how many `ack` was called. */
  readonly acknowledged: number;
  /** Of how many `nack` was called: they were given back to the source. */
  readonly returned: number;
  /**
   * Those given back of which something had been given out or rejected before, and those whose `ack` has failed or was not answered in time: what the source
   * delivers again may have had its effect already.
   */
  readonly mayComeTwice: readonly ItemId[];
}

/** With so many calls of `ack` that have not come back, no more is taken from the source. */
const MOST_PENDING = 1_000;

/** A delivery, and what its record is called. */
interface Known {
  readonly id: ItemId;
  readonly delivery: Delivery<unknown>;
}

/** A delivery whose outcome is open. */
interface Receipt extends Known {
  /** How many records that were made of it have no outcome yet. */
  open: number;
  /** Whether something of it was given out or rejected. */
  isSeen: boolean;
}

/** What the source is told of a delivery. */
interface Call extends Known {
  readonly name: "ack" | "nack";
  readonly reason?: unknown;
}

/**
 * The deliveries of a live source, each until its outcome is final. A record is known by its notes, which are the same object from the source to its end.
 */
export class Receipts {
  readonly #open = new Map<object, Receipt>();
  /** What was called and has not come back. */
  readonly #pending = new Map<Promise<void>, Call>();
  #room: { readonly promise: Promise<void>; readonly open: () => void } | undefined;
  readonly #failing = new AbortController();
  /** Aborted, with an AcknowledgeError, when the source could not be told. */
  readonly failed: AbortSignal = this.#failing.signal;
  #acknowledged = 0;
  #returned = 0;
  readonly #mayComeTwice: ItemId[] = [];

  get summary(): LiveSummary {
    return {
      acknowledged: this.#acknowledged,
      returned: this.#returned,
      mayComeTwice: [...this.#mayComeTwice],
    };
  }

  /** Makes items of deliveries, as `makeItem` does of their records. */
  making(makeItem: MakeItem): MakeItem {
    return (value, position) => {
      const delivery = requireDelivery(value);
      try {
        const item = makeItem(delivery.record, position);
        this.#open.set(item.meta, { id: item.id, delivery, open: 1, isSeen: false });
        return item;
      } catch (error) {
        this.#giveBack({ id: position, delivery }, error);
        throw error;
      }
    };
  }

  /** Several records were made of one. */
  divided({ meta }: Pick<Item, "meta">, children: readonly Item[]): void {
    const receipt = this.#open.get(meta);
    if (receipt === undefined) return;
    this.#open.delete(meta);
    receipt.open += children.length - 1;
    for (const child of children) this.#open.set(child.meta, receipt);
  }

  /** Something of a record was given out or rejected, and may not have been dealt with. */
  shown({ meta }: Pick<Item, "meta">): void {
    const receipt = this.#open.get(meta);
    if (receipt !== undefined) receipt.isSeen = true;
  }

  /** What was given out or rejected has been dealt with. */
  closed(item: Pick<Item, "meta">): void {
    this.shown(item);
    this.leftOut(item);
  }

  /** Nothing more comes of a record. */
  leftOut({ meta }: Pick<Item, "meta">): void {
    const receipt = this.#open.get(meta);
    if (receipt === undefined) return;
    this.#open.delete(meta);
    receipt.open -= 1;
    if (receipt.open > 0) return;
    this.#acknowledged += 1;
    this.#tell({ ...receipt, name: "ack" });
  }

  /** What came when nobody wanted it any more. */
  refused(value: unknown): void {
    this.#giveBack({ id: "(not taken)", delivery: requireDelivery(value) }, undefined);
  }

  /** Undefined when there is room for more; else resolves when there is. */
  room(): Promise<void> | undefined {
    if (this.#pending.size < MOST_PENDING) return undefined;
    if (this.#room === undefined) {
      let open = (): void => {};
      const promise = new Promise<void>((resolve) => {
        open = resolve;
      });
      this.#room = { promise, open };
    }
    return this.#room.promise;
  }

  /**
   * The run is over: what has no outcome goes back to the source, which is waited for.
   *
   * @param tooLate aborted when it is waited for no longer. An `ack` that was not answered by then may have come to nothing.
   * @throws AcknowledgeError when the source could not be told.
   */
  async end(reason: unknown, tooLate?: AbortSignal): Promise<void> {
    for (const receipt of new Set(this.#open.values())) {
      if (receipt.isSeen) this.#mayComeTwice.push(receipt.id);
      this.#giveBack(receipt, reason);
    }
    this.#open.clear();
    await this.#told(tooLate);
    for (const { name, id } of this.#pending.values()) if (name === "ack") this.#mayComeTwice.push(id);
    this.failed.throwIfAborted();
  }

  async #told(tooLate: AbortSignal | undefined): Promise<void> {
    const told = Promise.all(this.#pending.keys());
    // What is told never rejects: only that it is too late does.
    await (tooLate === undefined ? told : untilStopped(told, tooLate).catch(() => {}));
  }

  #giveBack(known: Known, reason: unknown): void {
    this.#returned += 1;
    this.#tell({ ...known, name: "nack", reason });
  }

  #tell(call: Call): void {
    const telling = this.#call(call).finally(() => {
      this.#pending.delete(telling);
      if (this.#pending.size < MOST_PENDING) this.#openRoom();
    });
    this.#pending.set(telling, call);
  }

  #openRoom(): void {
    this.#room?.open();
    this.#room = undefined;
  }

  /** A function of the user's may also throw at once. */
  async #call({ id, delivery, name, reason }: Call): Promise<void> {
    try {
      if (name === "ack") await delivery.ack();
      else await delivery.nack(reason);
    } catch (cause) {
      if (name === "ack") this.#mayComeTwice.push(id);
      this.#failing.abort(new AcknowledgeError(id, name, cause));
    }
  }
}
