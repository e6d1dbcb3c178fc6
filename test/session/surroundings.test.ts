import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { Session } from "slither-ts";
import { expect, test } from "vitest";
import { testEngine } from "../helpers/engine.js";
import { temporaryFolder } from "../helpers/temporary.js";

/** Files, pipes and sockets that a process has open, by what they are for the system; but for those that were given to this one. */
function openFiles(pid: number): string[] {
  const given = pid === process.pid ? [] : openFiles(process.pid);
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => {
    try {
      const file = readlinkSync(join(folder, name));
      return given.includes(file) ? [] : [file];
    } catch {
      // Closed since, as the one that lists them is.
      return [];
    }
  });
}

function tell(session: Session): Promise<Record<string, unknown>> {
  return session.call("surroundings", "tell");
}

test("50 sessions at once share nothing of what belongs to a process", { timeout: 60_000 }, async () => {
  const playground = temporaryFolder();
  const engine = await testEngine({ preload: ["surroundings"], env: { PLAYGROUND: playground } });
  const untouched = await engine.session({ id: "untouched" });
  const before = await tell(untouched);
  const sessions = await Promise.all(
    Array.from({ length: 50 }, (_, index) => engine.session({ id: `s${index}` })),
  );

  await Promise.all(
    sessions.map(async (session) => {
      await session.call("surroundings", "change", [session.id]);
      await session.call("memory", "put", ["model", session.id]);
      await session.call("surroundings", "open_file", [join(playground, `${session.id}.txt`)]);
    }),
  );

  for (const session of sessions) {
    expect(await tell(session)).toMatchObject({
      dumps: `${session.id}: 1`,
      module: session.id,
      variable: session.id,
      folder: session.id,
      filters: expect.arrayContaining([session.id]),
      ignoresSignal: true,
    });
    expect(await session.call("memory", "get", ["model"])).toBe(session.id);
  }
  const filters = await Promise.all(
    sessions.map(async (session) => (await tell(session)).filters as string[]),
  );
  const own = (index: number): string[] => filters[index]?.filter((name) => /^s\d+$/.test(name)) ?? [];
  expect(sessions.map((_, index) => own(index))).toEqual(sessions.map(({ id }) => [id]));
  expect(await tell(untouched)).toEqual(before);
});

test("no session holds a file or a socket of another", async () => {
  const folder = temporaryFolder();
  const engine = await testEngine({ preload: ["surroundings"] });
  const sessions = await Promise.all(Array.from({ length: 10 }, () => engine.session()));
  await Promise.all(
    sessions.map((session, index) =>
      session.call("surroundings", "open_file", [join(folder, `${index}.txt`)]),
    ),
  );

  const held = sessions.map(({ pid }) => openFiles(pid as number));

  const own = held.map((files) => files.filter((file) => /^(socket|pipe):|\.txt$/.test(file)));
  const all = own.flat();
  expect(new Set(all).size).toBe(all.length);
  for (const [index, files] of own.entries()) expect(files).toContain(join(folder, `${index}.txt`));
});

test("a fork shares the files that its session had open, and no socket of slither-ts", async () => {
  const folder = temporaryFolder();
  const engine = await testEngine({ preload: ["surroundings"] });
  const session = await engine.session();
  await session.call("surroundings", "open_file", [join(folder, "shared.txt")]);

  const twin = await session.fork();

  const [original, copy] = [session, twin].map(({ pid }) => openFiles(pid as number)) as [string[], string[]];
  expect(copy).toContain(join(folder, "shared.txt"));
  const sockets = (files: string[]): string[] => files.filter((file) => /^(socket|pipe):/.test(file));
  expect(sockets(copy).filter((socket) => sockets(original).includes(socket))).toEqual([]);
});

test("a session starts in the folder and with the environment of Node, but for what local() says", async () => {
  const engine = await testEngine({ env: { SESSION_NAME: "from local()" } });
  const session = await engine.session();

  expect(await session.call("process", "variable", ["SESSION_NAME"])).toBe("from local()");
  expect(await session.call("os", "getcwd")).toBe(process.cwd());
  expect(await session.call("process", "variable", ["PATH"])).toBe(process.env.PATH);
});
