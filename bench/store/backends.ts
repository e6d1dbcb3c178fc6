import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import * as lmdb from "lmdb";
import { pack, unpack } from "msgpackr";
import { store, table } from "slither-ts";
import { durable } from "slither-ts/durable";
import { remoteStore, remoteTable } from "slither-ts/redis";
import { type Benchmark, timed } from "../measure.js";
import type { Row } from "../results.js";
import { inTurns, rowsOfTurns } from "./in-turns.js";
import { startRedis } from "./redis-server.js";

const MANY = 1_000;

interface Vector {
  readonly id: number;
  readonly values: readonly number[];
}

const vectorOf = (id: number): Vector => ({ id, values: [id, id / 2, id / 3, id / 4] });

/** Writes that outlive the process, and tables on a server, each beside a bare client of the same, in turns. */
export const backends: Benchmark = {
  title: "Tables on disk (LMDB) and on a server (Redis on the same machine), beside bare clients",
  note: "microseconds each; ratio = to the bare client; one: awaited one after the other; 1,000: at once, in one transaction or one message",
  async run({ quick }) {
    const [rounds, count] = quick ? [3, 20] : [9, 200];
    return [...(await onDisk(rounds, count)), ...(await onServer(rounds, count))];
  },
};

async function onDisk(rounds: number, count: number): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), "slither-bench-"));
  const bare = lmdb.open<Vector, number>({ path: join(folder, "bare"), encoding: "msgpack" });
  const kept = store(
    "bench",
    { vectors: table<number, Vector>() },
    { backend: durable({ path: join(folder, "kept") }) },
  );
  const one = await inTurns(rounds, {
    "bare LMDB": () => each(count, async (id) => bare.put(id, vectorOf(id)).then(() => bare.flushed)),
    "durable table": () => each(count, (id) => kept.vectors.put(id, vectorOf(id))),
  });
  const ids = Array.from({ length: MANY }, (_, id) => id);
  const many = await inTurns(rounds, {
    "bare LMDB": () =>
      share(async () => {
        await bare.transaction(() => {
          for (const id of ids) void bare.put(id, vectorOf(id));
        });
        await bare.flushed;
      }),
    "durable table": () => share(() => kept.vectors.putMany(ids.map((id) => [id, vectorOf(id)]))),
  });
  await kept.close();
  await bare.close();
  await rm(folder, { recursive: true });
  return [
    ...rowsOfTurns(one, "each", (name) => `put, one, ${name}`),
    ...rowsOfTurns(many, "each", (name) => `put, 1,000, ${name}`),
  ];
}

async function onServer(rounds: number, count: number): Promise<Row[]> {
  await using server = await startRedis();
  if (server === undefined) return [];
  const socket = { path: server.socket, tls: false } as const;
  const bare = createClient({ socket });
  const client = createClient({ socket });
  await Promise.all([bare.connect(), client.connect()]);
  const shared = await remoteStore("bench", { vectors: remoteTable<number, Vector>() }, { client });
  const { vectors } = shared;
  const ids = Array.from({ length: MANY }, (_, id) => id);
  const keys = ids.map((id) => `bare:${id}`);
  const put = await inTurns(rounds, {
    "bare Redis client": () => each(count, (id) => bare.set(`bare:${id}`, pack(vectorOf(id)))),
    "remote table": () => each(count, (id) => vectors.put(id, vectorOf(id))),
  });
  await bare.mSet(ids.map((id): [string, Buffer] => [`bare:${id}`, pack(vectorOf(id))]));
  await vectors.putMany(ids.map((id) => [id, vectorOf(id)]));
  const bytes = bare.withTypeMapping({ 36: Buffer });
  const get = await inTurns(rounds, {
    "bare Redis client": () => each(count, async (id) => unpack((await bytes.get(`bare:${id}`)) as Buffer)),
    "remote table": () => each(count, (id) => vectors.get(id)),
  });
  const getMany = await inTurns(rounds, {
    "bare Redis client": () =>
      share(async () => (await bytes.mGet(keys)).map((value) => unpack(value as Buffer))),
    "remote table": () => share(() => vectors.getMany(ids)),
  });
  await shared.close();
  await Promise.all([bare.close(), client.close()]);
  return [
    ...rowsOfTurns(put, "each", (name) => `put, one, ${name}`),
    ...rowsOfTurns(get, "each", (name) => `get, one, ${name}`),
    ...rowsOfTurns(getMany, "each", (name) => `get, 1,000, ${name}`),
  ];
}

/** Microseconds that each takes, one after the other. */
async function each(count: number, work: (id: number) => Promise<unknown>): Promise<number> {
  const all = await timed(async () => {
    for (let id = 0; id < count; id++) await work(id);
  });
  return (all * 1_000) / count;
}

/** Microseconds for each of those that are done at once. */
async function share(work: () => Promise<unknown>): Promise<number> {
  return ((await timed(work)) * 1_000) / MANY;
}
