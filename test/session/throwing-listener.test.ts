import { expect, test } from "vitest";
import { runScript } from "../helpers/node-script.js";

test("a listener that throws is reported as an uncaught exception, and harms neither its session nor other listeners", async () => {
  const script = runScript("throwing-listener", []);

  expect(await script.lines).toEqual(["the next listener", "uncaught: from the listener", "answer: 1"]);
  expect(await script.ended).toBe(0);
});
