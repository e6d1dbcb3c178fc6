import { type Check, checksOf } from "./check.js";
import type { Plan } from "./plan.js";
import type { PythonFacts } from "./python.js";

const { ok, warning, problem } = checksOf("python");

export function checkPython(facts: PythonFacts, { threads }: Plan): Check[] {
  const { interpreter, source, version, msgspec, troubles } = facts;
  const each = (name: keyof typeof troubles, found: string): Check => {
    const trouble = troubles[name];
    return trouble === undefined ? ok(name, found) : problem(name, trouble.found, trouble.fix);
  };
  if (interpreter === null) return [each("interpreter", "")];
  return [
    each("interpreter", `${interpreter} (from ${source})`),
    each("version", version ?? ""),
    each("msgspec", msgspec ?? ""),
    ...(troubles.version === undefined ? packages(facts, threads) : []),
  ];
}

function packages({ interpreter, packages: versions }: PythonFacts, threads: number): Check[] {
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const found = ok("packages", list.length === 0 ? "none of those that are looked for" : list.join(", "));
  if (threads === 1 || !("numpy" in versions) || "threadpoolctl" in versions) return [found];
  return [
    found,
    warning(
      "threads",
      `a session forked after numpy was imported stays at 1 thread, not ${threads}: threadpoolctl is missing`,
      `${interpreter} -m pip install threadpoolctl`,
    ),
  ];
}
