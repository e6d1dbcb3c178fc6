import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.js";

const soak = mergeConfig(
  base,
  defineConfig({
    test: {
      testTimeout: 600_000,
      hookTimeout: 120_000,
      // A soak test watches memory and processes: nothing else may run beside it.
      fileParallelism: false,
    },
  }),
);
// Set, not merged: merging would add to the list and run the ordinary tests too.
if (soak.test) soak.test.include = ["test/soak/**/*.soak.ts"];

export default soak;
