import type { Session } from "slither-ts";
import { describe, expect, test } from "vitest";
import { crash } from "../helpers/crash.js";
import { sharedEngine, testEngine } from "../helpers/engine.js";

const engine = sharedEngine({ preload: ["numpy"] });

async function draw(session: Session): Promise<number[]> {
  return session.call("draws", "draw", [], { idempotent: true });
}

describe("the random streams of Python and numpy", () => {
  test("are independent between sessions", async () => {
    const sessions = await Promise.all([1, 2, 3].map(() => engine().session()));

    const draws = await Promise.all(sessions.map(draw));

    expect(new Set(draws.flat()).size).toBe(9);
  });

  test("are independent between sessions also where they were in use before the sessions, but for generators of one's own", async () => {
    const own = await testEngine({ preload: ["draws"] });
    const sessions = await Promise.all([1, 2, 3].map(() => own.session()));

    const draws = await Promise.all(sessions.map(draw));

    // A generator that a module has made while it was preloaded is known to that module alone.
    const different = [0, 1, 2].map((index) => new Set(draws.map((drawn) => drawn[index])).size);
    expect(different).toEqual([3, 3, 1]);
  });

  test("go on in a fork as they do in its session", async () => {
    const session = await engine().session();
    await draw(session);

    const twin = await session.fork();

    expect(await draw(twin)).toEqual(await draw(session));
  });

  test("are new in a fork that asks for it, but for generators of one's own", async () => {
    const session = await engine().session();
    await draw(session);

    const twin = await session.fork({ reseed: true });

    const [own, its] = await Promise.all([draw(session), draw(twin)]);
    expect([0, 1, 2].map((index) => own[index] === its[index])).toEqual([false, false, true]);
  });

  test("are new in each of several forks that ask for it", async () => {
    const session = await engine().session();
    await draw(session);

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
    await draw(session);
    const twin = await session.fork();

    await session.checkpoint();

    expect(await draw(session)).toEqual(await draw(twin));
  });
});
