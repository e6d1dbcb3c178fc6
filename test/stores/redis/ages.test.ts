import { OptionsError } from "slither-ts";
import { type RemoteClient, remoteStore, remoteTable } from "slither-ts/redis";
import { fakeClock } from "slither-ts/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { rejection } from "../../helpers/rejection.js";

/** A server whose time stands still, and whose answers take as long to come back as a test says. */
class SlowServer implements RemoteClient {
  readonly isOpen = true;
  readonly clock = fakeClock();
  wayBackMs = 0;
  commands = 0;
  readonly #entries = new Map<string, Buffer>();

  async sendCommand([name, ...args]: readonly (string | Buffer)[]): Promise<unknown> {
    this.commands += 1;
    const reply = this.#reply(String(name), args);
    if (name === "TIME" && this.wayBackMs > 0) await this.clock.advance(this.wayBackMs);
    return reply;
  }

  #reply(name: string, args: readonly (string | Buffer)[]): unknown {
    const keys = (): string[] => args.map(latin1);
    if (name === "TIME") return [Buffer.from("1000"), Buffer.from("900")];
    if (name === "MGET") return keys().map((key) => this.#entries.get(key) ?? null);
    if (name === "SCAN")
      return [Buffer.from("0"), [...this.#entries.keys()].map((key) => Buffer.from(key, "latin1"))];
    const [, , key, , value] = args as Buffer[];
    // It was written in the millisecond of the time that is told.
    this.#entries.set(latin1(key as Buffer), Buffer.concat([Buffer.from("1000000:"), value as Buffer]));
    return 1;
  }
}

/** Keys are bytes, and no text. */
function latin1(word: string | Buffer): string {
  return Buffer.from(word).toString("latin1");
}

async function opened(isCached = false) {
  const server = new SlowServer();
  const cache = isCached ? ({ maxEntries: 10, maxAge: "800ms" } as const) : undefined;
  const made = await remoteStore(
    "tried",
    { tried: remoteTable<string, number>({ ttl: "1s", cache }) },
    { client: server, clock: server.clock },
  );
  onTestFinished(() => made.close());
  return { server, tried: made.tried };
}

type Tried = Awaited<ReturnType<typeof opened>>["tried"];

const READS: readonly [string, (tried: Tried) => Promise<unknown>][] = [
  ["get()", (tried) => tried.get("a")],
  ["getMany()", async (tried) => (await tried.getMany(["a"]))[0]],
  ["has()", async (tried) => (await tried.has("a")) || undefined],
  ["size()", async (tried) => (await tried.size()) || undefined],
  ["scan()", async (tried) => (await tried.scan().next()).value],
];

test.each(READS)("%s gives no value that expired while the answer was on its way", async (_, read) => {
  const { server, tried } = await opened();
  await tried.put("a", 1);
  server.wayBackMs = 990;
  expect(await read(tried)).toBeDefined();
  server.wayBackMs = 1_000;
  expect(await read(tried)).toBeUndefined();
});

test("the age of a value has the way back in it, and what the server cuts off of a millisecond", async () => {
  const { server, tried } = await opened();
  await tried.put("a", 1);
  server.wayBackMs = 300;
  const one = await tried.get("a", { allowExpired: true });
  expect(one).toMatchObject({ value: 1, isExpired: false });
  expect(one?.ageMs).toBeCloseTo(300.9, 3);
  server.wayBackMs = 1_200;
  const [again] = await tried.getMany(["a"], { allowExpired: true });
  expect(again).toMatchObject({ value: 1, isExpired: true });
  expect(again?.ageMs).toBeCloseTo(1_200.9, 3);
  server.wayBackMs = 2_000;
  expect(await tried.get("a", { allowExpired: true })).toBeUndefined();
});

test("a copy is as old as what was read, the way back with it, and is used for no longer than its maxAge", async () => {
  const { server, tried } = await opened(true);
  await tried.put("a", 1);
  await server.clock.advance("1s");
  server.wayBackMs = 300;
  await tried.get("a");
  server.commands = 0;
  await server.clock.advance(400);
  expect((await tried.get("a", { allowExpired: true }))?.ageMs).toBeCloseTo(700.9, 3);
  expect(server.commands).toBe(0);
  await server.clock.advance(100);
  expect((await tried.get("a", { allowExpired: true }))?.ageMs).toBeCloseTo(300.9, 3);
  expect(server.commands).toBe(2);
});

test.each([
  [{ allowExpierd: true }],
  [{ allowExpired: false }],
  [{}],
  [null],
  [{ allowExpired: true, fresh: 1 }],
])("options of a read that are none are refused before the server is asked: %o", async (options) => {
  const { server, tried } = await opened();
  const one = await rejection(tried.get("a", options as never), OptionsError);
  expect(one.message).toContain("get(): expected the options to be { allowExpired: true }, got");
  const many = await rejection(tried.getMany([], options as never), OptionsError);
  expect(many.message).toContain("getMany(): expected the options to be { allowExpired: true }, got");
  expect(server.commands).toBe(0);
});

test("a client of the caller that nobody listens to is listened to while the store is open", async () => {
  const listeners = new Set<() => void>();
  const client = {
    isOpen: true,
    sendCommand: () => Promise.resolve(),
    on: (_: "error", listener: () => void) => listeners.add(listener),
    off: (_: "error", listener: () => void) => listeners.delete(listener),
  };
  const made = await remoteStore("tried", {}, { client });
  expect(listeners.size).toBe(1);
  await made.close();
  expect(listeners.size).toBe(0);
});

test("a copy grows old while the machine is suspended", async () => {
  const server = new SlowServer();
  const definition = remoteTable<string, number>({ cache: { maxEntries: 10, maxAge: "1h" } });
  const made = await remoteStore("tried", { tried: definition }, { client: server });
  onTestFinished(() => made.close());
  await made.tried.get("a");
  server.commands = 0;
  await made.tried.get("a");
  expect(server.commands).toBe(0);
  // Only the time of day goes on meanwhile.
  // A second more than an hour: the time of day has whole milliseconds.
  const later = Date.now() + 3_601_000;
  const timeOfDay = vi.spyOn(Date, "now").mockImplementation(() => later);
  onTestFinished(() => timeOfDay.mockRestore());
  await made.tried.get("a");
  expect(server.commands).toBe(2);
});
