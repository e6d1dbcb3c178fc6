import { type Engine, local, OptionsError, type Session } from "slither-ts";
import { inline } from "slither-ts/testing";
import { describe, expect, test } from "vitest";
import { sharedEngine, sharedSession } from "../helpers/engine.js";
import { rejection } from "../helpers/rejection.js";

const engine = sharedEngine();
const session = sharedSession();

/** What cannot be written in TypeScript, but in JavaScript. */
type Anything = (...args: unknown[]) => unknown;

async function problem(work: () => unknown): Promise<string> {
  return (await rejection((async () => work())(), OptionsError)).message;
}

describe("local() refuses", () => {
  test.each<[string, unknown, string]>([
    ["null", null, "expected the options to be an object, got `null`"],
    ["a misspelt option", { pyhton: "python3" }, "unknown option `pyhton`, did you mean `python`?"],
    [
      "an option that does not exist",
      { workers: 3 },
      "unknown option `workers`, expected one of `python`, `pythonPath`, `env`, `threads`, `startTimeout`, `preload`, `minIdle`, `forkserver`, `sharedMemory`, `maxSessions`, `maxProcesses`, `limits`, `views`",
    ],
    [
      "an empty interpreter",
      { python: "" },
      'expected `python` to be the path or name of a Python interpreter, got `""` (string)',
    ],
    [
      "a path that is no list",
      { pythonPath: "." },
      'expected `pythonPath` to be an array of folders, got `"."` (string)',
    ],
    [
      "a folder that does not exist",
      { pythonPath: [".", "/no/such"] },
      'expected `pythonPath[1]` to be a folder that exists, got `"/no/such"` (string)',
    ],
    [
      "a folder that is a file",
      { pythonPath: ["package.json"] },
      'expected `pythonPath[0]` to be a folder that exists, got `"package.json"` (string)',
    ],
    [
      "a URL of the web",
      { pythonPath: [new URL("https://example.org/")] },
      "expected `pythonPath[0]` to be a path or a file: URL, got an object (URL)",
    ],
    [
      "a number as folder",
      { pythonPath: [7] },
      "expected `pythonPath[0]` to be a folder: a path or a file: URL, got `7` (number)",
    ],
    [
      "a number in the environment",
      { env: { A: 1 } },
      "expected `env.A` to be a string or undefined, got `1` (number)",
    ],
    [
      "a NUL in the environment",
      { env: { A: "a\0b" } },
      'expected `env.A` to be a string without a NUL character, got `"a\\u0000b"` (string)',
    ],
    ["no environment", { env: "A=1" }, 'expected `env` to be an object of strings, got `"A=1"` (string)'],
    ["half a thread", { threads: 0.5 }, "expected `threads` to be a positive integer, got `0.5` (number)"],
    [
      "no session at all",
      { maxSessions: 0 },
      "expected `maxSessions` to be a positive integer, got `0` (number)",
    ],
    [
      "half a process",
      { maxProcesses: 1.5 },
      "expected `maxProcesses` to be a positive integer, got `1.5` (number)",
    ],
    [
      "a limit of memory without a unit that it knows",
      { limits: { memory: "1TB" } },
      'expected `limits.memory` to be a size: bytes above 0, or text such as "512MB" or "2GB", got `"1TB"` (string)',
    ],
    [
      "a misspelt limit",
      { limits: { recycle: { call: 3 } } },
      "unknown option `limits.recycle.call`, did you mean `calls`?",
    ],
    [
      "a timeout of 0",
      { startTimeout: 0 },
      'expected `startTimeout` to be a duration: milliseconds above 0, or text such as "200ms", "5s" or "1h", got `0` (number)',
    ],
  ])("%s", async (_, options, message) => {
    expect(await problem(() => (local as Anything)(options))).toBe(`local(): ${message}`);
  });

  test("everything that is wrong at once", async () => {
    const error = await rejection(local({ threads: 0, pyhton: "x" } as object), OptionsError);

    expect(error.where).toBe("local()");
    expect(error.problems).toHaveLength(2);
  });
});

