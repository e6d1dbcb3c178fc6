import { type Engine, pipe, type SessionEvents, view } from "slither-ts";
import { expect, test } from "vitest";
import { asking, inlineEngine } from "./sessions.js";

const price = view("price", ({ key }: { key: number }) => {
  if (key < 0) throw new Error("negative");
  return key * 2;
});

function listen(engine: Engine): SessionEvents["view-call"][] {
  const heard: SessionEvents["view-call"][] = [];
  engine.on("view-call", (event) => heard.push(event));
  return heard;
}

test("each question of a call is told with the view, the keys and whether it was answered", async () => {
  const engine = inlineEngine({ modules: { m: asking }, views: [price] });
  const session = await engine.session({ id: "a" });
  const heard = listen(engine);

  await session.call("m", "ask", ["price", { key: 1 }]);
  await session.call("m", "ask", ["price", { keys: [1, 2] }]);
  await session.call("m", "caught", ["price", { key: -1 }]);
  await session.call("m", "caught", ["other"]);

  const durationMs = expect.any(Number);
  const of = { session: "a", run: undefined, stage: undefined, durationMs };
  expect(heard).toEqual([
    { ...of, view: "price", keys: undefined, ok: true },
    { ...of, view: "price", keys: 2, ok: true },
    { ...of, view: "price", keys: undefined, ok: false },
    { ...of, view: "other", keys: undefined, ok: false },
  ]);
});

test("a question of a run is told with the run and the stage", async () => {
  const engine = inlineEngine({ modules: { m: asking }, views: [price] });
  const session = await engine.session({ id: "a" });
  const heard = listen(engine);

  const run = pipe<number>("p")
    .python("s", { module: "m", function: "ask_all", views: ["price"] })
    .run([1, 2], { session });
  await run.collect();

  expect(heard).toMatchObject([{ session: "a", run: run.id, stage: "s", view: "price", keys: 2, ok: true }]);
});
