#!/usr/bin/env node
// Behind `npm run demo|test|test:soak|bench|format|build`: sets up what the task needs, then runs it.
// Nothing has to be installed before: this file and what it loads need Node alone.
// Set-up writes to stderr only; stdout and the exit code are the task's.
import { requireNodeVersion } from "./node-version.mjs";

requireNodeVersion();
// Loaded after the check: an old Node would stop at their syntax, and say nothing useful.
const { endWithChildren, exitCodeWhenEnded } = await import("./child.mjs");
const { TASKS } = await import("./tasks.mjs");

const [name = "", ...parameters] = process.argv.slice(2);
const task = TASKS[name];
if (task === undefined) {
  process.stderr.write(`expected one of ${Object.keys(TASKS).join(", ")}, got \`${name}\`\n`);
  process.exit(2);
}

endWithChildren();
try {
  const exitCode = await task(parameters);
  process.exitCode = exitCodeWhenEnded() ?? exitCode;
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  if (message !== "") process.stderr.write(`${message}\n`);
  process.exitCode = exitCodeWhenEnded() ?? 1;
}
