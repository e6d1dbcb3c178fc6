import type { Connection } from "./connection.js";
import { childEnd, processEnd } from "./ending.js";
import type { Launched } from "./launch.js";
import type { ProgressPage } from "./progress.js";
import type { StartedProcess } from "./started-process.js";

/** A child of this process: its parent is told by the system how it ends. */
export function childProcess(
  { child, pid, logs }: Pick<Launched<never>, "child" | "pid" | "logs">,
  calls: Connection,
  control: Connection | undefined,
  progress?: ProgressPage,
): StartedProcess {
  const connections = control === undefined ? [calls] : [calls, control];
  const streams = [child.stdout, child.stderr];
  const keepAlive = (on: boolean): void => {
    calls.keepAlive(on);
    if (on) child.ref();
    else child.unref();
  };
  for (const stream of streams) (stream as unknown as { unref(): void }).unref();
  keepAlive(false);
  return {
    pid,
    calls,
    control,
    progress,
    logs,
    ended: processEnd(childEnd(child), { pid, connections, logs, streams }),
    keepAlive,
  };
}
