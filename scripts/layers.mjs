/**
 * The layers of src/, from top to bottom. A file may import what is in its own row or in a row further down.
 * A name that ends in "/" is a folder, any other a file. A folder inside another may have a row further up than the rest of it.
 *
 * A contract (engine.ts, store.ts) lies below its implementations, so that they can import it and what uses it
 * need not know them.
 *
 * @type {readonly (readonly string[])[]}
 */
export const LAYERS = [
  ["index.ts", "testing.ts", "durable.ts", "redis.ts"],
  ["testing/"],
  ["cli/"],
  ["doctor/"],
  ["pipe/"],
  ["run/"],
  ["plan/", "dead-letters/"],
  ["stage/"],
  ["dispatch/"],
  ["session/"],
  ["engines/"],
  ["views/"],
  ["engine.ts"],
  ["worker/"],
  ["stores/durable/", "stores/redis/"],
  ["stores/kept/"],
  ["wire/"],
  ["environment/"],
  ["stores/"],
  ["store.ts", "view.ts", "clock.ts", "stopping.ts"],
  ["telemetry/"],
  ["options/"],
  ["errors/"],
];

/**
 * Implementations that only these may import, although they lie further down: what is above a contract works with
 * every implementation, because it knows none.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const ONLY_FOR = {
  "engines/": ["index.ts", "testing.ts", "cli/", "doctor/"],
  "stores/durable/": ["durable.ts"],
  "stores/redis/": ["redis.ts"],
};

/** The entry of LAYERS that a file of src/ belongs to. @param {string} file for example `wire/frame.ts` */
export function layerOf(file) {
  return LAYERS.flat().find((layer) => (layer.endsWith("/") ? file.startsWith(layer) : file === layer));
}

/** How far down a layer is. @param {string} layer */
export function depthOf(layer) {
  return LAYERS.findIndex((row) => row.includes(layer));
}
