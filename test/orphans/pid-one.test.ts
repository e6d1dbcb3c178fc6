import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const NAMESPACE = ["--pid", "--fork", "--mount-proc"];
const { status, stderr } = spawnSync("unshare", [...NAMESPACE, "true"], { encoding: "utf8" });
if (status !== 0) {
  console.log(`skipped: Node as process 1, because this system makes no process namespace: ${stderr}`);
}

test.skipIf(status !== 0)("Node as process 1 of a container is left no zombies by its sessions", () => {
  const script = fileURLToPath(new URL("../fixtures/node/pid-one.ts", import.meta.url));

  const { stdout } = spawnSync("unshare", [...NAMESPACE, process.execPath, "--import", "tsx", script], {
    encoding: "utf8",
  });

  expect(stdout.split("\n")).toEqual(["pid 1; no zombies", "0 more than before: none", ""]);
});
