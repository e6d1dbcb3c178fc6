import { fileURLToPath } from "node:url";
import { type Engine, type EngineOptions, type LocalOptions, local } from "slither-ts";

export const pythonFolder = fileURLToPath(new URL("./python", import.meta.url));
const scorerFolder = fileURLToPath(new URL("../examples/ml-scoring/python", import.meta.url));

export function benchEngine(options: LocalOptions & EngineOptions = {}): Promise<Engine> {
  return local({ pythonPath: [pythonFolder, scorerFolder], ...options });
}
