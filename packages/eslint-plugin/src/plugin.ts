import type { ESLint, Linter } from "eslint";
import type { Preset } from "./rule.ts";
import { rules } from "./rules.ts";

/** Written in by the build. */
declare const PLUGIN_VERSION: string | undefined;

/** What `import espalier from "@espalier/eslint-plugin"` gives. */
export interface EspalierPlugin extends ESLint.Plugin {
  readonly configs: {
    /** What is wrong as errors, what is nearly always wrong as warnings. */
    readonly recommended: Linter.Config;
    /** Every rule, as errors. */
    readonly strict: Linter.Config;
  };
}

const configs: EspalierPlugin["configs"] = {
  recommended: { name: "espalier/recommended" },
  strict: { name: "espalier/strict" },
};

/** The plugin. Presets refer to it, so it is made first. */
export const plugin: EspalierPlugin = {
  meta: {
    name: "@espalier/eslint-plugin",
    version: typeof PLUGIN_VERSION === "undefined" ? "0.0.0" : PLUGIN_VERSION,
    namespace: "espalier",
  },
  rules: rules as unknown as ESLint.Plugin["rules"] & object,
  configs,
};

Object.assign(configs.recommended, { plugins: { espalier: plugin }, rules: rulesOf("recommended") });
Object.assign(configs.strict, { plugins: { espalier: plugin }, rules: rulesOf("strict") });

function rulesOf(preset: Preset): Linter.RulesRecord {
  const chosen: Linter.RulesRecord = {};
  for (const [name, { meta }] of Object.entries(rules)) {
    if (preset === "recommended" && meta.docs?.preset !== "recommended") continue;
    chosen[`espalier/${name}`] = preset === "strict" ? "error" : (meta.docs?.severity ?? "error");
  }
  return chosen;
}
