import type { Reply, Request } from "../engine.js";
import type { CallSite } from "../errors/python.js";
import type { ExecutionOptions } from "./execution-options.js";
import type { Lifecycle } from "./lifecycle.js";

/** How a stage's request is named. */
export interface Site {
  readonly target: string;
  readonly stage?: string | undefined;
}

/** The same, of a session. */
export function siteIn(session: string, { target, stage }: Site): CallSite {
  return { session, target, stage };
}

/** What carries out the requests of a run: a session, or copies of it. */
export interface Executor {
  /** The id of the session. */
  readonly id: string;
  /** How many processes share the work. */
  readonly width: number;
  /** One request; rejects with the errors listed at `session.call`. */
  execute(request: Request, site: Site, options: ExecutionOptions): Promise<Reply>;
}

/** Copies of one session that share the work of a run. Each is brought back from the session's checkpoint when it dies. */
export class Replicas implements Executor {
  readonly id: string;
  /** The one whose state stands for all of them: each goes back to the same checkpoint. */
  readonly first: Lifecycle;
  readonly #members: { readonly lifecycle: Lifecycle; busy: number }[];

  constructor(id: string, lifecycles: readonly Lifecycle[]) {
    this.id = id;
    this.first = lifecycles[0] as Lifecycle;
    this.#members = lifecycles.map((lifecycle) => ({ lifecycle, busy: 0 }));
  }

  get width(): number {
    return this.#members.length;
  }

  /** Given to the one that has the least to do. */
  async execute(request: Request, site: Site, options: ExecutionOptions): Promise<Reply> {
    const member = this.#members.reduce((best, each) => (each.busy < best.busy ? each : best));
    member.busy += 1;
    try {
      return await member.lifecycle.lane.execute(request, siteIn(this.id, site), options);
    } finally {
      member.busy -= 1;
    }
  }

  /** @param timeoutMs how long what was asked for may go on. */
  async close(timeoutMs = 1): Promise<void> {
    await Promise.all(this.#members.map(({ lifecycle }) => lifecycle.close(timeoutMs)));
  }

  /** Resolves when the last of their processes is gone. */
  async ended(): Promise<void> {
    await Promise.all(this.#members.map(({ lifecycle }) => lifecycle.ended));
  }
}
