import { MemoryLimitError, type SlitherError, WorkerDiedError } from "slither-ts";
import { inline } from "slither-ts/testing";
import { expect, onTestFinished, test } from "vitest";

const death = {
  session: "x",
  pid: 1,
  signal: "SIGKILL",
  exitCode: null,
  during: undefined,
  lastLines: [],
} as const;
const ERRORS: Record<string, SlitherError> = {
  WorkerDiedError: new WorkerDiedError(death),
  MemoryLimitError: new MemoryLimitError(death, { usedBytes: 2, limitBytes: 1 }),
};

test.each(Object.keys(ERRORS))(
  "a fake that throws a %s fails its call with that, and its session goes on",
  async (name) => {
    const modules = {
      fake: {
        fail: () => {
          throw ERRORS[name];
        },
        work: () => "done",
      },
    };
    const engine = inline({ modules });
    onTestFinished(() => engine.close({ timeout: 1 }));
    const session = await engine.session();

    const failing = session.call("fake", "fail");
    const working = session.call("fake", "work");

    await expect(failing).rejects.toBe(ERRORS[name]);
    expect(await working).toBe("done");
    expect(session.state).toBe("ready");
  },
);
