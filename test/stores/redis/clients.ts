import { createClient } from "@redis/client";
import type { RemoteClient } from "slither-ts/redis";
import { onTestFinished } from "vitest";

/** A client that is closed after the test. */
export async function connected(url: string) {
  const client = createClient({ url });
  // What is lost is told by what is sent then.
  client.on("error", () => {});
  await client.connect();
  onTestFinished(() => {
    if (client.isOpen) client.destroy();
  });
  return client;
}

/** A client whose commands are written down, and whose replies a test can hold back. */
export class WatchedClient implements RemoteClient {
  readonly isOpen = true;
  /** The names of the commands that were sent. */
  readonly commands: string[] = [];
  /** What the replies to a command wait for. */
  readonly held = new Map<string, Promise<void>>();
  readonly #client: RemoteClient;

  constructor(client: RemoteClient) {
    this.#client = client;
  }

  async sendCommand(...[args, options]: Parameters<RemoteClient["sendCommand"]>): Promise<unknown> {
    const name = String(args[0]);
    this.commands.push(name);
    const held = this.held.get(name);
    const reply = await this.#client.sendCommand(args, options);
    await held;
    return reply;
  }
}
