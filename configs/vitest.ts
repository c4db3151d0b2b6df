import { defaultServerConditions } from "vite";
import { defineConfig, type ViteUserConfigFnObject } from "vitest/config";

/** Tests of a package's insides, by relative import. They make no sense against the built package. */
const whiteBox = "test/internal/**";

/** Tests of what the garbage collector takes. JavaScriptCore finds pointers on the stack by guessing, and keeps some objects. */
const leaks = "test/**/leaks.test.ts";
const onBun = process.versions["bun"] !== undefined;

/**
 * How a package is tested. `vitest run` tests the sources: the condition `@espalier/source` leads every
 * `@espalier/*`, the package's own name included, to `src`. `vitest run --mode dist` runs the same suite against
 * what was built, loaded by Node itself. Either way there is one instance of each package.
 */
export function packageTests(): ViteUserConfigFnObject {
  return defineConfig(({ mode }) => {
    const dist = mode === "dist";
    const conditions = [...(dist ? [] : ["@espalier/source"]), ...defaultServerConditions];
    return {
      resolve: { conditions },
      ssr: { resolve: { conditions } },
      test: {
        include: ["test/**/*.test.ts"],
        exclude: ["**/node_modules/**", ...(dist ? [whiteBox] : []), ...(onBun ? [leaks] : [])],
        server: {
          deps: dist
            ? { external: [/\/packages\/[^/]+\/dist\//] }
            : { inline: [/\/packages\/[^/]+\/src\//, /^@espalier\//] },
        },
        env: { ESPALIER_TEST_DIST: dist ? "1" : "" },
        pool: "forks",
        execArgv: ["--expose-gc"],
        // Long for a busy machine with two cores. A test that needs it in a quiet one is too slow.
        testTimeout: 30_000,
        // A CI machine may be so busy that real timers, sockets and processes come late; what fails twice is a failure.
        retry: process.env["CI"] === "true" ? 2 : 0,
        hookTimeout: 30_000,
        reporters: ["default", ["json", { outputFile: `.vitest/${dist ? "dist" : "source"}.json` }]],
      },
    };
  });
}
