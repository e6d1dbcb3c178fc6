// Checked by tsc alone. Of what stands here the declarations are emitted, too (published.test.ts): for that, every type that is inferred must have a name
// which the package exports.
import {
  bagTable,
  batchView,
  cached,
  deadLetter,
  filter,
  keyed,
  live,
  local,
  many,
  orderedTable,
  pipe,
  reject,
  retry,
  routeTo,
  type Session,
  store,
  table,
  view,
} from "slither-ts";
import { durable } from "slither-ts/durable";
import { remoteStore, remoteTable } from "slither-ts/redis";
import { fakeClock, faultTest, inline, recordEvents } from "slither-ts/testing";
import { z } from "zod";

interface Raw {
  readonly id: string;
  readonly text: string;
}

declare const session: Session;

const python = { module: "m", function: "f" };

// Pipes of every kind.
export const started = pipe<Raw>("started");
export const tagged = pipe<Raw, { tenant: string }>("tagged").node(
  "tag",
  (_, { metadata }) => metadata.tenant,
);
export const measured = started.node("measure", ({ text }) => text.length, { concurrency: 2 });
export const scored = measured.python<{ score: number }>("score", python);
export const checked = started.python<number>("check", {
  ...python,
  input: z.object({ id: z.string(), text: z.string() }),
});
export const shown = scored.tap("show", () => {});
export const decided = started.node("decide", ({ text }) =>
  text === "" ? filter("empty") : text === "?" ? routeTo("review") : many([text]),
);
// biome-ignore lint/suspicious/noThenProperty: that is what the option of retry() is called.
export const tolerant = scored.onError("score", retry({ then: routeTo("late") })).onError("*", "reject");
export const routed = tolerant.route("split", [["high", ({ score }) => score > 0.9]]);
export const branched = routed.branch("high", (high) => high.node("explain", ({ score }) => `${score}`));
export const merged = branched.merge("all");
export const taken = started.via(measured, { as: "left" });

// Their runs.
export const run = branched.run([]);
export const collected = await run.collect();
export const { outputs } = collected;
export const summary = await run.done;
export const batches = run.batches();
export const explained = merged.explain();
export const explainedRun = run.explain();
export const graph = merged.graph();
export const stopped = merged.run(live((async function* () {})()), { session, deadLetter: deadLetter("f") });
export const replayed = tagged.replay("f", { metadata: { tenant: "a" } });

// Stores, caches and views.
export const kept = store("kept", {
  lengths: table<string, number>(),
  ordered: orderedTable<readonly [string, number], Date>(),
  bag: bagTable<string, number>(),
});
export const stored = started.use({ kept });
export const onDisk = durable({ path: "kept" });
export const remote = await remoteStore(
  "remote",
  { lengths: remoteTable<string, number>() },
  { url: "redis://" },
);
export const lengths = cached(kept.lengths, ({ id }: Raw) => id);
export const aging = cached(kept.lengths, ({ id }: Raw) => id, { maxAge: "1h", overAge: routeTo("old") });
export const remembered = started.python("length", { ...python, cache: aging });
export const asked = view("asked", ({ key }: { key: string }) => key);
export const askedTogether = batchView("together", (keys: string[]) => keys);
export const byText = keyed({ key: ({ text }: Raw) => text });
export const bounded = reject({ max: 1 });

// Engines, sessions and refs.
export const engine = await local();
export const opened = await engine.session();
export const model = await opened.create("m", "Model");
export const twin = await opened.fork();
export const inTwin = model.in(twin);
export const shared = await engine.share(new Float64Array(1));
// @ts-expect-error: no session.
model.in({ id: "twin" });

// What tests of pipes need.
export const fakes = inline({ modules: {} });
export const clock = fakeClock();
export const events = recordEvents(run);
export const report = await faultTest(merged, []);
