import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Frame } from "../../src/wire/frame.js";
import { Connection } from "../../src/worker/connection.js";
import { temporaryFolder } from "../helpers/temporary.js";

/** A connection, and the socket on its other side. */
async function pair(): Promise<{ left: Connection; right: Socket }> {
  const path = join(temporaryFolder(), "pair.sock");
  const server = createServer().listen(path);
  await once(server, "listening");
  const left = connect(path);
  const [right] = (await once(server, "connection")) as [Socket];
  onTestFinished(() => {
    left.destroy();
    right.destroy();
    server.close();
  });
  return { left: new Connection(left, () => {}), right };
}

function receive(socket: Socket, count: number): Promise<Frame[]> {
  return new Promise((resolve) => {
    const frames: Frame[] = [];
    new Connection(socket, (frame) => {
      frames.push(frame);
      if (frames.length === count) resolve(frames);
    });
  });
}

test("frames arrive whole and in the order in which they were sent, small and large", async () => {
  const { left, right } = await pair();
  const bodies = [10, 200_000, 0, 1, 70_000, 10, 3_000_000, 5].map((length, index) =>
    Buffer.alloc(length, index),
  );
  const received = receive(right, bodies.length);

  for (const [index, body] of bodies.entries()) left.send(0x11, index, body);

  const frames = await received;
  expect(frames.map(({ id }) => id)).toEqual(bodies.map((_, index) => index));
  expect(frames.every(({ body }, index) => body.equals(bodies[index] as Buffer))).toBe(true);
});

test("frames that are sent in different ticks arrive in order, too", async () => {
  const { left, right } = await pair();
  const received = receive(right, 3);

  left.send(1, 1, Buffer.alloc(100_000));
  await new Promise((resolve) => process.nextTick(resolve));
  left.send(1, 2, Buffer.alloc(1));
  await Promise.resolve();
  left.send(1, 3, Buffer.alloc(100_000));

  expect((await received).map(({ id }) => id)).toEqual([1, 2, 3]);
});

test("sending when the other side is gone does nothing", async () => {
  const { left, right } = await pair();
  right.destroy();
  await left.closed;

  left.send(1, 1, Buffer.alloc(10));

  await left.closed;
});
