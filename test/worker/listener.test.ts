import { once } from "node:events";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { packr } from "../../src/wire/extensions.js";
import { frameHeader } from "../../src/wire/frame.js";
import { type Channel, Kind, PROTOCOL_VERSION } from "../../src/wire/protocol.js";
import { Listener } from "../../src/worker/listener.js";
import { temporaryFolder } from "../helpers/temporary.js";

async function openListener(): Promise<Listener> {
  const listener = await Listener.open();
  onTestFinished(() => listener.close());
  return listener;
}

async function connectTo(listener: Listener): Promise<Socket> {
  const socket = connect(listener.path);
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, "connect");
  return socket;
}

/** Whoever is turned away may be told by an error, too, when it still writes. */
function closed(socket: Socket): Promise<unknown> {
  socket.on("error", () => {});
  return new Promise((resolve) => socket.once("close", resolve));
}

function hello(
  token: string,
  channel: Channel = "calls",
  protocol = PROTOCOL_VERSION,
  pid: number | null = 4321,
): Buffer {
  return frame(Kind.HELLO, packr.pack({ protocol, token, channel, pid, python: "3.12.1" }));
}

function frame(kind: number, body: Buffer): Buffer {
  return Buffer.concat([frameHeader(kind, 0, body.byteLength), body]);
}

/** Waits until the listener has read what was written to it before. */
async function untilRead(listener: Listener): Promise<void> {
  const { token, arrival } = listener.expect(["calls"]);
  (await connectTo(listener)).write(hello(token));
  (await arrival).sockets.calls.destroy();
}

describe("the folder of the socket", () => {
  test("can be entered by this user alone", async () => {
    const listener = await openListener();

    expect(statSync(dirname(listener.path)).mode & 0o777).toBe(0o700);
  });

  test("is removed when the listener is closed", async () => {
    const listener = await Listener.open();

    await listener.close();

    expect(existsSync(dirname(listener.path))).toBe(false);
  });

  test("is in the system's own when the name of the temporary folder is too long for a socket", async () => {
    const folder = join(temporaryFolder(), "x".repeat(120));
    mkdirSync(folder);
    vi.stubEnv("TMPDIR", folder);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });

    const listener = await openListener();

    expect(listener.path).toMatch(/^\/tmp\/slither-\w+\/workers\.sock$/);
    expect(statSync(listener.path).isSocket()).toBe(true);
  });
});

