import { setImmediate as nextRound } from "node:timers/promises";
import type { Reply, Request } from "../engine.js";
import type { Executors } from "../run/run.js";
import type { Workforce } from "../run/workforce.js";
import type { Executor } from "../session/replicas.js";
import type { Session } from "../session/session.js";
import { SentBatch } from "./sent-batch.js";

/** What becomes of a batch. Default: it is sent. */
export type Interfere = (batch: SentBatch) => Promise<Reply>;

/** A batch that was sent. */
export interface LoggedBatch {
  readonly stage: string;
  readonly payloads: readonly unknown[];
  /** Whether results came back. */
  succeeded: boolean;
}

/** Stands between the stages of a run and Python: notes every batch, and lets a scenario interfere. */
export class BatchLog {
  readonly batches: LoggedBatch[] = [];
  readonly #session: Session | undefined;
  readonly #interfere: Interfere;
  readonly #outstanding = new Set<Promise<unknown>>();

  constructor(session: Session | undefined, interfere: Interfere = (batch) => batch.send()) {
    this.#session = session;
    this.#interfere = interfere;
  }

  around({ executor, probes }: Workforce): Executors {
    return { executor: executor && this.#watched(executor), probes: probes && this.#watched(probes) };
  }

  /** Resolves when no batch is out, and nothing that came of the last ones is still on its way. */
  async quiet(): Promise<void> {
    for (let rounds = 0; rounds < QUIET_ROUNDS; rounds++) {
      while (this.#outstanding.size > 0) {
        rounds = 0;
        await Promise.allSettled(this.#outstanding);
      }
      await nextRound();
    }
  }

  #watched(executor: Executor): Executor {
    return {
      id: executor.id,
      width: executor.width,
      execute: (request, site, options) => {
        const batch = new SentBatch(
          this.#session as Session,
          executor,
          request as Request & { kind: "batch" },
          site,
          options,
        );
        return this.#note(batch, this.#interfere(batch));
      },
    };
  }

  #note(batch: SentBatch, answer: Promise<Reply>): Promise<Reply> {
    // Stages may change the results that they get, but not what they have sent.
    const logged = { stage: batch.stage, payloads: [...batch.payloads], succeeded: false };
    this.batches.push(logged);
    const settled = answer.then(
      () => {
        logged.succeeded = true;
      },
      () => {},
    );
    this.#outstanding.add(settled);
    void settled.then(() => this.#outstanding.delete(settled));
    return answer;
  }
}

/** So many turns of the event loop without a batch are taken for the end of what a run does by itself. */
const QUIET_ROUNDS = 5;
