import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchEngine, pythonFolder } from "./engine.js";
import { type Benchmark, median, quantile, ratioOf, timeEach } from "./measure.js";
import { places } from "./places.js";
import type { Row } from "./results.js";

/** Bytes of body: about what a call without arguments is. */
const BODY_BYTES = 32;

/**
 * A call that does nothing, beside a bare echo over the same kind of socket, in turns: where the system puts the processes, with all of them on one core, and with
 * Python's on another one.
 */
export const call: Benchmark = {
  title: "A call that does nothing",
  note: "microseconds; ratio = p50 of the call / p50 of the echo; on one core: Node and both Python processes share it; on two: Node has one, they the other; the last two where there is taskset",
  async run({ quick }) {
    const [rounds, calls] = quick ? [5, 500] : [10, 4_000];
    await using engine = await benchEngine();
    const session = await engine.session();
    await using echo = await openEcho(await session.call<string>("datasets", "interpreter"));
    const ways = { echo: echo.ask, call: () => session.call("limit", "noop") };
    const rows = await compare(ways, { rounds, calls }, "");
    for (const place of places()) rows.push(...(await compare(ways, { rounds, calls }, place)));
    return rows;
  },
};

interface Ways {
  readonly echo: () => Promise<unknown>;
  readonly call: () => Promise<unknown>;
}

async function compare(
  { echo, call }: Ways,
  { rounds, calls }: { rounds: number; calls: number },
  where: string,
): Promise<Row[]> {
  await timeEach(calls, call);
  await timeEach(calls, echo);
  const times = { echo: [] as number[], call: [] as number[] };
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const [echoes, answers] = [await timeEach(calls, echo), await timeEach(calls, call)];
    times.echo.push(...echoes);
    times.call.push(...answers);
    ratios.push(median(answers) / median(echoes));
  }
  const row = (name: string, values: number[]): Row => ({
    name: `${name}${where}`,
    figures: { p50: median(values), p99: quantile(values, 0.99) },
  });
  return [
    row("raw echo", times.echo),
    { ...row("session.call", times.call), ratio: ratioOf("lower", ratios) },
  ];
}

async function openEcho(interpreter: string): Promise<{ ask: () => Promise<unknown> } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "slither-bench-"));
  const server = createServer();
  server.listen(join(folder, "echo.sock"));
  await once(server, "listening");
  const child = spawn(interpreter, [join(pythonFolder, "echo_server.py"), join(folder, "echo.sock")], {
    stdio: "inherit",
  });
  const [socket] = (await once(server, "connection")) as [Socket];
  const message = Buffer.alloc(4 + BODY_BYTES);
  message.writeUInt32LE(BODY_BYTES, 0);
  let received = 0;
  let answered: () => void = () => {};
  socket.on("data", (chunk) => {
    received += chunk.byteLength;
    if (received < message.byteLength) return;
    received = 0;
    answered();
  });
  return {
    ask: () =>
      new Promise<void>((resolve) => {
        answered = resolve;
        socket.write(message);
      }),
    async [Symbol.asyncDispose]() {
      socket.destroy();
      server.close();
      await once(child, "exit");
      await rm(folder, { recursive: true });
    },
  };
}
