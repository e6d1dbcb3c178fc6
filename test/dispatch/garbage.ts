import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What nobody holds is gone afterwards. */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}
