import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { addDoctor } from "../../src/cli/doctor-command.js";
import type { Report } from "../../src/doctor/report.js";
import { Sandbox } from "../environment/sandbox.js";
import { isGone } from "../helpers/processes.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { type Ended, type RunningCommand, runCommand, startCommand } from "./command.js";

const PYTHON = process.env.SLITHER_PYTHON ?? join(process.cwd(), ".slither/venv/bin/python");

/** Says which process it is, and never ends. */
const HANG = `import os, signal
with open(os.environ["PIPE"], "w") as pipe:
    pipe.write(str(os.getpid()))
signal.pause()`;

/** Python modules that misbehave when they are imported. */
const MODULES = {
  starts_a_thread: `import threading
threading.Thread(target=threading.Event().wait, daemon=True, name="watcher").start()`,
  ends_the_process: "import os; os._exit(3)",
  raises: "raise ValueError('bad setting')",
  needs_another: "import no_such_package",
  prints: "print('noise on stdout')",
  hangs: HANG,
  hangs_without_forkserver: `import sys
if "--forkserver" not in sys.argv:
    ${HANG.replaceAll("\n", "\n    ")}`,
};

interface Doctor {
  readonly folder: string;
  readonly parameters: string[];
  readonly env: NodeJS.ProcessEnv;
  /** What it has left in the folder for temporary files. */
  leftovers(): string[];
}

/** A doctor with the modules, and a folder for temporary files of its own. */
function doctorOf(...parameters: string[]): Doctor {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(MODULES)) writeFileSync(join(folder, `${name}.py`), `${text}\n`);
  const temporary = join(folder, "t");
  mkdirSync(temporary);
  const env = { ...process.env, SLITHER_PYTHON: PYTHON, TMPDIR: temporary, PIPE: join(folder, "pipe") };
  const leftovers = () => readdirSync(temporary).filter((name) => name.startsWith("slither-"));
  return { folder, parameters: ["doctor", "--python-path", folder, ...parameters], env, leftovers };
}

async function run(...parameters: string[]): Promise<Ended & { leftovers: string[] }> {
  const doctor = doctorOf(...parameters);
  const ended = await runCommand(doctor.parameters, { env: doctor.env });
  return { ...ended, leftovers: doctor.leftovers() };
}

async function json(...parameters: string[]): Promise<{ exitCode: number | null; report: Report }> {
  const { exitCode, stdout, stderr, leftovers } = await run("--json", ...parameters);
  expect({ stderr, leftovers }).toEqual({ stderr: "", leftovers: [] });
  return { exitCode, report: JSON.parse(stdout) };
}

function check({ checks }: Report, topic: string, name: string) {
  return checks.find((each) => each.topic === topic && each.name === name);
}

describe("with a Python that has everything", () => {
  test("it prints an aligned list without colours, and exits with 0", async () => {
    const { exitCode, stdout, stderr, leftovers } = await run("--threads", "1", "--sessions", "1");

    expect({ exitCode, stderr, leftovers }).toEqual({ exitCode: 0, stderr: "", leftovers: [] });
    expect(stdout).toMatch(/^Node\n {2}ok {7}version +\d+\.\d+\.\d+ \(.*\)\n\nPython\n/);
    expect(stdout).toMatch(/ {2}ok +interpreter +\S+ \(from SLITHER_PYTHON\)\n/);
    expect(stdout).toMatch(
      /\nPreload\n {2}ok +numpy +[\d.]+ m?s, [\d.]+ MB\n {2}ok +sklearn\.linear_model +\d/,
    );
    expect(stdout).toMatch(/ {2}ok +first answer +[\d.]+ ms after a fork; started cold, .* [\d.]+ m?s\n/);
    expect(stdout).toMatch(/\n0 problems, \d+ warnings? for 1 session with 1 thread each\n$/);
    expect(stdout.includes("\u001b")).toBe(false);
    const columns = stdout.match(/^ {2}(?:ok|warning) +\S(?: ?\S)* +/gm)?.map((start) => start.length);
    expect(new Set(columns).size).toBe(1);
  });

  test("--json prints every fact and check, also what was measured", async () => {
    const { exitCode, report } = await json("--preload", "json,prints", "--preload", "decimal");

    expect(exitCode).toBe(0);
    expect(report).toMatchObject({ ok: true, problems: 0, plan: { threads: 1 } });
    expect(report.plan.sessions).toBe(Math.max(1, Math.floor(report.facts.cores.cores)));
    for (const each of report.checks) {
      expect(Object.keys(each)).toEqual(["topic", "name", "status", "found", "fix"]);
      expect(each.fix === null).toBe(each.status === "ok");
    }
    const { measured, python, node } = report.facts;
    expect(node.version).toBe(process.versions.node);
    expect(python).toMatchObject({ interpreter: PYTHON, source: "SLITHER_PYTHON", troubles: {} });
    expect(measured?.preload).toEqual(["json", "prints", "decimal"]);
    expect(measured?.cold?.imports.map(({ module, trouble }) => [module, trouble])).toEqual([
      ["json", null],
      ["prints", null],
      ["decimal", null],
    ]);
    const { forks, cold } = measured ?? {};
    expect(forks?.runs).toHaveLength(5);
    expect(forks?.medianMilliseconds).toBe(forks?.runs.toSorted((one, other) => one - other)[2]);
    expect(forks?.medianMilliseconds).toBeLessThan(cold?.milliseconds ?? 0);
    expect(forks?.session?.privateBytes).toBeLessThan(cold?.memory?.privateBytes ?? 0);
  });

  test("an empty --preload measures a forkserver that has imported nothing", async () => {
    const { exitCode, report } = await json("--preload", "");
    expect(exitCode).toBe(0);
    expect(report.facts.measured?.preload).toEqual([]);
    expect(report.checks.filter(({ topic }) => topic === "preload").map(({ name }) => name)).toEqual([
      "forkserver",
    ]);
  });

  test("a plan with more threads than cores is a warning, no problem", async () => {
    const { exitCode, report } = await json("--preload", "", "--sessions", "500", "--threads", "3");
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({ ok: true, plan: { sessions: 500, threads: 3 } });
    expect(check(report, "cores", "plan")).toMatchObject({ status: "warning" });
    expect(check(report, "cores", "plan")?.fix).toContain("local({");
  });
});

