import { defineConfig } from "vitest/config";

/** The site in a real browser (`npm run docs:site`). It has to be built first. */
export default defineConfig({
  test: {
    include: ["test/site.browser.ts"],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
