import { execFile } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { open as openLmdb } from "lmdb";
import { OptionsError, type StoredEntry, StoreError, store, table, ValueNotSupportedError } from "slither-ts";
import { durable } from "slither-ts/durable";
import { openLocally, tableConformance } from "slither-ts/testing";
import { describe, expect, test } from "vitest";
import { loadLmdb } from "../../../src/stores/durable/load-lmdb.js";
import { runScript } from "../../helpers/node-script.js";
import { rejection, thrown } from "../../helpers/rejection.js";
import { temporaryFolder } from "../../helpers/temporary.js";
import { CAPABILITIES, triedOf } from "../conformance.js";
import { expectKept, readNumbers, writeAndKill } from "./killed.js";

const run = promisify(execFile);

const cases = tableConformance({
  open: (tables) => openLocally(tables, durable({ path: temporaryFolder() })),
  capabilities: { ...CAPABILITIES.local, persistent: true },
});

describe("tables on disk", () => {
  test.each(triedOf(cases))("$name", ({ run }) => run() as Promise<never>);
});

const put = (table: string, key: number, value: unknown = key) =>
  ({ kind: "put", table, key, value, writtenAt: key }) as const;

const keysOf = (entries: Iterable<StoredEntry>): string[] =>
  Array.from(entries, ({ table, key }) => `${table} ${key}`);

test("an acknowledged write outlives a process that is killed, and no transaction is kept by half", async () => {
  const path = temporaryFolder();
  const counts = [1, 40, 333];
  for (const [round, count] of counts.entries()) {
    const killed = await writeAndKill(path, round * 100_000, count);
    expectKept(await readNumbers(path), killed);
  }
});

test("a second process is refused, and told who has the store open", async () => {
  const path = temporaryFolder();
  const holder = runScript("durable-holder", [path]);
  expect(await holder.firstLine).toBe("open");
  const error = thrown(() => durable({ path }).open("mine", ["held"]), StoreError);
  expect(error).toMatchObject({ reason: "in-use", store: "mine" });
  expect(error.message).toContain(`process ${holder.child.pid} has it open`);
});

test("what a process that is gone had open is taken over", async () => {
  const path = temporaryFolder();
  const holder = runScript("durable-holder", [path]);
  await holder.firstLine;
  holder.child.kill("SIGKILL");
  await holder.ended;
  const { held } = store("mine", { held: table<string, number>() }, { backend: durable({ path }) });
  expect(held.get("by")).toBe(holder.child.pid);
});

test("a process that has the number of one that is gone does not hold its store", async () => {
  const path = temporaryFolder();
  await durable({ path }).open("mine", []).close();
  const root = openLmdb({ path, noSubdir: false, overlappingSync: false });
  const facts = root.openDB({ name: "about", encoding: "json" });
  // This process, but for when it was started.
  await facts.put("owner", { pid: process.pid, startedAt: "1", boot: "another" });
  await root.close();
  const journal = durable({ path }).open("mine", []);
  await journal.close();
});

test("a second store of this process is refused until the first is closed", async () => {
  const path = temporaryFolder();
  const first = durable({ path }).open("first", []);
  const samePath = join(temporaryFolder(), "link");
  symlinkSync(path, samePath);
  const error = thrown(() => durable({ path: samePath }).open("second", []), StoreError);
  expect(error).toMatchObject({ reason: "in-use", store: "second" });
  expect(error.message).toContain(`this process (pid ${process.pid}) has it open already`);
  await first.close();
  await durable({ path }).open("second", []).close();
});

test.runIf(existsSync("/proc/self"))(
  "a place where the system takes no folders is refused with its path, and not tried for ever",
  () => {
    const error = thrown(() => durable({ path: "/proc/slither" }).open("mine", []), StoreError);
    expect(error).toMatchObject({ reason: "open-failed", store: "mine" });
    expect(error.message).toContain("/proc/slither cannot be opened: ENOENT");
  },
);

test("entries of all tables come in the order in which they were last written", async () => {
  const path = temporaryFolder();
  const first = durable({ path }).open("mine", ["a", "b"]);
  await first.commit([put("b", 1), put("a", 2), put("b", 3)]);
  await first.commit([put("b", 1, "again")]);
  await first.close();
  const second = durable({ path }).open("mine", ["a", "b"]);
  expect(keysOf(second.entries())).toEqual(["a 2", "b 3", "b 1"]);
  // What is written now comes after what was there.
  await second.commit([put("a", 4), { kind: "delete", table: "b", key: 3 }]);
  expect(keysOf(second.entries())).toEqual(["a 2", "b 1", "a 4"]);
  await second.close();
});

test("a commit is in the order of its changes: what is put after a clear is there", async () => {
  const journal = durable({ path: temporaryFolder() }).open("mine", ["a", "b"]);
  await journal.commit([put("a", 1), put("b", 1)]);
  await journal.commit([put("a", 2), { kind: "clear", table: "a" }, put("a", 3)]);
  expect(keysOf(journal.entries())).toEqual(["b 1", "a 3"]);
  await journal.close();
});