describe("engine.session() refuses", () => {
  test.each<[string, unknown, string]>([
    ["a text", "a", 'expected the options to be an object, got `"a"` (string)'],
    ["an empty id", { id: "" }, 'expected `id` to be a text that is not empty, got `""` (string)'],
    ["a number as id", { id: 7 }, "expected `id` to be a text that is not empty, got `7` (number)"],
    [
      "a setup that is no function",
      { setup: "train" },
      'expected `setup` to be a function, got `"train"` (string)',
    ],
    ["a misspelt option", { setUp: () => {} }, "unknown option `setUp`, did you mean `setup`?"],
    [
      "another way to keep a state",
      { checkpoint: "never" },
      'expected `checkpoint` to be "auto" or "manual", got `"never"` (string)',
    ],
    [
      "another way to come back",
      { recovery: "silent" },
      'expected `recovery` to be "report" or "accept-rollback", got `"silent"` (string)',
    ],
    [
      "another way to be busy",
      { busy: "wait" },
      'expected `busy` to be "queue" or "fail", got `"wait"` (string)',
    ],
    [
      "a grace that is no duration",
      { limits: { cancelGrace: "soon" } },
      'expected `limits.cancelGrace` to be a duration: milliseconds above 0, or text such as "200ms", "5s" or "1h", got `"soon"` (string)',
    ],
    [
      "an id that is open",
      { id: "shared" },
      'expected `id` to be new in this engine, got "shared", which is open',
    ],
  ])("%s", async (_, options, message) => {
    const own = engine();
    if (!own.sessions.has("shared")) await own.session({ id: "shared" });

    expect(await problem(() => (own.session as Anything).call(own, options))).toBe(
      `engine.session(): ${message}`,
    );
  });

  test("an id that is being opened", async () => {
    const opening = engine().session({ id: "twice" });

    expect(await problem(() => engine().session({ id: "twice" }))).toMatch(/"twice", which is open$/);

    await opening;
  });
});

describe("session.fork() refuses", () => {
  test.each<[string, unknown, string]>([
    ["no fork at all", { count: 0 }, "expected `count` to be a positive integer, got `0` (number)"],
    ["an empty id", { id: "" }, 'expected `id` to be a text that is not empty, got `""` (string)'],
    [
      "one id for several forks",
      { id: "twin", count: 2 },
      'expected `id` to be left out where there is a `count`, got `"twin"` (string)',
    ],
    [
      "an id that is open",
      { id: "shared" },
      'expected `id` to be new in this engine, got "shared", which is open',
    ],
  ])("%s", async (_, options, message) => {
    expect(await problem(() => (session().fork as Anything).call(session(), options))).toBe(
      `session.fork(): ${message}`,
    );
  });
});

describe("close() refuses", () => {
  test.each<[string, () => Session | Engine]>([
    ["session.close()", session],
    ["engine.close()", engine],
  ])("a bad timeout of %s, and closes nothing", async (where, closable) => {
    const error = await rejection(
      (closable().close as Anything).call(closable(), { timeout: "1 min" }) as Promise<unknown>,
      OptionsError,
    );

    expect(error.message).toBe(
      `${where}: expected \`timeout\` to be a duration: milliseconds above 0, or text such as "200ms", "5s" or "1h", got \`"1 min"\` (string)`,
    );
    expect(session().state).toBe("ready");
  });
});

describe("inline() refuses", () => {
  test.each<[string, unknown, string]>([
    ["no options", undefined, "expected the options to be an object, got `undefined`"],
    ["a misspelt option", { module: {}, modules: {} }, "unknown option `module`, did you mean `modules`?"],
    [
      "a list of modules",
      { modules: [] },
      "expected `modules` to be an object of modules, got an array of 0",
    ],
    [
      "a module with a name that is no function",
      { modules: { m: { f: 1 } } },
      "expected `modules.m` to be an object of functions, or a function that makes one, got an object (Object)",
    ],
  ])("%s", async (_, options, message) => {
    expect(await problem(() => (inline as Anything)(options))).toBe(`inline(): ${message}`);
  });
});
