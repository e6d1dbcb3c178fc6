import type { StoreBackend, StoredChange, StoredEntry, StoreJournal } from "slither-ts";

/** What a test says becomes of a commit. */
export type Script = (changes: readonly StoredChange[], commit: number) => Promise<void> | void;

const name = ({ table, key }: { table: string; key: unknown }): string =>
  JSON.stringify([table, key], (_, part) => (typeof part === "bigint" ? `${part}n` : part));

/** A backend in memory that does what a script says, and remembers everything. What it keeps can be opened again. */
export class ScriptedBackend implements StoreBackend {
  readonly name = "scripted";
  readonly commits: (readonly StoredChange[])[] = [];
  readonly opened: { store: string; tables: readonly string[] }[] = [];
  closed = 0;
  script: Script;
  #kept: readonly StoredEntry[];
  readonly #running: Promise<void>[] = [];

  constructor(script: Script = () => {}, kept: readonly StoredEntry[] = []) {
    this.script = script;
    this.#kept = kept;
  }

  /** What is kept, as a process would find it that is started now. */
  get kept(): readonly StoredEntry[] {
    return this.#kept;
  }

  open(store: string, tables: readonly string[]): StoreJournal {
    this.opened.push({ store, tables });
    return {
      entries: () => this.#kept,
      commit: (changes) => this.#commit(changes),
      close: async () => {
        await Promise.allSettled(this.#running);
        this.closed += 1;
      },
    };
  }

  /** Not async: what the script throws at once comes out at once. */
  #commit(changes: readonly StoredChange[]): Promise<void> {
    const said = this.script(changes, this.commits.length);
    this.commits.push(changes);
    const running = Promise.resolve(said).then(() => {
      for (const change of changes) this.#keep(change);
    });
    this.#running.push(running);
    return running;
  }

  #keep(change: StoredChange): void {
    if (change.kind === "clear") {
      this.#kept = this.#kept.filter(({ table }) => table !== change.table);
      return;
    }
    const others = this.#kept.filter((entry) => name(entry) !== name(change));
    const { kind, ...entry } = change;
    this.#kept = kind === "put" ? [...others, entry as StoredEntry] : others;
  }
}
