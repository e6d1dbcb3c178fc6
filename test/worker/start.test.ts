import { once } from "node:events";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type Engine, WorkerStartError } from "slither-ts";
import { expect, onTestFinished, test } from "vitest";
import { packr } from "../../src/wire/extensions.js";
import { frameHeader } from "../../src/wire/frame.js";
import { Kind, PROTOCOL_VERSION } from "../../src/wire/protocol.js";
import { Listener } from "../../src/worker/listener.js";
import { startWorker } from "../../src/worker/start.js";
import { testEngine } from "../helpers/engine.js";
import { nextEvent } from "../helpers/events.js";
import { isAlive } from "../helpers/processes.js";
import { rejection } from "../helpers/rejection.js";
import { temporaryFolder } from "../helpers/temporary.js";

/** An engine whose interpreter, which was a Python when the engine was made, is by now another program. */
async function engineWith(program: string, startTimeout: `${number}ms` = "20000ms"): Promise<Engine> {
  const interpreter = join(temporaryFolder(), "python");
  write(interpreter, `exec '${process.env.SLITHER_PYTHON ?? ".slither/venv/bin/python"}' "$@"`);
  const engine = await testEngine({ python: interpreter, startTimeout, forkserver: false });
  if (program === "") rmSync(interpreter);
  else write(interpreter, program);
  return engine;
}

function write(file: string, program: string): void {
  writeFileSync(file, `#!/bin/sh\n${program}\n`);
  chmodSync(file, 0o755);
}

test("a worker that ends before it is ready is told by its exit code and its last words", async () => {
  const engine = await engineWith("echo 'cannot load libpython' >&2; exit 127");

  const error = await rejection(engine.session({ id: "a" }), WorkerStartError);

  expect(error.message).toBe(
    "session a: the worker did not start: it ended before it was ready, with exit code 127; it last wrote:\n  cannot load libpython",
  );
  expect(error).toMatchObject({ session: "a", lastLines: ["cannot load libpython"] });
});

test("a worker that is killed before it is ready is told by the signal", async () => {
  const engine = await engineWith("kill -KILL $$");

  const error = await rejection(engine.session({ id: "a" }), WorkerStartError);

  expect(error.message).toBe(
    "session a: the worker did not start: it ended before it was ready, killed by SIGKILL",
  );
});

test("a worker that cannot be spawned is told by why", async () => {
  const engine = await engineWith("");

  const error = await rejection(engine.session({ id: "a" }), WorkerStartError);

  expect(error.message).toMatch(/^session a: the worker did not start: spawn .*python ENOENT$/);
  expect(error.cause).toMatchObject({ code: "ENOENT" });
});

test("a spawn that is refused on the spot is a failed start like any other", async () => {
  const listener = await Listener.open();
  onTestFinished(() => listener.close());
  const env = { TOO_LARGE: "x".repeat(4_000_000) };

  const error = await rejection(
    startWorker({
      session: "a",
      interpreter: process.execPath,
      pythonPath: [],
      env,
      memoryBytes: undefined,
      startTimeoutMs: 10_000,
      listener,
      onLog: () => {},
    }),
    WorkerStartError,
  );

  expect(error.message).toBe("session a: the worker did not start: spawn E2BIG");
});

test("a worker that does not become ready in time is killed", async () => {
  const folder = temporaryFolder();
  const engine = await engineWith(`echo $$ > '${folder}/pid'; echo started; exec sleep 600`, "500ms");

  const error = await rejection(engine.session({ id: "a" }), WorkerStartError);

  expect(error.message).toBe(
    "session a: the worker did not start: it was not ready after 500 ms (startTimeout); it last wrote:\n  started",
  );
  expect(isAlive(Number(readFileSync(join(folder, "pid"), "utf8")))).toBe(false);
});

test("a worker that is late is turned away", async () => {
  const engine = await engineWith('echo "$SLITHER_TOKEN"; echo "$3"; exit 1');
  const error = await rejection(engine.session(), WorkerStartError);
  const [token, path] = error.lastLines as [string, string];
  const socket = connect(path);
  const turnedAway = once(socket, "close");

  const hello = { protocol: PROTOCOL_VERSION, token, channel: "calls", pid: 4321, python: "3.12.1" };
  const body = packr.pack(hello);
  socket.write(Buffer.concat([frameHeader(Kind.HELLO, 0, body.byteLength), body]));

  await turnedAway;
});

test("a start that fails is told as an event, and leaves its id free", async () => {
  const engine = await testEngine({ startTimeout: "1ms", forkserver: false });
  const failure = nextEvent(engine, "session-failure");

  const error = await rejection(engine.session({ id: "a" }), WorkerStartError);

  expect(await failure).toEqual({ session: "a", pid: undefined, durationMs: expect.any(Number), error });
  expect(engine.sessions.size).toBe(0);
  expect((await rejection(engine.session({ id: "a" }), WorkerStartError)).session).toBe("a");
});
