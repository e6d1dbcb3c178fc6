import type { Benchmark } from "../measure.js";
import { backends } from "./backends.js";
import { cache } from "./cache.js";
import { reading } from "./reading.js";
import { tables } from "./tables.js";
import { views } from "./views.js";

/** Stores: tables, what keeps them, views, and a stage with a cache. */
export const stores: readonly Benchmark[] = [tables, reading, backends, views, cache];
