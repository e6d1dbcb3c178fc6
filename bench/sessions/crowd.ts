import type { Session } from "slither-ts";
import { benchEngine } from "../engine.js";
import { type Benchmark, timed } from "../measure.js";
import type { Row } from "../results.js";
import { childrenOf, parentOf, proportionalMegabytes } from "./processes.js";

/** Many sessions that live at the same time. */
export const crowd: Benchmark = {
  title: "1,000 sessions at once",
  note: "seconds for all of them; megabytes (PSS, forkserver and checkpoints included) in total and for each",
  async run({ quick }) {
    const count = quick ? 50 : 1_000;
    await using engine = await benchEngine({ preload: ["session_work"], minIdle: 0 });
    let sessions: Session[] = [];
    const open = async (): Promise<void> => {
      sessions = await Promise.all(
        Array.from({ length: count }, () => engine.session({ checkpoint: "manual" })),
      );
    };
    const each = (work: (session: Session, index: number) => Promise<unknown>) => (): Promise<unknown> =>
      Promise.all(sessions.map(work));
    const rows: Row[] = [];
    const measure = async (name: string, work: () => Promise<unknown>): Promise<void> => {
      const seconds = (await timed(work)) / 1_000;
      const forkserver = parentOf((sessions[0] as Session).pid as number);
      const total = proportionalMegabytes([forkserver, ...childrenOf(forkserver)]);
      rows.push({ name, figures: { sessions: count, seconds, total, each: total / count } });
    };
    await measure("opened", open);
    await measure(
      "called once",
      each((session) => session.call("session_work", "first_answer")),
    );
    await measure(
      "each with its own model",
      each((session, index) => session.call("session_work", "train", [index])),
    );
    await measure(
      "and with its checkpoint",
      each((session) => session.checkpoint()),
    );
    const seconds = (await timed(() => engine.close())) / 1_000;
    rows.push({ name: "closed", figures: { sessions: count, seconds } });
    return rows;
  },
};
