import type { AllowExpired, KeyRange, TableChange, TableKey, WatchOptions } from "../../store.js";

/** What a table must be able to do. `Table` and `RemoteTable` both are one: what they give may be a promise or not. */
export interface TriedTable {
  get(key: TableKey, options?: AllowExpired): unknown;
  getMany(keys: readonly TableKey[], options?: AllowExpired): unknown;
  has(key: TableKey): boolean | Promise<boolean>;
  readonly size: number | (() => Promise<number>);
  scan(): Iterable<[TableKey, unknown]> | AsyncIterable<[TableKey, unknown]>;
  put(key: TableKey, value: unknown): Promise<void>;
  putMany(entries: Iterable<readonly [TableKey, unknown]>): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: a case knows what it has put.
  update(key: TableKey, change: (present: any) => unknown): Promise<unknown>;
  delete(key: TableKey): Promise<boolean>;
  compareAndSet(key: TableKey, expected: unknown, value: unknown): Promise<boolean>;
}

/** Capability `watch`. */
export interface WatchedTable extends TriedTable {
  watch(options?: WatchOptions<TableKey>): AsyncIterableIterator<TableChange<TableKey, unknown>>;
}

/** Capability `ordered`. */
export interface OrderedTried extends TriedTable {
  scan(range?: KeyRange<TableKey>): Iterable<[TableKey, unknown]>;
}

/** Capability `bags`. */
export interface TriedBag {
  get(key: TableKey): readonly unknown[];
  readonly size: number;
  put(key: TableKey, value: unknown): Promise<void>;
  update(key: TableKey, change: (present: readonly unknown[]) => readonly unknown[]): Promise<unknown>;
  delete(key: TableKey, ...value: [value?: unknown]): Promise<boolean>;
}

/** A table in a transaction. */
export interface TriedDraft {
  get(key: TableKey): unknown;
  put(key: TableKey, value: unknown): void;
  delete(key: TableKey): boolean;
}

/** What a load fills. */
export interface TriedFresh {
  put(key: TableKey, value: unknown): void;
}

/** A table that a case asks for. */
export interface WantedTable {
  readonly kind: "set" | "ordered" | "bag";
  /** In milliseconds; undefined: none. */
  readonly ttl: number | undefined;
}

/** The tables that a case asks for, by name. */
export type WantedTables = Readonly<Record<string, WantedTable>>;

/** A store that cases try, with what only some have. */
export interface TriedStore {
  readonly tables: Readonly<Record<string, unknown>>;
  /** Lets so many milliseconds go by: of a clock that a test moves, or by waiting. */
  advance(ms: number): void | Promise<void>;
  close(): Promise<void>;
  /** Capability `transactions`. */
  transaction?(work: (drafts: Readonly<Record<string, TriedDraft>>) => unknown): Promise<unknown>;
  /** Capability `reload`. */
  load?(fill: (fresh: Readonly<Record<string, TriedFresh>>) => void | Promise<void>): Promise<void>;
  /** Capability `persistent`: closes it, and opens what it has kept. */
  reopen?(): Promise<TriedStore>;
  /** Capability `shared`: opens the same a second time, beside it. */
  another?(): Promise<TriedStore>;
}

/** What not every store can do. */
export type Capability =
  | "inOrder"
  | "transactions"
  | "watch"
  | "ordered"
  | "bags"
  | "reload"
  | "persistent"
  | "shared";

/** What a case works with. */
export interface Stand {
  /** Opens an empty store. It is closed after the case. */
  open<Name extends string>(tables: Readonly<Record<Name, Partial<WantedTable>>>): Promise<OpenedStore<Name>>;
}

export interface OpenedStore<Name extends string>
  extends Omit<Required<TriedStore>, "tables" | "reopen" | "another"> {
  readonly tables: Readonly<Record<Name, OrderedTried & WatchedTable>>;
  readonly bags: Readonly<Record<Name, TriedBag>>;
  reopen(): Promise<OpenedStore<Name>>;
  another(): Promise<OpenedStore<Name>>;
}

/** One law, and how it is tried. */
export interface Law {
  /** A sentence. */
  readonly name: string;
  readonly needs?: readonly Capability[];
  try(stand: Stand): Promise<void>;
}
