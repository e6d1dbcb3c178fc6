import { halfJitterGenerator, noJitterGenerator } from "cockatiel";
import type { Failed, Judge, Verdict } from "../dispatch/judge.js";
import { OptionsError } from "../errors/options.js";
import { PoisonedRecordError } from "../errors/poison.js";
import { PythonError } from "../errors/python.js";
import { CallTimeoutError, WorkerDiedError } from "../errors/session.js";
import { show } from "../options/parse.js";
import type { Item } from "./item.js";
import { type ErrorPolicy, type FinalPolicy, type PolicyFunction, Retry } from "./policy.js";
import { RouteTo } from "./results.js";

const HALT: Verdict = { kind: "halt" };
const REJECT: Verdict = { kind: "reject" };
const AT_ONCE: Verdict = { kind: "retry", afterMs: 0 };

/**
 * What a policy says to failures of one stage.
 *
 * @param repeats whether the stage may be given the same records again; where it may not, nothing is retried.
 */
export function judgeOf(policy: ErrorPolicy, stage: string, repeats: boolean): Judge<Item> {
  if (typeof policy === "function") return (failed) => judgedBy(policy, failed, stage, repeats);
  if (policy instanceof Retry)
    return (failed) => retried(policy, failed, repeats) ?? finalVerdict(policy.final);
  const verdict = finalVerdict(policy);
  return () => verdict;
}

async function judgedBy(
  policy: PolicyFunction,
  { error, records, attempts }: Failed<Item>,
  stage: string,
  repeats: boolean,
): Promise<Verdict> {
  const failed = records.length === 1 ? (records[0] as Item) : records;
  const decision: unknown = await policy(error, failed, attempts);
  if (decision === "retry" && repeats) return AT_ONCE;
  if (decision === "halt" || decision === "reject" || decision instanceof RouteTo)
    return finalVerdict(decision);
  const retrying = repeats ? '"retry", ' : "";
  throw new OptionsError(
    `onError(${JSON.stringify(stage)})`,
    [`expected the function to return "halt", "reject", ${retrying}or routeTo(name), got ${show(decision)}`],
    error,
  );
}

function retried(policy: Retry<string>, failed: Failed<Item>, repeats: boolean): Verdict | undefined {
  if (!repeats || failed.attempts >= policy.attempts || !isRetried(failed.error, policy)) return undefined;
  return { kind: "retry", afterMs: delayMs(policy, failed.attempts) };
}

/** What may pass the next time: a process that died, a deadline, and what the policy names; not what was not even tried. */
function isRetried(error: unknown, policy: Retry<string>): boolean {
  if (error instanceof WorkerDiedError || error instanceof CallTimeoutError) return true;
  if (error instanceof PoisonedRecordError) return false;
  return policy.on.some((each) =>
    typeof each === "string" ? error instanceof PythonError && error.isA(each) : error instanceof each,
  );
}

/** @param attempts how often it was tried. */
function delayMs({ backoffMs, maxBackoffMs, jitter }: Retry<string>, attempts: number): number {
  const generator = jitter ? halfJitterGenerator : noJitterGenerator;
  const options = { initialDelay: backoffMs, maxDelay: maxBackoffMs, exponent: 2, generator };
  return generator(attempts - 1, options)[0];
}

function finalVerdict(policy: FinalPolicy): Verdict {
  if (policy === "halt") return HALT;
  return policy instanceof RouteTo ? { kind: "routeTo", route: policy.route } : REJECT;
}
