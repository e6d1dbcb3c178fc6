import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { checksOf } from "../../src/doctor/check.js";
import { checkForks } from "../../src/doctor/check-forks.js";
import { checkPython } from "../../src/doctor/check-python.js";
import type { ColdFacts } from "../../src/doctor/cold.js";
import { render } from "../../src/doctor/render.js";
import type { Facts } from "../../src/doctor/report.js";
import { limit, size, time } from "../../src/doctor/words.js";

const plan = { sessions: 2, threads: 1 };
const cold: ColdFacts = { imports: [], milliseconds: 1200, memory: null };

function rendered(colors: boolean): string {
  const checks = [
    checksOf("cores").warning("plan", "too many", "fewer"),
    checksOf("node").ok("version", "20.19.0"),
    checksOf("python").problem("interpreter", "none\nat all", "install it"),
  ];
  return render({ ok: false, problems: 1, warnings: 1, plan, checks, facts: {} as Facts }, colors);
}

test("what is found is aligned under its topic, with what mends it below", () => {
  expect(rendered(false)).toBe(`Node
  ok       version      20.19.0

Python
  problem  interpreter  none
                        at all
                        fix: install it

Cores
  warning  plan         too many
                        fix: fewer

1 problem, 1 warning for 2 sessions with 1 thread each
`);
});

test("colours add nothing but colours", () => {
  const colored = rendered(true);
  expect(colored).not.toBe(rendered(false));
  expect(stripVTControlCharacters(colored)).toBe(rendered(false));
});

test("a system on which nothing can be forked is a warning", () => {
  const measured = { preload: [], cold, forks: null, trouble: null };
  expect(checkForks(measured, "darwin")).toMatchObject([
    { status: "warning", found: "no: it needs Linux, and this is darwin, so sessions are started cold" },
  ]);
});

test("modules that can be imported one by one but not together are a problem of the forkserver", () => {
  const trouble =
    "the worker did not start: it was not ready after 30000 ms (startTimeout) while it imported a, b";
  expect(checkForks({ preload: ["a", "b"], cold, forks: null, trouble }, "linux")).toMatchObject([
    {
      topic: "fork",
      status: "problem",
      fix: 'give it longer: local({ startTimeout: "2m" }), here --start-timeout 2m',
    },
  ]);
});

test("several threads without threadpoolctl are a warning where numpy is", () => {
  const facts = {
    interpreter: "/p",
    source: "SLITHER_PYTHON",
    version: "3.11.7",
    msgspec: "0.22.0",
    packages: { numpy: "2.0" },
    troubles: {},
  };
  const threads = (amount: number, packages: Record<string, string> = facts.packages) =>
    checkPython({ ...facts, packages }, { sessions: 1, threads: amount }).filter(
      ({ name }) => name === "threads",
    );
  expect(threads(2)).toMatchObject([{ status: "warning", fix: "/p -m pip install threadpoolctl" }]);
  expect(threads(1)).toEqual([]);
  expect(threads(2, { numpy: "2.0", threadpoolctl: "3.0" })).toEqual([]);
});

test("sizes, times and limits are short", () => {
  expect([size(0), size(700 * 1024), size(12.34 * 2 ** 20), size(300 * 2 ** 30)]).toEqual([
    "0 KB",
    "700 KB",
    "12.3 MB",
    "300 GB",
  ]);
  expect([time(6.25), time(640.4), time(1234)]).toEqual(["6.3 ms", "640 ms", "1.2 s"]);
  expect([limit(null), limit(1024)]).toEqual(["unlimited", "1024"]);
});
