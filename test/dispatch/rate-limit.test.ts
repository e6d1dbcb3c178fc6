import fc from "fast-check";
import { expect, test } from "vitest";
import { type Permits, RateLimit, type RateLimitOptions } from "../../src/dispatch/rate-limit.js";

interface Numbered {
  readonly number: number;
  readonly key: number;
}

/** A limit, and who has asked and got a permit, in order. */
function limiting(options: Partial<RateLimitOptions<Numbered>>) {
  const rateLimit = new RateLimit<Numbered>({ limit: 2, intervalMs: 100, ...options });
  const granted: { readonly record: Numbered; readonly permits: Permits }[] = [];
  let asked = 0;
  return {
    rateLimit,
    granted,
    ask: (key = 0): void => {
      const record = { number: asked++, key };
      rateLimit.ask(record, (permits) => granted.push({ record, permits }));
    },
    numbers: (): number[] => granted.map(({ record }) => record.number),
    /** Sends those that got a permit at these positions. */
    send: (now: number, ...positions: number[]): Promise<void> | undefined =>
      rateLimit.send(
        positions.map((position) => (granted[position] as { permits: Permits }).permits),
        now,
      ),
    again: (now: number, ...positions: number[]) =>
      rateLimit.sendAgain(
        positions.map((position) => (granted[position] as { permits: Permits }).permits),
        now,
      ),
  };
}

const byKey = { keyOf: ({ key }: Numbered) => key };

test("as many get a permit at once as may be sent, and the others wait, in order", () => {
  const { rateLimit, ask, numbers } = limiting({});
  for (let count = 0; count < 4; count++) ask();
  expect(numbers()).toEqual([0, 1]);
  expect(rateLimit.waiting).toBe(2);
});

test("a permit comes back one interval after its record was sent, not after it was given", () => {
  const { rateLimit, ask, numbers, send } = limiting({ limit: 1 });
  ask();
  ask();
  rateLimit.renew(1_000);
  expect(numbers()).toEqual([0]);
  void send(1_000, 0);
  rateLimit.renew(1_099);
  expect(numbers()).toEqual([0]);
  rateLimit.renew(1_100);
  expect(numbers()).toEqual([0, 1]);
});

test("the time to wait for is when the oldest permit comes back, while somebody waits", () => {
  const { rateLimit, ask, send } = limiting({});
  ask();
  void send(10, 0);
  expect(rateLimit.dueAt).toBeUndefined();
  ask();
  void send(20, 1);
  ask();
  expect(rateLimit.dueAt).toBe(110);
  rateLimit.renew(110);
  expect(rateLimit.dueAt).toBeUndefined();
});

test("there is no time to wait for while all permits are with records that were not sent", () => {
  const { rateLimit, ask } = limiting({ limit: 1 });
  ask();
  ask();
  expect(rateLimit.dueAt).toBeUndefined();
});

test("each key has permits of its own", () => {
  const { rateLimit, ask, numbers } = limiting({ limit: 1, ...byKey });
  for (const key of [1, 1, 2, 1, 3]) ask(key);
  expect(numbers()).toEqual([0, 2, 4]);
  expect(rateLimit.waiting).toBe(2);
});

test("it is closed while records wait, unless it goes by keys", () => {
  for (const [options, isClosed] of [
    [{}, true],
    [byKey, false],
  ] as const) {
    const { rateLimit, ask } = limiting({ limit: 1, ...options });
    ask();
    expect(rateLimit.isClosed).toBe(false);
    ask();
    expect(rateLimit.isClosed).toBe(isClosed);
  }
});

test("what the key function throws comes to the one who asks, and nobody waits", () => {
  const broken = new Error("no key");
  const { rateLimit, ask } = limiting({
    keyOf: () => {
      throw broken;
    },
  });
  expect(() => ask()).toThrow(broken);
  expect([rateLimit.waiting, rateLimit.keys]).toEqual([0, 0]);
});

test("it is stuck while one waits for permits of a key that are all with records that were not sent", () => {
  const { rateLimit, ask, send } = limiting({ ...byKey });
  for (const key of [1, 2, 1]) ask(key);
  expect(rateLimit.isStuck).toBe(false);
  ask(1);
  expect(rateLimit.isStuck).toBe(true);
  void send(0, 0);
  expect(rateLimit.isStuck).toBe(false);
});

