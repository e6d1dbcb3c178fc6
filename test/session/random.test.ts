import type { Session } from "slither-ts";
import { describe, expect, test } from "vitest";
import { crash } from "../helpers/crash.js";
import { sharedEngine } from "../helpers/engine.js";

// What a forkserver has imported is what all sessions start from.
const engine = sharedEngine({ preload: ["draws"] });

async function draw(session: Session): Promise<number[]> {
  return session.call("draws", "draw", [], { idempotent: true });
}

describe("the random streams of Python and numpy", () => {
  test("are independent between sessions", async () => {
    const sessions = await Promise.all([1, 2, 3].map(() => engine().session()));

    const draws = await Promise.all(sessions.map(draw));

    // A generator that a module has made while it was preloaded is the module's own: nobody can seed it anew.
    const [python, numpy] = [0, 1].map((index) => draws.map((drawn) => drawn[index]));
    expect(new Set(python).size).toBe(3);
    expect(new Set(numpy).size).toBe(3);
  });

  test("go on in a fork as they do in its session", async () => {
    const session = await engine().session();
    await draw(session);

    const twin = await session.fork();

    expect(await draw(twin)).toEqual(await draw(session));
  });

  test("are new in a fork that asks for it, but for generators of one's own", async () => {
    const session = await engine().session();

    const twin = await session.fork({ reseed: true });

    const [own, its] = await Promise.all([draw(session), draw(twin)]);
    expect([0, 1, 2].map((index) => own[index] === its[index])).toEqual([false, false, true]);
  });

  test("are new in each of several forks that ask for it", async () => {
    const session = await engine().session();

    const forks = await session.fork({ count: 3, reseed: true });

    const drawn = await Promise.all(forks.map(draw));
    expect(new Set(drawn.map(([python]) => python)).size).toBe(3);
  });

  test("go on after a crash where they were at the checkpoint", async () => {
    const session = await engine().session();
    await draw(session);
    await session.checkpoint();
    const before = await draw(session);

    await crash(engine(), session);

    expect(await draw(session)).toEqual(before);
  });

  test("are not moved by a checkpoint", async () => {
    const session = await engine().session();
    const twin = await session.fork();

    await session.checkpoint();

    expect(await draw(session)).toEqual(await draw(twin));
  });
});
