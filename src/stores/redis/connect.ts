import type { Clock } from "../../clock.js";
import { OptionsError } from "../../errors/options.js";
import { StoreError } from "../../errors/store.js";
import { isFromServer, unreachable } from "./connection.js";
import type { RemoteClient } from "./options.js";

/** How long a client waits before it connects again: 50 ms, then longer, up to 2 s. */
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

/** A client of the store's own, connected. When the connection is lost it connects again by itself; what is sent meanwhile fails at once. */
export async function connect(
  store: string,
  url: string,
  { clock, connectTimeout }: { clock: Clock; connectTimeout: number },
): Promise<{ client: RemoteClient; end: () => void }> {
  const { createClient } = await load(store);
  let isConnected = false;
  const client = made(url, () =>
    createClient({
      url,
      disableOfflineQueue: true,
      socket: {
        connectTimeout,
        // The first time it fails at once, and is told.
        reconnectStrategy: (retries) =>
          isConnected && Math.min(FIRST_WAIT_MS * 2 ** retries, LONGEST_WAIT_MS),
      },
    }),
  );
  // A lost connection is told by what is sent then; without a listener it would end the process.
  client.on("error", () => {});
  const end = (): void => {
    if (client.isOpen) client.destroy();
  };
  const done = new AbortController();
  try {
    await Promise.race([client.connect(), late(clock, connectTimeout, done.signal)]);
    isConnected = true;
    return { client, end };
  } catch (error) {
    end();
    const { message } = error as Error;
    if (isFromServer(error))
      throw new StoreError(store, "open-failed", `the server refused the connection: ${message}`, error);
    throw unreachable(store, message === "" ? String((error as NodeJS.ErrnoException).code) : message, error);
  } finally {
    done.abort();
  }
}

async function late(clock: Clock, ms: number, signal: AbortSignal): Promise<never> {
  await clock.sleep(ms, signal);
  throw new Error(`it did not answer within ${ms} ms (connectTimeout)`);
}

function made<Client>(url: string, make: () => Client): Client {
  try {
    return make();
  } catch (error) {
    const hint = "expected `url` to be text such as redis://localhost:6379";
    throw new OptionsError("remoteStore()", [`${hint}, got \`${url}\`: ${(error as Error).message}`], error);
  }
}

async function load(store: string): Promise<typeof import("@redis/client")> {
  try {
    return await import("@redis/client");
  } catch (error) {
    const what =
      "a remote store needs the package `@redis/client`, which could not be loaded; run `npm install @redis/client`";
    throw new StoreError(store, "open-failed", what, error);
  }
}
