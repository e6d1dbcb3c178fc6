// Checked by tsc alone: an error that is expected and does not come is an error itself.
import type { Engine, Ref, Session, SessionState } from "slither-ts";
import { local } from "slither-ts";
import { expectTypeOf } from "vitest";

declare const engine: Engine;
declare const session: Session;
declare const ref: Ref;

// One fork, or a family.
expectTypeOf(session.fork()).resolves.toEqualTypeOf<Session>();
expectTypeOf(session.fork({ id: "twin", reseed: true })).resolves.toEqualTypeOf<Session>();
expectTypeOf(session.fork({ count: 3 })).resolves.toEqualTypeOf<Session[]>();
// @ts-expect-error: forks that are made together cannot have one id.
void session.fork({ count: 3, id: "twin" });
// @ts-expect-error: a number.
void session.fork({ count: "3" });
expectTypeOf(ref.in(session)).toEqualTypeOf<Ref>();

expectTypeOf(session.checkpoint()).resolves.toEqualTypeOf<void>();
expectTypeOf(session.state).toEqualTypeOf<SessionState>();
// @ts-expect-error: a state that does not exist.
expectTypeOf(session.state === "dead").toBeBoolean();

// Options of a session.
void engine.session({
  id: "a",
  setup: (opened) => opened.call("model", "train"),
  checkpoint: "manual",
  recovery: "accept-rollback",
  busy: "fail",
  limits: {
    memory: "1GB",
    idle: "10m",
    recycle: { calls: 1_000, age: "1h", memory: "500MB" },
    cancelGrace: "1s",
  },
  queueTimeout: "5s",
});
// @ts-expect-error: a way that does not exist.
void engine.session({ checkpoint: "never" });
// @ts-expect-error: a way that does not exist.
void engine.session({ recovery: "ignore" });
// @ts-expect-error: no size.
void engine.session({ limits: { memory: "much" } });
// @ts-expect-error: a limit that does not exist.
void engine.session({ limits: { cpu: 1 } });

// Options of an engine.
void local({
  preload: ["numpy"],
  minIdle: 2,
  forkserver: true,
  maxSessions: 10,
  maxProcesses: 30,
  limits: { idle: "1m" },
});
// @ts-expect-error: names of modules.
void local({ preload: "numpy" });
// @ts-expect-error: a number.
void local({ maxProcesses: "30" });

// A call that may be repeated.
void session.call("model", "predict", [], { idempotent: true });
// @ts-expect-error: true or false.
void session.call("model", "predict", [], { idempotent: 1 });
