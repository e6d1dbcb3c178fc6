import { once } from "node:events";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { packr } from "../../src/wire/extensions.js";
import { frameHeader } from "../../src/wire/frame.js";
import { Kind, PROTOCOL_VERSION } from "../../src/wire/protocol.js";
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

function hello(token: string, protocol = PROTOCOL_VERSION): Buffer {
  return frame(Kind.HELLO, packr.pack({ protocol, token, pid: 1, python: "3.12.1" }));
}

function frame(kind: number, body: Buffer): Buffer {
  return Buffer.concat([frameHeader(kind, 0, body.byteLength), body]);
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
    const { token, arrival } = listener.expect();

    (await connectTo(listener)).write(hello(token));

    expect((await arrival).hello).toEqual({
      protocol: PROTOCOL_VERSION,
      token,
      pid: 1,
      python: "3.12.1",
    });
  });

  test("of a worker of another protocol fails its start, with both versions", async () => {
    const listener = await openListener();
    const { token, arrival } = listener.expect();

    (await connectTo(listener)).write(hello(token, PROTOCOL_VERSION + 1));

    await expect(arrival).rejects.toThrow(
      `expected a worker of protocol version ${PROTOCOL_VERSION}, got version ${PROTOCOL_VERSION + 1}`,
    );
  });

  test.each<[string, (token: string) => Buffer]>([
    ["another token", () => hello("0".repeat(48))],
    ["another message than HELLO", (token) => frame(Kind.READY, packr.pack({ protocol: 1, token }))],
    ["nothing in its HELLO", () => frame(Kind.HELLO, packr.pack(null))],
    ["something that is no MessagePack", () => frame(Kind.HELLO, Buffer.of(0xc1))],
  ])("with %s is turned away, and the worker still arrives", async (_, bytes) => {
    const listener = await openListener();
    const { token, arrival } = listener.expect();
    const stranger = await connectTo(listener);
    const turnedAway = once(stranger, "close");

    stranger.write(bytes(token));
    await turnedAway;

    (await connectTo(listener)).write(hello(token));
    expect((await arrival).hello.token).toBe(token);
  });

  test("with a token that was used is turned away", async () => {
    const listener = await openListener();
    const { token, arrival } = listener.expect();
    (await connectTo(listener)).write(hello(token));
    await arrival;

    const second = await connectTo(listener);
    const turnedAway = once(second, "close");
    second.write(hello(token));

    await turnedAway;
  });

  test("with a token that was given up is turned away", async () => {
    const listener = await openListener();
    const { token, forget } = listener.expect();
    forget();

    const late = await connectTo(listener);
    const turnedAway = once(late, "close");
    late.write(hello(token));

    await turnedAway;
  });

  test("that says nothing does not keep the listener from closing", async () => {
    const listener = await Listener.open();
    const silent = await connectTo(listener);
    const closed = once(silent, "close");
    // Its connection was accepted when one that was made later has arrived.
    const { token, arrival } = listener.expect();
    (await connectTo(listener)).write(hello(token));
    (await arrival).connection.destroy();

    await listener.close();

    await closed;
  });
});