describe("with a Python that cannot be used, it says what mends it, examines the rest, and exits with 1", () => {
  test("one that does not exist", async () => {
    const { exitCode, report } = await json("--python", "./no-such-python");
    expect(exitCode).toBe(1);
    expect(check(report, "python", "interpreter")).toMatchObject({
      status: "problem",
      found: expect.stringMatching(
        /^expected a Python interpreter from --python, got `.*` \(no such file\)$/,
      ),
      fix: "Correct --python, or leave it out and make an environment: npx slither setup",
    });
    expect(report.facts.measured).toBeNull();
    expect(check(report, "cores", "available")).toBeDefined();
  });

  test("none at all", async () => {
    using box = new Sandbox();
    const { exitCode, stdout } = await runCommand(["doctor", "--json"], box);
    expect(exitCode).toBe(1);
    expect(check(JSON.parse(stdout), "python", "interpreter")).toMatchObject({
      found: expect.stringContaining("none of these"),
      fix: "Install Python, or name one with the option `python` or with SLITHER_PYTHON",
    });
  });

  test("one without msgspec", async () => {
    using box = new Sandbox();
    const python = box.environment("bare");
    const { exitCode, report } = await json("--python", python);
    expect(exitCode).toBe(1);
    expect(check(report, "python", "version")).toMatchObject({ status: "ok" });
    expect(check(report, "python", "msgspec")).toMatchObject({
      status: "problem",
      found: "expected msgspec 0.20 or newer, got a Python without it",
      fix: `Install it: ${python} -m pip install 'msgspec>=0.20'; or make an environment: npx slither setup`,
    });
    expect(report.facts.measured).toBeNull();
  });

  test("one that is too old, with a msgspec that is too old", async () => {
    using box = new Sandbox();
    const { exitCode, report } = await json("--python", box.pretender("old", "3.8.18", "0.18.6"));
    expect(exitCode).toBe(1);
    expect(check(report, "python", "version")?.found).toBe("expected Python 3.10 or newer, got 3.8.18");
    expect(check(report, "python", "msgspec")?.found).toBe(
      "expected msgspec 0.20 or newer, got msgspec 0.18.6",
    );
  });

  test("one on which no worker starts", async () => {
    using box = new Sandbox();
    const broken = `case "$*" in *slither_worker*) echo 'cannot load libfoo' >&2; exit 127;; esac`;
    const python = box.script("broken", `${broken}\nexec '${PYTHON}' "$@"`);
    const { exitCode, report } = await json("--python", python);
    expect(exitCode).toBe(1);
    expect(check(report, "fork", "start")).toMatchObject({
      status: "problem",
      found:
        "no worker starts: the worker did not start: it ended before it was ready, with exit code 127; it last wrote:\n  cannot load libfoo",
    });
  });
});

