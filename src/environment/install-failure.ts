import { EnvironmentSetupError, type EnvironmentSetupReason } from "../errors/python-environment.js";

// What pip and uv write when the index does not answer. Used for the wording of a message only: whether an
// installation failed is decided by its exit code.
const UNREACHABLE =
  /connection broken|NewConnectionError|Failed to establish a new connection|Max retries exceeded|timed out|ProxyError|name resolution|Failed to fetch|error sending request|dns error|SSLError|CERTIFICATE_VERIFY_FAILED/i;

// pip says no more than this when it may not retry: there is no such project, or no index answered.
const NOTHING_FOUND = /\(from versions: none\)|was not found in the package registry/;

// The places where pip and uv name the requirement that stopped them, the most telling first.
const NAMED = [
  /Could not find a version that satisfies the requirement (.+?) \(from/,
  /No matching distribution found for (\S+)/,
  /Because there (?:is no version|are no versions) of (\S+)/,
  /Because (\S+) was not found/,
  /Failed to fetch:? `?([^`\s]+)/,
  /Failed to (?:download|build)[^`\n]*`([^`\n]+)`/,
];

/** The error for an installation that failed, from what the installer wrote. */
export function installFailure(
  output: string,
  folder: string,
  requirements: readonly string[],
): EnvironmentSetupError {
  const reason: EnvironmentSetupReason = UNREACHABLE.test(output) ? "index-unreachable" : "install-failed";
  const requirement = failedRequirement(output);
  const what = requirement ?? requirements.join(" ");
  const why = explain(reason, output);
  return new EnvironmentSetupError(
    `could not install \`${what}\` in ${folder}: ${why}. ${remedy(reason === "install-failed" && !NOTHING_FOUND.test(output), requirements)}`,
    { reason, folder, requirement },
  );
}

function explain(reason: EnvironmentSetupReason, output: string): string {
  if (reason === "index-unreachable") return "the package index could not be reached";
  if (NOTHING_FOUND.test(output))
    return "there is no such package, or the package index could not be reached";
  return lastError(output);
}

function failedRequirement(output: string): string | undefined {
  for (const pattern of NAMED) {
    const name = pattern.exec(output)?.[1];
    // uv names the page of the index: its last part is the project.
    if (name !== undefined) return name.includes("/simple/") ? lastPart(name) : name;
  }
  return undefined;
}

function lastPart(address: string): string | undefined {
  return address.split("/").filter(Boolean).at(-1);
}

function lastError(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const error = lines.findLast((line) => /^\s*(ERROR|error)\b/.test(line)) ?? lines.at(-1);
  return error?.replace(/^\s*error:\s*/i, "").replace(/[.\s]+$/, "") ?? "the installer said nothing";
}

function remedy(answered: boolean, requirements: readonly string[]): string {
  if (answered) return "Correct the requirement and run the same command again";
  return (
    "Check the network, the proxy (HTTPS_PROXY) and the index settings (PIP_INDEX_URL or pip's configuration; " +
    "UV_DEFAULT_INDEX for uv) and run the same command again; or name an interpreter that has the packages: " +
    `npx slither setup ${requirements.map(quote).join(" ")} --python PYTHON`
  );
}

// As a shell needs it: `numpy>=2` would write a file.
function quote(requirement: string): string {
  return /^[\w.=-]+$/.test(requirement) ? requirement : `'${requirement}'`;
}
