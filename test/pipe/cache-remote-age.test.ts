import { cached, pipe } from "slither-ts";
import { type RemoteClient, remoteStore, remoteTable } from "slither-ts/redis";
import { fakeClock } from "slither-ts/testing";
import { expect, onTestFinished, test } from "vitest";
import { packValue } from "../../src/stores/kept/pack.js";
import { inlineSession } from "./inline-session.js";

/** A server that has one value, which is 59 seconds old at first, and takes whatever is written. */
class OneValue implements RemoteClient {
  readonly isOpen = true;
  readonly clock = fakeClock();

  async sendCommand([name, ...keys]: readonly (string | Buffer)[]): Promise<unknown> {
    if (name === "TIME") return [Buffer.from(`${1_059 + this.clock.now() / 1_000}`), Buffer.from("0")];
    if (name !== "MGET") return 1;
    const kept = Buffer.concat([Buffer.from("1000000:"), packValue("old a")]);
    return keys.map((key) => (key.toString().endsWith("a") ? kept : null));
  }
}

test("a value of a remote table that expires while a miss of its batch is computed is not used", async () => {
  const client = new OneValue();
  const { clock } = client;
  const made = await remoteStore(
    "s",
    { kept: remoteTable<string, string>({ ttl: "1m" }) },
    { client, clock },
  );
  onTestFinished(() => made.close());
  const embed = async (all: string[]) => {
    if (all.includes("b")) await clock.advance("2s");
    return all.map((text) => `new ${text}`);
  };
  const built = pipe<string>("p").python<string>("embed", {
    module: "model",
    function: "embed",
    cache: cached(made.kept, (text: string) => text),
  });
  const payloadsOf = async (texts: string[]) => {
    const { outputs } = await built.run(texts, { session: await inlineSession({ embed }) }).collect();
    return outputs.default.map(({ payload }) => payload);
  };
  expect(await payloadsOf(["a"])).toEqual(["old a"]);
  expect(await payloadsOf(["a", "b"])).toEqual(["new a", "new b"]);
});