describe("what is preloaded", () => {
  test("a module that starts a thread is a warning: sessions are then started cold", async () => {
    const { exitCode, report } = await json("--preload", "starts_a_thread");
    expect(exitCode).toBe(0);
    expect(check(report, "preload", "starts_a_thread")).toMatchObject({ status: "ok" });
    expect(check(report, "fork", "possible")).toMatchObject({
      status: "warning",
      found: expect.stringMatching(
        /^no: your code left threads running: watcher; so sessions are started cold, [\d.]+ m?s each$/,
      ),
      fix: "leave the module that does this out of preload, or local({ forkserver: false })",
    });
    expect(report.facts.measured?.forks?.runs).toEqual([]);
  });

  test("each module that cannot be imported is a problem of its own, and the others are measured", async () => {
    const names = ["no_such_module", "raises", "ends_the_process", "needs_another", "json"];
    const { exitCode, report } = await json("--preload", names.join(","));
    expect(exitCode).toBe(1);
    const found = (name: string) => check(report, "preload", name)?.found;
    expect(check(report, "preload", "no_such_module")).toMatchObject({
      status: "problem",
      found: "there is no such module",
      fix: "npx slither setup no_such_module, or when it is yours, name its folder: local({ pythonPath }), here --python-path",
    });
    expect(found("raises")).toBe("it failed while it was imported: ValueError: bad setting");
    expect(found("ends_the_process")).toBe("importing it ended the process, with exit code 3");
    expect(found("needs_another")).toBe("it needs no_such_package, which is not there");
    expect(check(report, "preload", "json")).toMatchObject({ status: "ok" });
    expect(check(report, "fork", "first answer")).toMatchObject({ status: "ok" });
    expect(report.problems).toBe(4);
  });

  test("a module whose import does not end is given up", async () => {
    const doctor = doctorOf("--json", "--preload", "hangs,json", "--start-timeout", "5s");
    // Nobody reads it: the module waits where it opens the pipe.
    execFileSync("mkfifo", [join(doctor.folder, "pipe")]);
    const { exitCode, stdout } = await runCommand(doctor.parameters, { env: doctor.env });
    const report: Report = JSON.parse(stdout);
    expect(exitCode).toBe(1);
    expect(check(report, "preload", "hangs")).toMatchObject({
      status: "problem",
      found: "not imported after 5 s",
    });
    expect(check(report, "preload", "json")).toMatchObject({ status: "ok" });
    expect(doctor.leftovers()).toEqual([]);
  });
});

describe("when it is asked to end half-way, it leaves nothing behind", () => {
  async function endAt(doctor: Doctor, signal: NodeJS.Signals): Promise<{ ended: Ended; pid: number }> {
    const pipe = join(doctor.folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const command: RunningCommand = startCommand(doctor.parameters, { env: doctor.env });
    const pid = Number(await readFile(pipe, "utf8"));
    command.child.kill(signal);
    return { ended: await command.ended, pid };
  }

  test("while a forkserver imports", async () => {
    const doctor = doctorOf("--preload", "hangs");
    const { ended, pid } = await endAt(doctor, "SIGINT");
    expect(ended).toEqual({ exitCode: 1, stdout: "", stderr: "slither: ended by SIGINT\n" });
    expect(await isGone(pid)).toBe(true);
    expect(doctor.leftovers()).toEqual([]);
  });

  test("while a worker that was started cold imports", async () => {
    const doctor = doctorOf("--preload", "hangs_without_forkserver");
    const { ended, pid } = await endAt(doctor, "SIGHUP");
    expect(ended).toEqual({ exitCode: 1, stdout: "", stderr: "slither: ended by SIGHUP\n" });
    expect(await isGone(pid)).toBe(true);
    expect(doctor.leftovers()).toEqual([]);
  });

  test("while an interpreter is asked about itself", async () => {
    using box = new Sandbox();
    const python = box.script("slow", `printf $$ > "$PIPE"\nexec tail -f /dev/null`);
    const doctor = doctorOf("--python", python);
    const { ended, pid } = await endAt(doctor, "SIGTERM");
    expect(ended).toEqual({ exitCode: 1, stdout: "", stderr: "slither: ended by SIGTERM\n" });
    expect(await isGone(pid)).toBe(true);
    expect(doctor.leftovers()).toEqual([]);
  });
});

test.each([
  ["--sessions", "0", "expected a positive integer"],
  ["--threads", "many", "expected a positive integer"],
  ["--start-timeout", "soon", "expected a duration"],
  ["--python-path", "/no/such/folder", "expected a folder that exists"],
])("%s %s is a usage error", async (option, value, message) => {
  const { exitCode, stdout, stderr } = await runCommand(["doctor", option, value]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toContain(message);
});

test("the guide has every option and no other", () => {
  const program = new Command();
  addDoctor(program);
  const options = program.commands[0]?.options.map(({ long }) => long);
  const guide = readFileSync(new URL("../../docs/guides/doctor.md", import.meta.url), "utf8");
  const rows = [...guide.matchAll(/^\| `(--[\w-]+)/gm)].map(([, name]) => name);
  expect(rows).toEqual(options);
});
