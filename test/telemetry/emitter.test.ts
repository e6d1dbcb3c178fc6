import { expect, test, vi } from "vitest";
import { Emitter } from "../../src/telemetry/emitter.js";

interface Events {
  "run-start": { run: string };
  "run-stop": { run: string };
}

const NAMES = ["run-start", "run-stop"] as const;

test("a listener hears the events of its name, in order", () => {
  const emitter = new Emitter<Events>(NAMES);
  const heard: string[] = [];
  emitter.on("run-start", ({ run }) => heard.push(run));
  emitter.emit("run-start", { run: "a" });
  emitter.emit("run-stop", { run: "b" });
  emitter.emit("run-start", { run: "c" });
  expect(heard).toEqual(["a", "c"]);
});

test("an event that nobody listens to is no error", () => {
  expect(() => new Emitter<Events>(NAMES).emit("run-start", { run: "a" })).not.toThrow();
});

test("a listener that was taken away hears nothing more, and the others still do", () => {
  const emitter = new Emitter<Events>(NAMES);
  const heard: string[] = [];
  const unsubscribe = emitter.on("run-start", () => heard.push("first"));
  emitter.on("run-start", () => heard.push("second"));
  unsubscribe();
  unsubscribe();
  emitter.emit("run-start", { run: "a" });
  expect(heard).toEqual(["second"]);
});

test("a function that was added twice hears twice, and is taken away once each", () => {
  const emitter = new Emitter<Events>(NAMES);
  let heard = 0;
  const listener = (): void => {
    heard += 1;
  };
  const [unsubscribe] = [emitter.on("run-start", listener), emitter.on("run-start", listener)];
  emitter.emit("run-start", { run: "a" });
  expect(heard).toBe(2);
  unsubscribe?.();
  emitter.emit("run-start", { run: "b" });
  expect(heard).toBe(3);
});

test("the next emitter hears every event, after the listeners of this one", () => {
  const engine = new Emitter<Events>(NAMES);
  const run = new Emitter<Events>(NAMES, engine);
  const heard: string[] = [];
  engine.on("run-start", () => heard.push("engine"));
  run.on("run-start", () => heard.push("run"));
  run.emit("run-start", { run: "a" });
  expect(heard).toEqual(["run", "engine"]);
});

test("what is emitted on the next emitter is not heard here", () => {
  const engine = new Emitter<Events>(NAMES);
  const run = new Emitter<Events>(NAMES, engine);
  let heard = 0;
  run.on("run-start", () => {
    heard += 1;
  });
  engine.emit("run-start", { run: "a" });
  expect(heard).toBe(0);
});

test("a listener that throws harms neither the emitter nor the others, and its error is not swallowed", () => {
  const scheduled = vi.spyOn(process, "nextTick").mockImplementation(() => {});
  try {
    const engine = new Emitter<Events>(NAMES);
    const run = new Emitter<Events>(NAMES, engine);
    const heard: string[] = [];
    const error = new Error("of the listener");
    run.on("run-start", () => {
      throw error;
    });
    run.on("run-start", () => heard.push("second"));
    engine.on("run-start", () => heard.push("engine"));
    run.emit("run-start", { run: "a" });
    expect(heard).toEqual(["second", "engine"]);
    expect(scheduled.mock.calls).toHaveLength(1);
    expect(scheduled.mock.calls[0]?.[0]).toThrow(error);
  } finally {
    scheduled.mockRestore();
  }
});

test("any number of listeners is fine: no warning of a leak", () => {
  const warnings: unknown[] = [];
  const warned = vi
    .spyOn(process, "emitWarning")
    .mockImplementation((warning) => void warnings.push(warning));
  const emitter = new Emitter<Events>(NAMES);
  for (let count = 0; count < 50; count++) emitter.on("run-start", () => {});
  warned.mockRestore();
  expect(warnings).toEqual([]);
});

test("a name that does not exist is refused, with the one that was meant", () => {
  const untyped = new Emitter<Events>(NAMES) as unknown as { on(name: string, listener: unknown): void };
  expect(() => untyped.on("run-strat", () => {})).toThrow(
    "unknown event `run-strat`, did you mean `run-start`?",
  );
  expect(() => untyped.on("run-start", "log")).toThrow(
    'expected the listener to be a function, got `"log"` (string)',
  );
});
