import { type Engine, type Session, view } from "slither-ts";
import { asking, inlineEngine } from "./sessions.js";

/** What the handlers of a test do, which they are told when the sessions are there. */
export class Deeds {
  readonly #deeds = new Map<string, () => unknown>();
  readonly engine: Engine = inlineEngine({
    modules: { m: asking },
    views: [view("do", ({ key }: { key: string }) => this.#deeds.get(key)?.())],
  });

  set(name: string, deed: () => unknown): void {
    this.#deeds.set(name, deed);
  }
}

/** Lets a session's Python ask for a deed; what it sees of a failure. */
export function does(session: Session, key: string): Promise<unknown> {
  return session.call("m", "caught", ["do", { key }]);
}

/** What the Python of session a sees where the deed would have waited for that session. */
export function own(what: string): string {
  return `ViewRefusedError: view "do" cannot wait for ${what} of session a: session a waits for its answer; ask another session, or give what the view needs along with the question`;
}
