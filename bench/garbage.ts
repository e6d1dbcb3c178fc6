import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What nobody holds is gone afterwards, so that one measurement does not pay for what another left. */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}