test("it is stuck again when what comes back goes to records that are not sent either", () => {
  const { rateLimit, ask, send } = limiting({ limit: 1 });
  for (let count = 0; count < 3; count++) ask();
  void send(0, 0);
  expect(rateLimit.isStuck).toBe(false);
  rateLimit.renew(100);
  expect(rateLimit.isStuck).toBe(true);
  void send(100, 1);
  rateLimit.renew(200);
  expect(rateLimit.isStuck).toBe(false);
});

test("a permit that is given back goes to the next, and leaves nothing stuck", () => {
  const { rateLimit, ask, numbers, granted } = limiting({ limit: 1 });
  ask();
  ask();
  rateLimit.giveBack((granted[0] as { permits: Permits }).permits);
  expect(rateLimit.isStuck).toBe(false);
  rateLimit.renew(0);
  expect(numbers()).toEqual([0, 1]);
});

test("any number of permits may be given back in the very moment in which they are got", () => {
  const rateLimit = new RateLimit<number>({ limit: 1, intervalMs: 100 });
  const granted: number[] = [];
  for (let record = 0; record < 100_000; record++) {
    rateLimit.ask(record, (permits) => {
      granted.push(record);
      rateLimit.giveBack(permits);
    });
  }
  rateLimit.renew(0);
  expect([granted.length, rateLimit.waiting, rateLimit.keys]).toEqual([100_000, 0, 0]);
});

test("what is sent again waits until it may be, although others have the permits", async () => {
  const { rateLimit, ask, send, again } = limiting({});
  for (let count = 0; count < 2; count++) ask();
  expect(send(0, 0, 1)).toBeUndefined();
  rateLimit.renew(50);
  for (let count = 0; count < 2; count++) ask();
  const departure = again(50, 0, 1);
  expect(rateLimit.dueAt).toBe(100);
  rateLimit.renew(100);
  await departure;
  expect(rateLimit.waiting).toBe(2);
});

test("what is sent again goes before those whose permits are not used, and these wait for its interval to pass", async () => {
  const { rateLimit, ask, send, again, numbers } = limiting({ limit: 1 });
  ask();
  void send(0, 0);
  ask();
  rateLimit.renew(100);
  expect(numbers()).toEqual([0, 1]);
  expect(again(100, 0)).toBeUndefined();
  const departure = send(100, 1);
  rateLimit.renew(199);
  expect(rateLimit.dueAt).toBe(200);
  rateLimit.renew(200);
  await departure;
});

test("of those that are to be sent nobody overtakes who waits for the same key, and others go by", () => {
  const { rateLimit, ask, send, again } = limiting({ ...byKey });
  for (const key of [1, 1, 2]) ask(key);
  void send(0, 0);
  void send(50, 1);
  const both = again(50, 0, 1);
  expect(both).toBeInstanceOf(Promise);
  rateLimit.renew(100);
  expect(again(100, 0)).toBeInstanceOf(Promise);
  expect(send(100, 2)).toBeUndefined();
});

test("nothing is kept of keys whose permits have all come back, or were given back", async () => {
  const { rateLimit, ask, send, granted } = limiting({ limit: 1, ...byKey });
  for (let key = 0; key < 1_000; key++) ask(key);
  for (let key = 0; key < 999; key++) void send(key, key);
  rateLimit.giveBack((granted[999] as { permits: Permits }).permits);
  expect(rateLimit.keys).toBe(1_000);
  rateLimit.renew(998 + 99);
  expect(rateLimit.keys).toBe(1);
  rateLimit.renew(998 + 100);
  expect(rateLimit.keys).toBe(0);
});

test("a key that was forgotten and is sent again has the same limit as before", () => {
  const { rateLimit, ask, send, again } = limiting({ limit: 1, ...byKey });
  ask(1);
  void send(0, 0);
  rateLimit.renew(100);
  expect(rateLimit.keys).toBe(0);
  expect(again(100, 0)).toBeUndefined();
  expect(again(100, 0)).toBeInstanceOf(Promise);
  ask(1);
  expect(rateLimit.waiting).toBe(1);
});

