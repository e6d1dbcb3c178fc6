import type { GraphNode, GraphPythonStage } from "./node.js";

/** What is worth saying of a node beside its name and kind, in short phrases: what is as usual is left out. */
export function phrasesOf(node: GraphNode): string[] {
  if (!("policy" in node)) return [];
  const failed = node.policy === "halt" ? [] : [`on error: ${node.policy}`];
  if (node.kind === "route") return failed;
  const { input, output } = node.schemas;
  const checked = [...(input ? ["input"] : []), ...(output ? ["output"] : [])];
  return [
    ...(node.kind === "python" ? pythonPhrases(node) : []),
    ...(node.kind === "node" && node.concurrency > 1 ? [`${node.concurrency} at once`] : []),
    ...(node.ordering === undefined ? [] : [`order: ${node.ordering}`]),
    ...(node.rateLimit === undefined ? [] : [rateInWords(node.rateLimit)]),
    ...(checked.length === 0 ? [] : [`checks ${checked.join(" and ")}`]),
    ...failed,
  ];
}

function pythonPhrases(node: GraphPythonStage): string[] {
  return [
    `${node.module}.${node.function}`,
    ...(node.each ? ["one by one"] : []),
    batchesInWords(node.batching),
    ...(node.stateful ? ["stateful"] : []),
  ];
}

function batchesInWords({ name, settings }: GraphPythonStage["batching"]): string {
  if (name === "fixed" && settings.size !== undefined) return `batches of ${settings.size}`;
  const shown = Object.entries(settings).map(([setting, value]) => `${setting} ${value}`);
  return `${name} batches${shown.length === 0 ? "" : ` (${shown.join(", ")})`}`;
}

function rateInWords({
  limit,
  intervalMs,
  keyed,
}: {
  readonly limit: number;
  readonly intervalMs: number;
  readonly keyed: boolean;
}): string {
  return `at most ${limit} per ${intervalMs} ms${keyed ? " for each key" : ""}`;
}
