import js from "@eslint/js";
import vitest from "@vitest/eslint-plugin";
import { defineConfig, globalIgnores } from "eslint/config";
import { createTypeScriptImportResolver } from "eslint-import-resolver-typescript";
import { importX } from "eslint-plugin-import-x";
import n from "eslint-plugin-n";
import tseslint from "typescript-eslint";

import { espalier } from "./configs/espalier-rules.mjs";

const scriptGlobals = [
  "process",
  "console",
  "performance",
  "URL",
  "setTimeout",
  "clearTimeout",
  "structuredClone",
];

/** An entry of `no-restricted-imports`: a file's own doors are for others. */
const ownIndex = {
  regex: "^\\.{1,2}(/.*)?/index(\\.[jt]s)?$|^\\.{1,2}/?$",
  message: "Import the file that has it. index.ts is the list of what leaves the package.",
};

/** Rules of ours that are right elsewhere. */
const off = (...names) => Object.fromEntries(names.map((name) => [`espalier/${name}`, "off"]));

export default defineConfig(
  globalIgnores([
    "**/dist/",
    "**/coverage/",
    "**/.turbo/",
    "**/.vitest/",
    "**/fixtures/",
    "template/",
    "docs/",
  ]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  {
    files: ["**/*.mjs"],
    languageOptions: { globals: Object.fromEntries(scriptGlobals.map((name) => [name, "readonly"])) },
  },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    plugins: { "import-x": importX },
    languageOptions: {
      parserOptions: { project: "./tsconfig.eslint.json", tsconfigRootDir: import.meta.dirname },
    },
    settings: {
      ...importX.flatConfigs.typescript.settings,
      "import-x/resolver-next": [
        createTypeScriptImportResolver({
          project: "./tsconfig.eslint.json",
          conditionNames: ["@espalier/source", "types", "import", "default"],
        }),
      ],
    },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/consistent-type-imports": [
        "error",
        { fixStyle: "inline-type-imports", disallowTypeAnnotations: false },
      ],
      "@typescript-eslint/consistent-type-exports": [
        "error",
        { fixMixedExportsWithInlineTypeSpecifier: true },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrorsIgnorePattern: "^_" },
      ],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { arguments: false } }],
      "import-x/no-self-import": "error",
      "import-x/no-duplicates": ["error", { "prefer-inline": true }],
      "import-x/no-relative-packages": "error",
      "no-unsafe-finally": "error",

      // What follows is right somewhere and only noise here. A library of waits passes errors, callbacks and
      // `void` about as values, and asks its own promises what the types cannot say.
      "@typescript-eslint/only-throw-error": "off",
      "@typescript-eslint/prefer-promise-reject-errors": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/non-nullable-type-assertion-style": "off",
      // Casts of generics are judged by TypeScript 6 here and compiled by 7; they do not always agree.
      "@typescript-eslint/no-unnecessary-type-assertion": "off",
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      "@typescript-eslint/prefer-optional-chain": "off",
      // isolatedDeclarations wants the type on the declaration, not on the constructor.
      "@typescript-eslint/consistent-generic-constructors": "off",
      "@typescript-eslint/unbound-method": "off",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/restrict-template-expressions": "off",
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/no-invalid-void-type": "off",
      "@typescript-eslint/no-empty-function": "off",
      "@typescript-eslint/no-extraneous-class": "off",
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      "@typescript-eslint/use-unknown-in-catch-callback-variable": "off",
      "@typescript-eslint/consistent-type-definitions": "off",
      "@typescript-eslint/class-literal-property-style": "off",
      "@typescript-eslint/return-await": "off",
      "@typescript-eslint/no-this-alias": "off",
      "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: true }],
      "no-constant-condition": "off",
    },
  },
  {
    files: ["**/*.ts"],
    extends: [espalier.configs.strict],
  },
  {
    files: ["packages/*/src/**/*.ts"],
    plugins: { n },
    settings: { n: { version: ">=20.19.0" } },
    rules: {
      // The functions by which a scope, a nursery or a channel judges an error that it has caught, or passes it on.
      "espalier/no-swallowed-cancelled": [
        "error",
        {
          rethrowFunctions: [
            "#leaveWith",
            "#bodyEnded",
            "#consumerEnded",
            "#threw",
            "answer",
            "asItLeaves",
            "caused",
          ],
        },
      ],
      // Foreign work that is left to itself says so: `void`.
      "espalier/no-floating-task": ["error", { ignoreVoid: true }],
      // Functions of ours that take Node's options do not take its signal: they are cancelled like all of ours.
      "espalier/prefer-signal": "off",
      "import-x/no-cycle": ["error", { ignoreExternal: true }],
      "import-x/no-default-export": "error",
      "n/no-deprecated-api": "error",
      "n/prefer-node-protocol": "error",
      "n/no-unsupported-features/node-builtins": [
        "error",
        { allowExperimental: true, ignores: ["process.getBuiltinModule"] },
      ],
      // Reports go to stderr; nothing of ours prints to stdout.
      "no-console": ["error", { allow: ["error", "warn"] }],
      "no-restricted-imports": ["error", { patterns: [ownIndex] }],
      "no-restricted-syntax": [
        "error",
        {
          selector: "ExportAllDeclaration",
          message: "Name each export: the diff of a door is the review of the API.",
        },
        {
          selector: "VariableDeclaration[kind=/^(await )?using$/]",
          message: "In src, use try and finally: `using` is lowered to a kilobyte of helper in each package.",
        },
      ],
    },
  },
  {
    files: ["packages/*/test/**/*.ts", "packages/*/bench/**/*.ts"],
    plugins: { vitest },
    rules: {
      ...vitest.configs.recommended.rules,
      "vitest/no-focused-tests": "error",
      // Helpers assert, a property holds the expectations, a type test has none at run time.
      "vitest/expect-expect": "off",
      "vitest/no-conditional-expect": "off",
      "vitest/no-standalone-expect": "off",
      "vitest/valid-title": ["error", { allowArguments: true }],
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/no-empty-object-type": "off",
      "@typescript-eslint/no-explicit-any": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-dynamic-delete": "off",
      "@typescript-eslint/no-meaningless-void-operator": "off",
      "@typescript-eslint/ban-ts-comment": ["error", { "ts-expect-error": false }],
      "no-unsafe-finally": "off",
      "require-yield": "off",
    },
  },
  {
    files: ["packages/*/test/**/*.ts"],
    ignores: ["packages/*/test/internal/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "^\\.{1,2}/(.*/)?(src|dist)/",
              message:
                "Import the package by its name: the suite also runs against the built package. " +
                "Tests of the insides go to test/internal/.",
            },
          ],
        },
      ],
    },
  },
  {
    files: ["bench/**/*.ts", "examples/**/*.ts"],
    rules: {
      "@typescript-eslint/no-unnecessary-condition": "off",
      // The broken halves of the examples are broken on purpose, but have to say so: `void promise`.
      "@typescript-eslint/no-meaningless-void-operator": "off",
    },
  },
  {
    // Inside of the package, closing by force is a relative import, which the rules cannot know to be Espalier's.
    files: ["packages/stream/src/**/*.ts"],
    rules: {
      "espalier/unshielded-await-in-cleanup": "off",
      "espalier/no-await-in-catch-before-throw": "off",
    },
  },
  {
    // Tests do on purpose what the rules warn of: they prove that it does no harm, or which error it makes. And they use
    // promises from outside of any task.
    files: ["**/test/**/*.ts"],
    rules: {
      ...off(
        "checkpoint-not-sleep-zero",
        "loop-without-checkpoint",
        "no-blocking-call",
        "no-floating-task",
        "no-foreign-await-in-scope",
        "no-polling-sleep",
        "no-promise-combinators",
        "no-scope-escape",
        "no-swallowed-cancelled",
        "prefer-signal",
        "run-clock-deadline",
        "scope-without-checkpoint",
        "sleep-forever",
        "started-never-called",
        "unshielded-await-in-cleanup",
      ),
    },
  },
  {
    // Each stop of the tour shows first what goes wrong with plain promises, and the benchmarks measure just that.
    files: ["examples/tour/src/stops/**/*.ts", "bench/src/**/*.ts"],
    rules: {
      ...off(
        "checkpoint-not-sleep-zero",
        "no-floating-task",
        "no-promise-combinators",
        "no-swallowed-cancelled",
        "prefer-signal",
        "unshielded-await-in-cleanup",
      ),
    },
  },
  {
    files: ["packages/eslint-plugin/**/*.ts"],
    rules: {
      // Node types are an enum with string values, and the plugin loads nothing at run time: it compares with the strings.
      "@typescript-eslint/no-unsafe-enum-comparison": "off",
      "@typescript-eslint/no-unsafe-enum-assignment": "off",
    },
  },
  { files: ["**/*.config.ts"], rules: { "import-x/no-relative-packages": "off" } },
);
