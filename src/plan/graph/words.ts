import type { GraphNode, GraphPythonStage } from "./node.js";

/** What is worth saying of a node beside its name and kind, in short phrases: what is as usual is left out. */
export function phrasesOf(node: GraphNode): string[] {
  if (!("policy" in node)) return [];
  const failed = node.policy === "halt" ? [] : [`on error: ${node.policy}`];
  if (!("schemas" in node)) return failed;
  return [
    ...(node.kind === "python" ? pythonPhrases(node) : []),
    ...(node.kind === "node" && node.concurrency > 1 ? [`${node.concurrency} at once`] : []),
    ...(node.ordering === undefined ? [] : [`order: ${node.ordering}`]),
    ...(node.rateLimit === undefined ? [] : [rateInWords(node.rateLimit)]),
    ...cacheInWords(node.cache),
    ...checksInWords(node.schemas),
    ...failed,
  ];
}

/** What is kept of results, and for how long. */
export function cacheInWords(
  cache: { readonly maxAgeMs?: number; readonly overAge?: string } | undefined,
): string[] {
  if (cache === undefined) return [];
  const { maxAgeMs, overAge } = cache;
  return [maxAgeMs === undefined ? "cached" : `cached, ${overAge} after ${durationInWords(maxAgeMs)}`];
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
] as const;

/** `200 ms`, `2.5 s`, `5 min`, `1 d`: in the largest unit of which it is a number with one decimal at most. */
export function durationInWords(milliseconds: number): string {
  const fitting = UNITS.find(([, unit]) => milliseconds >= unit && (milliseconds * 10) % unit === 0);
  if (fitting === undefined) return `${milliseconds} ms`;
  const [name, unit] = fitting;
  return `${milliseconds / unit} ${name}`;
}

/** What is checked by schemas. */
export function checksInWords(
  schemas: { readonly input: boolean; readonly output: boolean } | undefined,
): string[] {
  const checked = [...(schemas?.input ? ["input"] : []), ...(schemas?.output ? ["output"] : [])];
  return checked.length === 0 ? [] : [`checks ${checked.join(" and ")}`];
}

function pythonPhrases(node: GraphPythonStage): string[] {
  return [
    `${node.module}.${node.function}`,
    ...(node.each ? ["one by one"] : []),
    batchesInWords(node.batching),
    ...(node.stateful ? ["stateful"] : []),
    ...viewsInWords(node.views),
  ];
}

/** What the function may ask of Node. */
export function viewsInWords(views: readonly string[] | undefined): string[] {
  return views === undefined ? [] : [`asks ${views.join(", ")}`];
}

/** How records become batches. */
export function batchesInWords({ name, settings }: GraphPythonStage["batching"]): string {
  if (name === "fixed" && settings.size !== undefined) return `batches of ${settings.size}`;
  const shown = Object.entries(settings).map(([setting, value]) => `${setting} ${value}`);
  return `${name} batches${shown.length === 0 ? "" : ` (${shown.join(", ")})`}`;
}

/** How many records may be sent in which time. */
export function rateInWords({
  limit,
  intervalMs,
  keyed,
}: {
  readonly limit: number;
  readonly intervalMs: number;
  readonly keyed: boolean;
}): string {
  return `at most ${limit} per ${durationInWords(intervalMs)}${keyed ? " for each key" : ""}`;
}
