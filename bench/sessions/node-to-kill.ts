// Opens sessions, half of which compute for ever, says so, and waits to be killed.
import { once } from "node:events";
import { benchEngine } from "../engine.js";

const engine = await benchEngine({ preload: ["session_work"] });
const sessions = await Promise.all(Array.from({ length: Number(process.argv[2]) }, () => engine.session()));
await Promise.all(sessions.map((session) => session.call("session_work", "train", [1])));
for (const session of sessions.slice(0, sessions.length / 2))
  void session.call("time", "sleep", [600]).catch(() => {});
process.stdout.write("ready\n");
await once(process, "never");
