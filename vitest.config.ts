import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (file: string) => fileURLToPath(new URL(`./src/${file}`, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests import the package by its own name and get the sources: no build is needed to run them.
    alias: [
      { find: /^slither-ts$/, replacement: source("index.ts") },
      { find: /^slither-ts\/testing$/, replacement: source("testing.ts") },
      { find: /^slither-ts\/durable$/, replacement: source("durable.ts") },
      { find: /^slither-ts\/redis$/, replacement: source("redis.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Test files start Python processes of their own: more than two at a time measures the machine, not the code.
    maxWorkers: 2,
  },
});
