import { fileURLToPath } from "node:url";
import {
  type Engine,
  type EngineOptions,
  type LocalOptions,
  local,
  type Session,
  type SessionOptions,
} from "slither-ts";
import { afterAll, beforeAll, onTestFinished } from "vitest";

/** The folder of the Python modules that the tests call. */
export const FIXTURES = fileURLToPath(new URL("../fixtures/python", import.meta.url));

/** An engine on the Python of the environment (SLITHER_PYTHON, .slither/venv) that finds the fixtures. Closed when its test is over. */
export async function testEngine(options: LocalOptions & EngineOptions = {}): Promise<Engine> {
  const engine = await local({ pythonPath: [FIXTURES], ...options });
  onTestFinished(() => closeAtOnce(engine));
  return engine;
}

/** A session of an engine of its own. Closed when its test is over. */
export async function testSession(options: SessionOptions = {}): Promise<Session> {
  const engine = await testEngine();
  return engine.session(options);
}

/** One engine for all tests of a file, where they only open sessions on it. */
export function sharedEngine(options: LocalOptions & EngineOptions = {}): () => Engine {
  let engine: Engine;
  beforeAll(async () => {
    engine = await local({ pythonPath: [FIXTURES], ...options });
  });
  afterAll(() => closeAtOnce(engine));
  return () => engine;
}

/** One session for all tests of a file, where no test changes its state or ends it. */
export function sharedSession(): () => Session {
  const engine = sharedEngine();
  let session: Session;
  beforeAll(async () => {
    session = await engine().session({ id: "shared" });
  });
  return () => session;
}

/** What a test left running is killed. */
async function closeAtOnce(engine: Engine): Promise<void> {
  await engine.close({ timeout: 1 });
}
