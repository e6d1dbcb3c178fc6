/**
 * The first cycle that a walk along the imports meets, as the files on it, or undefined.
 *
 * @param {ReadonlyMap<string, readonly string[]>} graph file -> files that it imports
 * @returns {string[] | undefined}
 */
export function findCycle(graph) {
  const done = new Set();
  for (const start of graph.keys()) {
    const cycle = walk(start, [], graph, done);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/**
 * @param {string} file
 * @param {readonly string[]} path from the start to here
 * @param {ReadonlyMap<string, readonly string[]>} graph
 * @param {Set<string>} done files from which no cycle can be reached
 * @returns {string[] | undefined}
 */
function walk(file, path, graph, done) {
  if (done.has(file)) return undefined;
  if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
  for (const next of graph.get(file) ?? []) {
    const cycle = walk(next, [...path, file], graph, done);
    if (cycle !== undefined) return cycle;
  }
  done.add(file);
  return undefined;
}
