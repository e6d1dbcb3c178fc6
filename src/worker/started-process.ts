import type { Connection } from "./connection.js";
import type { Ending } from "./ending.js";
import type { LogLines } from "./log-lines.js";
import type { ProgressPage } from "./progress.js";

/** A Python process that has connected, whichever way it was started. */
export interface StartedProcess {
  readonly pid: number;
  readonly calls: Connection;
  /** A process that runs no code has none. */
  readonly control: Connection | undefined;
  /** Where it notes how far it has come; whoever has read it after its end gives it back. */
  readonly progress: ProgressPage | undefined;
  readonly logs: LogLines;
  /** Resolves when it is gone, what it had started is killed, and everything that it wrote before was read. */
  readonly ended: Promise<Ending>;
  /** Whether this process keeps Node running: while somebody waits for it. */
  keepAlive(on: boolean): void;
}