test("half a million who wait get their permits in time that grows with their number", () => {
  const rateLimit = new RateLimit<number>({ limit: 1_000, intervalMs: 1 });
  const held: Permits[] = [];
  for (let record = 0; record < 500_000; record++) rateLimit.ask(record, (permits) => held.push(permits));
  let rounds = 0;
  for (let now = 0; held.length > 0; now++) {
    void rateLimit.send(held.splice(0), now);
    rateLimit.renew(now + 1);
    rounds += 1;
  }
  expect([rounds, rateLimit.waiting]).toEqual([500, 0]);
});

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("ask" as const), key: fc.nat(2) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      which: fc.nat(9),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("again" as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("give back" as const), which: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(60) }) },
);

test("whatever comes when: no stretch sees more than the limit, nobody starves, keys keep their order, nothing is left", async () => {
  const given = fc.record({
    limit: fc.integer({ min: 1, max: 4 }),
    keyed: fc.boolean(),
    steps: fc.array(step, { maxLength: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(given, async ({ limit, keyed, steps }) => {
      const intervalMs = 100;
      const keyOf = keyed ? ({ key }: Numbered): unknown => key : undefined;
      const rateLimit = new RateLimit<Numbered>({ limit, intervalMs, keyOf });
      const held: { record: Numbered; permits: Permits }[] = [];
      const batches: { record: Numbered; permits: Permits }[][] = [];
      const granted: Numbered[] = [];
      const sent: { readonly at: number; readonly key: unknown }[] = [];
      let [now, asked, away] = [0, 0, 0];

      function ask(key: number): void {
        const record = { number: asked++, key };
        rateLimit.ask(record, (permits) => {
          granted.push(record);
          held.push({ record, permits });
        });
      }

      async function depart(batch: { record: Numbered }[], departure: Promise<void> | undefined) {
        away += 1;
        if (departure !== undefined) await departure;
        away -= 1;
        for (const { record } of batch) sent.push({ at: now, key: keyed ? record.key : undefined });
      }

      function send(which: number, count: number): void {
        const batch = held.splice(which % (held.length + 1), count);
        if (batch.length === 0) return;
        batches.push(batch);
        const departure = rateLimit.send(
          batch.map(({ permits }) => permits),
          now,
        );
        void depart(batch, departure);
      }

      function sendAgain(which: number): void {
        const batch = batches[which % (batches.length + 1)];
        if (batch === undefined) return;
        const departure = rateLimit.sendAgain(
          batch.map(({ permits }) => permits),
          now,
        );
        void depart(batch, departure);
      }

      async function wait(ms: number): Promise<void> {
        now += ms;
        rateLimit.renew(now);
        for (let hop = 0; hop < 4; hop++) await undefined;
      }

      for (const each of steps) {
        if (each.do === "ask") ask(each.key);
        else if (each.do === "send") send(each.which, each.count);
        else if (each.do === "again") sendAgain(each.which);
        else if (each.do === "give back") {
          const [back] = held.splice(each.which, 1);
          if (back !== undefined) rateLimit.giveBack(back.permits);
        } else await wait(each.ms);
      }
      // All that wait are at the head of their keys in turn, so this ends.
      for (let turn = 0; turn < 1_000 && (rateLimit.waiting > 0 || held.length > 0 || away > 0); turn++) {
        send(0, held.length);
        const { dueAt } = rateLimit;
        await wait(dueAt === undefined ? 0 : dueAt - now);
      }
      expect([rateLimit.waiting, held.length, away, granted.length]).toEqual([0, 0, 0, asked]);
      for (const { at, key } of sent) {
        const stretch = sent.filter(
          (other) => other.key === key && other.at >= at && other.at < at + intervalMs,
        );
        expect(stretch.length).toBeLessThanOrEqual(limit);
      }
      for (const key of [0, 1, 2]) {
        const ofKey = granted.filter((record) => !keyed || record.key === key).map(({ number }) => number);
        expect(ofKey).toEqual(ofKey.toSorted((one, other) => one - other));
      }
      expect(rateLimit.isStuck).toBe(false);
      await wait(intervalMs);
      expect([rateLimit.keys, rateLimit.dueAt]).toEqual([0, undefined]);
    }),
    { numRuns: 500 },
  );
});
