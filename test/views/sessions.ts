import type { Engine, Session, SessionOptions, View } from "slither-ts";
import { type InlineModule, type InlineOptions, type InlinePython, inline } from "slither-ts/testing";
import { onTestFinished } from "vitest";

/** An engine without Python; closed when the test is over. */
export function inlineEngine(options: InlineOptions): Engine {
  const engine = inline(options);
  onTestFinished(() => engine.close({ timeout: 1 }));
  return engine;
}

/** Asks whatever view it is told to, in each of the ways in which Python can run. */
export function asking({ view }: InlinePython): InlineModule {
  return {
    ask: (name: string, params?: Record<string, unknown>) => view(name, params),
    ask_each: (rows: unknown[]) => Promise.all(rows.map((key) => view("price", { key }))),
    ask_all: (rows: unknown[]) => view("price", { keys: rows }),
    ask_one: (key: unknown) => view("price", { key }),
    caught: async (name: string, params?: Record<string, unknown>) => {
      try {
        return await view(name, params);
      } catch (error) {
        return `${(error as Error).name}: ${(error as Error).message}`;
      }
    },
    Asker: () => ({ ask: (name: string, params?: Record<string, unknown>) => view(name, params) }),
    ask_later: (name: string) => {
      setImmediate(() => view(name).catch(() => {}));
      return null;
    },
  };
}

/** A session whose module `m` asks views. */
export async function askingSession(views: readonly View[], options: SessionOptions = {}): Promise<Session> {
  return inlineEngine({ modules: { m: asking, asking }, views }).session({ id: "a", ...options });
}
