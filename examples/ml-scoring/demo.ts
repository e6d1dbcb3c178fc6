// Trains two models on two sessions, scores the same records through both, and proves that the sessions are isolated, survive a crash, and find the records that cause one.
// `--json` prints one JSON object instead of tables. Exit code 1 when a proof fails.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { local } from "slither-ts";
import { proveIsolation, sessionStats } from "./demo/isolation.js";
import { provePoison } from "./demo/poison.js";
import { step } from "./demo/progress.js";
import { proveRecovery } from "./demo/recovery.js";
import { matchesReference } from "./demo/reference.js";
import { type Checked, makeReport, printReport, proofs } from "./demo/report.js";
import { scoreSynthetic } from "./demo/synthetic.js";
import { scoreTumours } from "./demo/tumours.js";

const { values: options } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const began = performance.now();

await using engine = await local({
  pythonPath: [fileURLToPath(new URL("./python", import.meta.url))],
  // Imported once, with scikit-learn; every session has it from its start.
  preload: ["ml_scorer", "datasets"],
});
const stopLog = engine.on("session-log", ({ session, line }) => step(`[${session}] ${line}`));

const synthetic = await scoreSynthetic(engine);
const [a, b] = synthetic.sessions;

step("proving that neither session can see the other, and that scikit-learn alone gives the same");
const isolation = await proveIsolation(a, b);
const checked: Checked[] = [];
for (const scored of synthetic.sessions) {
  checked.push({
    scored,
    stats: await sessionStats(scored),
    matchesReference: await matchesReference(synthetic, scored),
  });
}

const recovery = await proveRecovery(engine, synthetic, a);
const real = await scoreTumours(a.session, b.session);
// Where a process dies in native code, Python prints where it was; these deaths are meant.
stopLog();
const poison = await provePoison(synthetic, b);

const report = makeReport(checked, isolation, recovery, poison, real, performance.now() - began);
const checks = proofs(report, synthetic);
if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
else printReport(report, checks);

const failed = checks.filter(([, holds]) => !holds).map(([statement]) => statement);
if (failed.length > 0) {
  process.exitCode = 1;
  step(`not true: ${failed.join("; ")}`);
}