test("commits that are not waited for are kept in the order of the calls", async () => {
  const journal = durable({ path: temporaryFolder() }).open("mine", ["a"]);
  const commits = Array.from({ length: 50 }, (_, index) =>
    journal.commit([put("a", 1, index), put("a", 100 + index)]),
  );
  await Promise.all(commits);
  const entries = [...journal.entries()];
  expect(entries.find(({ key }) => key === 1)?.value).toBe(49);
  expect(entries).toHaveLength(51);
  await journal.close();
});

test("closing waits for the commits that are under way", async () => {
  const path = temporaryFolder();
  const first = durable({ path }).open("mine", ["a"]);
  const commits = Array.from({ length: 20 }, (_, index) => first.commit([put("a", index)]));
  await first.close();
  await Promise.all(commits);
  const second = durable({ path }).open("mine", ["a"]);
  expect([...second.entries()]).toHaveLength(20);
  await second.close();
});

test("a closed journal takes no more commits", async () => {
  const journal = durable({ path: temporaryFolder() }).open("mine", ["a"]);
  await journal.close();
  await journal.close();
  expect(await rejection(journal.commit([put("a", 1)]), StoreError)).toMatchObject({ reason: "closed" });
});

test("a value that cannot be kept is refused at once, and its commit is not kept by half", async () => {
  const journal = durable({ path: temporaryFolder() }).open("mine", ["a"]);
  const refused = thrown(
    () => void journal.commit([put("a", 1), put("a", 2, { when: () => 1 })]),
    ValueNotSupportedError,
  );
  expect(refused).toMatchObject({ path: "value.when", typeName: "function", direction: "stored" });
  expect([...journal.entries()]).toEqual([]);
  await journal.close();
});

test("a value is read before commit() returns", async () => {
  const journal = durable({ path: temporaryFolder() }).open("mine", ["a"]);
  const value = { count: 1 };
  const kept = journal.commit([put("a", 1, value)]);
  value.count = 2;
  await kept;
  expect([...journal.entries()].map((entry) => entry.value)).toEqual([{ count: 1 }]);
  await journal.close();
});

test("a table that a store has no more stays on disk, for when it has it again", async () => {
  const path = temporaryFolder();
  const first = durable({ path }).open("mine", ["a", "b ü*/"]);
  await first.commit([put("a", 1), put("b ü*/", 2)]);
  await first.close();
  const second = durable({ path }).open("mine", ["a"]);
  expect(keysOf(second.entries())).toEqual(["a 1"]);
  await second.close();
  const third = durable({ path }).open("mine", ["b ü*/"]);
  expect(keysOf(third.entries())).toEqual(["b ü*/ 2"]);
  await third.close();
});

test("files of another format are not read", async () => {
  const path = temporaryFolder();
  await durable({ path }).open("mine", []).close();
  const root = openLmdb({ path, noSubdir: false, overlappingSync: false });
  await root.openDB({ name: "about", encoding: "json" }).put("format", 2);
  await root.close();
  const error = thrown(() => durable({ path }).open("mine", []), StoreError);
  expect(error).toMatchObject({ reason: "open-failed" });
  expect(error.message).toContain("to have format 1, got 2");
});

test("a folder that cannot be made is told with its path", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "file"), "");
  const path = join(folder, "file", "store");
  const error = thrown(() => durable({ path }).open("mine", []), StoreError);
  expect(error).toMatchObject({ reason: "open-failed" });
  expect(error.message).toContain(path);
});

test("files that are none of LMDB are told as such", () => {
  const path = temporaryFolder();
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "data.mdb"), "x".repeat(10_000));
  expect(thrown(() => durable({ path }).open("mine", []), StoreError)).toMatchObject({
    reason: "open-failed",
  });
});

test("a full disk rejects the write and ends nothing, and what was kept before is there", async () => {
  const path = temporaryFolder();
  // The largest file that the process may write stands for the disk.
  const limited = ['trap "" XFSZ; ulimit -f 2000; exec "$@"', "sh", process.execPath, "--import", "tsx"];
  const { stdout } = await run("sh", ["-c", ...limited, "test/fixtures/node/durable-full.ts", path]);
  const [reasons, kept] = stdout.trim().split(" ");
  expect(reasons).toBe("write-failed,write-failed");
  await using again = store("full", { large: table<number, Uint8Array>() }, { backend: durable({ path }) });
  expect(Array.from(again.large, ([key]) => key)).toEqual(
    Array.from({ length: Number(kept) }, (_, key) => key),
  );
});

test("without the package the error says how to get it", () => {
  const missing = (): never => {
    throw Object.assign(new Error("Cannot find module 'lmdb'"), { code: "MODULE_NOT_FOUND" });
  };
  const error = thrown(() => loadLmdb(missing), StoreError);
  expect(error).toMatchObject({ reason: "open-failed" });
  expect(error.message).toContain("run `npm install lmdb`");
});

test.each([[{}], [{ path: "" }], [{ path: 7 }], [{ path: "a", sync: true }], [undefined]])(
  "wrong options are refused: %o",
  (options) => {
    expect(() => durable(options as never)).toThrow(OptionsError);
  },
);