describe("a connection", () => {
  test("with the token of a worker is that worker", async () => {
    const listener = await openListener();
    const { token, arrival } = listener.expect(["calls"]);

    (await connectTo(listener)).write(hello(token));

    expect((await arrival).hello).toEqual({
      protocol: PROTOCOL_VERSION,
      token,
      channel: "calls",
      pid: 4321,
      python: "3.12.1",
    });
  });

  test("of a worker of another protocol fails its start, with both versions", async () => {
    const listener = await openListener();
    const { token, arrival } = listener.expect(["calls"]);

    (await connectTo(listener)).write(hello(token, "calls", PROTOCOL_VERSION + 1));

    await expect(arrival).rejects.toThrow(
      `expected a worker of protocol version ${PROTOCOL_VERSION}, got version ${PROTOCOL_VERSION + 1}`,
    );
  });

  test.each<[string, (token: string) => Buffer]>([
    ["another token", () => hello("0".repeat(48))],
    ["a channel that was not asked for", (token) => hello(token, "control")],
    ["a process whose group cannot be killed alone", (token) => hello(token, "calls", PROTOCOL_VERSION, 1)],
    ["a HELLO of many kilobytes", () => frame(Kind.HELLO, Buffer.alloc(100_000))],
    ["another message than HELLO", (token) => frame(Kind.READY, packr.pack({ protocol: 1, token }))],
    ["nothing in its HELLO", () => frame(Kind.HELLO, packr.pack(null))],
    ["something that is no MessagePack", () => frame(Kind.HELLO, Buffer.of(0xc1))],
  ])("with %s is turned away, and the worker still arrives", async (_, bytes) => {
    const listener = await openListener();
    const { token, arrival } = listener.expect(["calls"]);
    const stranger = await connectTo(listener);
    const turnedAway = closed(stranger);

    stranger.write(bytes(token));
    await turnedAway;

    (await connectTo(listener)).write(hello(token));
    expect((await arrival).hello.token).toBe(token);
  });

  test("with a token that was used is turned away", async () => {
    const listener = await openListener();
    const { token, arrival } = listener.expect(["calls"]);
    (await connectTo(listener)).write(hello(token));
    await arrival;

    const second = await connectTo(listener);
    const turnedAway = closed(second);
    second.write(hello(token));

    await turnedAway;
  });

  test("with a token that was given up is turned away", async () => {
    const listener = await openListener();
    const { token, forget } = listener.expect(["calls"]);
    forget();

    const late = await connectTo(listener);
    const turnedAway = closed(late);
    late.write(hello(token));

    await turnedAway;
  });

  test("that says nothing does not keep the listener from closing", async () => {
    const listener = await Listener.open();
    const silent = await connectTo(listener);
    const letGo = closed(silent);
    // Its connection was accepted when one that was made later has arrived.
    const { token, arrival } = listener.expect(["calls"]);
    (await connectTo(listener)).write(hello(token));
    (await arrival).sockets.calls.destroy();

    await listener.close();

    await letGo;
  });
});

