import { defineConfig } from "vitest/config";

// `npm test` runs each package's suite by itself. This file is for one run over all of them (coverage, an editor).
export default defineConfig({
  test: {
    projects: ["packages/*"],
    coverage: { provider: "v8", include: ["packages/*/src/**"], exclude: ["packages/test-support/**"] },
  },
});
