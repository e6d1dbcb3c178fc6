import type { Benchmark } from "../measure.js";
import { chatty } from "./chatty.js";
import { copies } from "./copies.js";
import { crowd } from "./crowd.js";
import { orphans } from "./orphans.js";
import { recovery } from "./recovery.js";
import { starts } from "./starts.js";

/** What sessions cost: to start, to keep, to copy, to bring back, and to end. */
export const sessions: readonly Benchmark[] = [starts, crowd, copies, recovery, chatty, orphans];
