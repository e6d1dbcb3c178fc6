/** What the command line calls the groups of benchmarks. Apart from them: to read a command line nothing of theirs is loaded. */
export const NAMES = [
  "call",
  "scoring",
  "columns",
  "arrays",
  "memory",
  "peers",
  "poison",
  "sessions",
  "store",
] as const;

export function isName(text: string): boolean {
  return NAMES.some((name) => name === text);
}
