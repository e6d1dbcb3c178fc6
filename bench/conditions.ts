import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { benchEngine } from "./engine.js";
import type { Conditions } from "./results.js";

const PYTHON_PACKAGES = ["msgspec", "numpy", "scikit-learn"];
const GIGABYTE = 2 ** 30;

/** Where and with what the benchmarks run. */
export async function conditionsNow(quick: boolean): Promise<Conditions> {
  return {
    date: new Date().toISOString().slice(0, 10),
    quick,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / GIGABYTE),
    system: `${type()} ${release()}`,
    versions: { "slither-ts": packageVersion(), Node: process.versions.node, ...(await pythonVersions()) },
  };
}

function packageVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

async function pythonVersions(): Promise<Record<string, string>> {
  await using engine = await benchEngine();
  const session = await engine.session();
  const versions: Record<string, string> = {
    Python: await session.call<string>("platform", "python_version"),
  };
  for (const name of PYTHON_PACKAGES)
    versions[name] = await session.call<string>("importlib.metadata", "version", [name]);
  return versions;
}
