import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { startCommand } from "../cli/command.js";
import { Sandbox } from "./sandbox.js";

/** Two set-ups of one folder, both in the middle of building before either may go on. */
async function twoAtOnce(box: Sandbox, one: string[], other: string[]) {
  execFileSync("mkfifo", [box.path("gate-1"), box.path("gate-2")], { env: process.env });
  // Each waits to be told; reading a named pipe ends when a writer has come and gone.
  box.uv('[ "$1" = pip ] && { echo "at the gate"; read line < "$GATE"; }');
  const commands = [one, other].map((requirements, index) =>
    startCommand(["setup", ...requirements], {
      cwd: box.cwd,
      env: { ...box.env, GATE: box.path(`gate-${index + 1}`) },
    }),
  );
  await Promise.all(commands.map((command) => command.stderrHas("at the gate")));
  for (const gate of ["gate-1", "gate-2"]) writeFileSync(box.path(gate), "\n");
  return Promise.all(commands.map((command) => command.ended));
}

const works = (python: string, ...modules: string[]) =>
  execFileSync(python, ["-c", `import ${modules.join(", ")}; print("works")`], { encoding: "utf8" });

test("two processes that make the same environment at once both get a whole one", async () => {
  using box = new Sandbox();
  box.python("path/python3");
  const ended = await twoAtOnce(box, ["one"], ["one"]);
  const python = box.path(".slither", "venv", "bin", "python");
  expect(ended).toMatchObject([
    { exitCode: 0, stdout: `${python}\n` },
    { exitCode: 0, stdout: `${python}\n` },
  ]);
  expect(works(python, "msgspec", "one")).toBe("works\n");
  expect(readdirSync(box.path(".slither"))).toEqual(["venv"]);
});

test("two that make different ones leave one of the two, whole", async () => {
  using box = new Sandbox();
  box.python("path/python3");
  const ended = await twoAtOnce(box, ["one"], ["two"]);
  expect(ended).toMatchObject([{ exitCode: 0 }, { exitCode: 0 }]);
  const [{ stdout } = { stdout: "" }] = ended;
  expect(works(stdout.trim(), "msgspec")).toBe("works\n");
  const has = ["one", "two"].filter((name) => {
    const program = `import importlib.util as u; print(u.find_spec("${name}") is not None)`;
    return execFileSync(stdout.trim(), ["-c", program], { encoding: "utf8" }) === "True\n";
  });
  expect(has).toHaveLength(1);
  expect(readdirSync(box.path(".slither"))).toEqual(["venv"]);
});
