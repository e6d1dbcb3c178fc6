import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Sandbox } from "../environment/sandbox.js";
import { runCommand, startCommand } from "./command.js";

test("stdout is one line, the interpreter; everything else is on stderr", async () => {
  using box = new Sandbox();
  box.python("path/python3");
  box.uv("echo 'a line of uv'; echo 'another' >&2");
  const { exitCode, stdout, stderr } = await runCommand(["setup", "numpy"], box);
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: `${box.path(".slither", "venv", "bin", "python")}\n`,
  });
  expect(stderr).toMatch(/^Making .*\na line of uv\n/);
  expect(stderr).toContain("another\n");
});

test("without requirements it holds msgspec; --path and --python say where and from what", async () => {
  using box = new Sandbox();
  box.python("elsewhere");
  box.uv();
  const { exitCode, stdout } = await runCommand(["setup", "--path", "made", "--python", "./elsewhere"], box);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${box.path("made", "bin", "python")}\n` });
  const calls = readFileSync(box.path("uv.log"), "utf8").split("\n");
  expect(calls[0]).toContain(`--python ${box.path("elsewhere")}`);
  expect(calls[1]).toMatch(/ msgspec>=0\.20 pip$/);
});

test("a failure is exit code 1 and a message without a stack", async () => {
  using box = new Sandbox();
  const { exitCode, stdout, stderr } = await runCommand(["setup", "--python", "./nowhere"], box);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toMatch(/^slither: expected a Python interpreter from --python, got .*nowhere.*\n$/);
});

test("a failed installation names the requirement and leaves nothing", async () => {
  using box = new Sandbox();
  box.python("path/python3");
  box.uv(
    `[ "$1" = pip ] && { echo 'error: Failed to fetch: \`http://127.0.0.1:9/simple/numpy/\`' >&2; exit 2; }`,
  );
  const { exitCode, stdout, stderr } = await runCommand(["setup", "numpy", "no-such-package-anywhere"], box);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toContain("could not install `numpy`");
  expect(readdirSync(box.path(".slither"))).toEqual([]);
});

test("SIGTERM ends the installer too, and leaves nothing half-made", async () => {
  using box = new Sandbox();
  box.python("path/python3");
  // Ends by the signal alone.
  box.uv(`[ "$1" = pip ] && { echo "busy $$"; exec tail -f /dev/null; }`);
  const command = startCommand(["setup"], {
    ...box,
    env: { ...box.env, PATH: `${box.env.PATH}:/usr/bin:/bin` },
  });
  await command.stderrHas("busy ");
  command.child.kill("SIGTERM");
  const { exitCode, stdout, stderr } = await command.ended;
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toContain("ended by SIGTERM");
  const pid = Number(/busy (\d+)/.exec(stderr)?.[1]);
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  expect(readdirSync(box.path(".slither"))).toEqual([]);
});

test.runIf(existsSync("/proc/self"))(
  "a place where the system takes no folders is an error that names it, and not a set-up without an end",
  async () => {
    using box = new Sandbox();
    box.python("path/python3");
    const { exitCode, stdout, stderr } = await runCommand(["setup", "--path", "/proc/slither"], box);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(
      /^slither: could not make \/proc\/slither: ENOENT: no such file or directory, mkdir '\/proc\/slither\.aside-/,
    );
  },
);
