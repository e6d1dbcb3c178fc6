import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Usage, type Use } from "../../src/session/usage.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function counting(limitMs: number | undefined): { usage: Usage; count: () => number } {
  let times = 0;
  const usage = new Usage(limitMs, () => {
    times += 1;
  });
  return { usage, count: () => times };
}

function run(done: Promise<unknown> = Promise.resolve()): Use & { drained: number } {
  return {
    drained: 0,
    drain() {
      this.drained += 1;
    },
    done,
  };
}

describe("the limit of an idle session", () => {
  test("is reached when nobody has used it for so long", () => {
    const { usage, count } = counting(100);
    usage.idle();

    vi.advanceTimersByTime(99);
    expect(count()).toBe(0);
    vi.advanceTimersByTime(1);

    expect(count()).toBe(1);
  });

  test("starts anew each time that it becomes idle", () => {
    const { usage, count } = counting(100);
    usage.idle();
    vi.advanceTimersByTime(90);
    usage.busy();
    vi.advanceTimersByTime(90);
    usage.idle();
    vi.advanceTimersByTime(90);

    expect(count()).toBe(0);
  });

  test("is not reached while a run uses it", () => {
    const { usage, count } = counting(100);
    const end = usage.begin(run());
    usage.idle();

    vi.advanceTimersByTime(1_000);
    expect(count()).toBe(0);
    end();
    usage.idle();
    vi.advanceTimersByTime(100);

    expect(count()).toBe(1);
  });

  test("is never reached where there is none", () => {
    const { usage, count } = counting(undefined);

    usage.idle();
    vi.advanceTimersByTime(1e9);

    expect(count()).toBe(0);
  });
});

describe("draining", () => {
  test("tells every run, and waits for all of them", async () => {
    const { usage } = counting(undefined);
    let end: () => void = () => {};
    const lasting = run(
      new Promise<void>((resolve) => {
        end = resolve;
      }),
    );
    const short = run();
    usage.begin(lasting);
    usage.begin(short);
    let drained = false;

    const draining = usage.drain().then(() => {
      drained = true;
    });
    await Promise.resolve();
    expect([lasting.drained, short.drained, drained]).toEqual([1, 1, false]);
    end();
    await draining;

    expect(usage.draining).toBe(true);
  });

  test("tells a run that begins later at once", async () => {
    const { usage } = counting(undefined);
    await usage.drain();
    const late = run();

    usage.begin(late);

    expect(late.drained).toBe(1);
  });
});