describe("a process with several channels", () => {
  const CHANNELS = ["stdout", "control", "calls"] as const;

  test("has arrived when all of them have connected, in whatever order", async () => {
    const listener = await openListener();
    const { token, arrival } = listener.expect(CHANNELS);
    let arrived = false;
    void arrival.then(() => {
      arrived = true;
    });

    for (const channel of ["calls", "stdout"] as const) {
      const other = listener.expect([channel]);
      (await connectTo(listener)).write(hello(token, channel));
      (await connectTo(listener)).write(hello(other.token, channel));
      await other.arrival;
      expect(arrived).toBe(false);
    }
    (await connectTo(listener)).write(hello(token, "control"));

    expect(Object.keys((await arrival).sockets).sort()).toEqual(["calls", "control", "stdout"]);
  });

  test("may go on with bytes that are no frames, none of which is lost, however they are cut", async () => {
    const listener = await openListener();
    const text = "printed at once, ".repeat(10_000);

    for (const cut of [0, 1, 8, 9, 10, 60]) {
      const { token, arrival } = listener.expect(["stdout"]);
      const sending = await connectTo(listener);
      const bytes = Buffer.concat([hello(token, "stdout"), Buffer.from(text)]);
      sending.write(bytes.subarray(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      sending.end(bytes.subarray(cut));

      const { stdout } = (await arrival).sockets;
      // Nobody reads it for a while.
      await new Promise((resolve) => setImmediate(resolve));
      expect(Buffer.concat(await stdout.toArray()).toString()).toBe(text);
    }
  });

  test("opens each of them once", async () => {
    const listener = await openListener();
    const { token, arrival } = listener.expect(CHANNELS);
    (await connectTo(listener)).write(hello(token, "calls"));

    const second = await connectTo(listener);
    const turnedAway = closed(second);
    second.write(hello(token, "calls"));
    await turnedAway;

    for (const channel of ["stdout", "control"] as const)
      (await connectTo(listener)).write(hello(token, channel));
    await arrival;
  });

  test.each<[string, (listener: Listener, forget: () => void) => unknown]>([
    ["it was given up", (_, forget) => forget()],
    ["the listener is closed", (listener) => listener.close()],
  ])("and has arrived in part when %s, is let go", async (_, end) => {
    const listener = await Listener.open();
    onTestFinished(() => listener.close());
    const { token, forget } = listener.expect(CHANNELS);
    const first = await connectTo(listener);
    first.write(hello(token, "calls"));
    const later = listener.expect(["calls"]);
    (await connectTo(listener)).write(hello(later.token));
    (await later.arrival).sockets.calls.destroy();
    const letGo = closed(first);

    await end(listener, forget);

    await letGo;
  });

  test("and another protocol is let go as a whole", async () => {
    const listener = await openListener();
    const { token, arrival } = listener.expect(CHANNELS);
    const sockets = [await connectTo(listener), await connectTo(listener)];
    const letGo = sockets.map(closed);

    sockets[0]?.write(hello(token, "calls"));
    sockets[1]?.write(hello(token, "control", PROTOCOL_VERSION + 1));

    await expect(arrival).rejects.toThrow("expected a worker of protocol version");
    await Promise.all(letGo);
  });
});

describe("a process whose channels another one has connected", () => {
  const CHANNELS = ["stdout", "calls"] as const;
  const announcement = (token: string, channel: Channel): Buffer =>
    hello(token, channel, PROTOCOL_VERSION, null);

  test.each([
    ["right behind", false],
    ["some time after", true],
  ])("has arrived when it has said who it is, %s what was said for it", async (_, waits) => {
    const listener = await openListener();
    const { token, arrival } = listener.expect(CHANNELS);
    let arrived = false;
    void arrival.then(() => {
      arrived = true;
    });
    const calls = await connectTo(listener);
    calls.write(announcement(token, "calls"));
    (await connectTo(listener)).write(announcement(token, "stdout"));
    if (waits) {
      await untilRead(listener);
      expect(arrived).toBe(false);
    }

    calls.write(Buffer.concat([hello(token), frame(Kind.READY, packr.pack(null))]));

    const { hello: said, sockets } = await arrival;
    expect(said.pid).toBe(4321);
    expect(Object.keys(sockets).sort()).toEqual(["calls", "stdout"]);
    const [rest] = (await once(sockets.calls, "data")) as [Buffer];
    expect(rest).toEqual(frame(Kind.READY, packr.pack(null)));
  });

  test("does not arrive when its connection ends before, and is let go at once", async () => {
    const listener = await openListener();
    const { token, arrival } = listener.expect(CHANNELS);
    const [stdout, calls] = [await connectTo(listener), await connectTo(listener)];
    const letGo = closed(stdout);
    stdout.write(announcement(token, "stdout"));

    calls.end(announcement(token, "calls"));

    await expect(arrival).rejects.toThrow("the new process ended before it had said HELLO");
    await letGo;
  });

  test("is announced once", async () => {
    const listener = await openListener();
    const { token, arrival } = listener.expect(["calls"]);
    const first = await connectTo(listener);
    first.write(announcement(token, "calls"));
    await untilRead(listener);
    const second = await connectTo(listener);
    const turnedAway = closed(second);

    second.write(announcement(token, "calls"));
    await turnedAway;

    first.write(hello(token));
    expect((await arrival).hello.pid).toBe(4321);
  });

  test("is let go when it was given up", async () => {
    const listener = await openListener();
    const { token, forget } = listener.expect(["calls"]);
    const calls = await connectTo(listener);
    calls.write(announcement(token, "calls"));
    await untilRead(listener);
    const letGo = closed(calls);

    forget();

    await letGo;
  });
});

test("a thousand processes of four channels can connect at once", async () => {
  const listener = await openListener();
  const channels = ["stdout", "stderr", "control", "calls"] as const;
  const expected = Array.from({ length: 1_000 }, () => listener.expect(channels));

  for (const { token } of expected) {
    for (const channel of channels) {
      const socket = connect(listener.path, () => socket.write(hello(token, channel)));
      onTestFinished(() => {
        socket.destroy();
      });
    }
  }

  for (const { arrival } of expected) {
    for (const socket of Object.values((await arrival).sockets)) socket.destroy();
  }
});
