import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { local, pipe } from "slither-ts";
import { inline, recordEvents } from "slither-ts/testing";
import { afterEach, expect, test } from "vitest";
import { ENGINE_EVENTS } from "../../src/telemetry/events.js";

interface Published {
  readonly name: string;
  readonly event: unknown;
}

const subscriptions: (() => void)[] = [];

afterEach(() => {
  for (const end of subscriptions.splice(0)) end();
});

/** What is published from here on, on the channels of all events. */
function publications(): Published[] {
  const published: Published[] = [];
  for (const name of ENGINE_EVENTS) {
    const hear = (event: unknown): void => {
      published.push({ name, event });
    };
    subscribe(`slither-ts:${name}`, hear);
    subscriptions.push(() => unsubscribe(`slither-ts:${name}`, hear));
  }
  return published;
}

const modules = { model: { double: (payloads: number[]) => payloads.map((n) => n * 2) } };

test("what listeners of an engine hear is published once, and it is the same object", async () => {
  const published = publications();
  const engine = inline({ modules });
  const heard = recordEvents(engine);
  const session = await engine.session();
  const run = pipe<number>("scoring")
    .python<number>("predict", { module: "model", function: "double", batch: { size: 2 } })
    .run([1, 2, 3], { session });
  await run.collect();
  await engine.close();
  expect(published.map(({ name }) => name)).toContain("batch-stop");
  expect(published).toEqual(heard.events);
  for (const [index, { event }] of published.entries()) expect(event).toBe(heard.events[index]?.event);
});

test("a run without a session is published, too", async () => {
  const published = publications();
  const run = pipe<number>("p")
    .node("clean", (n) => n)
    .run([1]);
  const heard = recordEvents(run);
  await run.collect();
  expect(heard.events.length).toBeGreaterThan(0);
  expect(published).toEqual(heard.events);
});

test("an engine of Python processes publishes", async () => {
  const published = publications();
  await using engine = await local();
  const session = await engine.session({ id: "a" });
  expect(published).toContainEqual({
    name: "session-start",
    event: expect.objectContaining({ session: "a", pid: session.pid }),
  });
});

test("a subscriber that left hears nothing more", async () => {
  const published = publications();
  for (const end of subscriptions.splice(0)) end();
  await pipe<number>("p").run([1]).collect();
  expect(published).toEqual([]);
});
