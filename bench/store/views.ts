import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batchView, type Session, store, table, view } from "slither-ts";
import { benchEngine } from "../engine.js";
import { type Benchmark, median, quantile, ratioOf } from "../measure.js";
import type { Row } from "../results.js";

/** Bytes of a message: about what a question for one key is. */
const MESSAGE_BYTES = 32;
const KEYS = 1_000;

/** Python asks Node, beside a bare echo that Python asks for over the same kind of socket, in turns. */
export const views: Benchmark = {
  title: "A view that looks a key up in a table, asked by Python",
  note: "microseconds; ratio = p50 of the view / p50 of the echo; each: p50 for one of the 1,000 keys",
  async run({ quick }) {
    const [rounds, count] = quick ? [3, 300] : [10, 4_000];
    const { vectors } = store("bench", { vectors: table<number, number>() });
    for (let key = 0; key < KEYS; key++) await vectors.put(key, key / 2);
    await using engine = await benchEngine({
      views: [
        view("vector", ({ key }: { key: number }) => vectors.get(key % KEYS) ?? null),
        batchView("vectors", (keys: number[]) => vectors.getMany(keys)),
      ],
    });
    const session = await engine.session();
    await using echo = await openEcho();
    const ways = {
      echo: () => session.call<number[]>("asking", "echo", [echo.path, MESSAGE_BYTES, count]),
      one: () => session.call<number[]>("asking", "ask", ["vector", count]),
    };
    const times = { echo: [] as number[], one: [] as number[] };
    const ratios: number[] = [];
    for (let round = -1; round < rounds; round++) {
      const [echoes, answers] = [await ways.echo(), await ways.one()];
      if (round === -1) continue;
      times.echo.push(...echoes);
      times.one.push(...answers);
      ratios.push(median(answers) / median(echoes));
    }
    return [
      row("raw echo, asked by Python", times.echo),
      { ...row("view, one key", times.one), ratio: ratioOf("lower", ratios) },
      await many(session, Math.ceil(count / 20)),
    ];
  },
};

async function many(session: Session, count: number): Promise<Row> {
  await session.call("asking", "ask_many", ["vectors", KEYS, count]);
  const times = await session.call<number[]>("asking", "ask_many", ["vectors", KEYS, count]);
  const { name, figures } = row("batch view, 1,000 keys", times);
  return { name, figures: { ...figures, each: median(times) / KEYS } };
}

function row(name: string, times: readonly number[]): Row {
  return { name, figures: { p50: median(times), p99: quantile(times, 0.99) } };
}

async function openEcho(): Promise<{ path: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "slither-bench-"));
  const path = join(folder, "echo.sock");
  const server = createServer((socket) => {
    socket.on("data", (chunk) => socket.write(chunk));
    socket.on("end", () => socket.end());
  });
  server.listen(path);
  await once(server, "listening");
  return {
    path,
    async [Symbol.asyncDispose]() {
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}
