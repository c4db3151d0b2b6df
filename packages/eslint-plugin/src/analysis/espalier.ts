import type { Context, Node, TSESLint, TSESTree } from "../rule.ts";
import { bodyArguments, bodyLists, isEspalierModule } from "./exports.ts";
import { bare, enclosingFunctions, type FunctionNode, isFunction, propertyName } from "./functions.ts";
import { originOf, variableOf } from "./origin.ts";
import { declarationOf, type Declared, typeDeclarationOf } from "./types.ts";

interface Settings {
  readonly everywhere?: boolean;
}

const known = new WeakMap<TSESLint.SourceCode, boolean>();

/**
 * Whether the rules that look at plain JavaScript (`catch`, `setTimeout`, `Promise.all`) look at this file: it imports
 * Espalier at run time, or `settings.espalier.everywhere` says that any code may run in a task.
 */
export function isTaskCode(context: Context): boolean {
  const { sourceCode } = context;
  const before = known.get(sourceCode);
  if (before !== undefined) return before;
  const settings = context.settings["espalier"] as Settings | undefined;
  const answer = settings?.everywhere === true || importsEspalier(sourceCode.ast);
  known.set(sourceCode, answer);
  return answer;
}

function importsEspalier(program: TSESTree.Program): boolean {
  return program.body.some((statement) => {
    if (statement.type === "ImportDeclaration") {
      const onlyTypes =
        statement.importKind === "type" ||
        (statement.specifiers.length > 0 &&
          statement.specifiers.every(
            (each) => each.type === "ImportSpecifier" && each.importKind === "type",
          ));
      return !onlyTypes && isEspalierModule(statement.source.value);
    }
    if (statement.type !== "VariableDeclaration") return false;
    return statement.declarations.some(({ init }) => {
      const call = init?.type === "AwaitExpression" ? init.argument : init;
      const source =
        call?.type === "CallExpression" && call.callee.type === "Identifier" && call.callee.name === "require"
          ? call.arguments[0]
          : call?.type === "ImportExpression"
            ? call.source
            : undefined;
      return source?.type === "Literal" && isEspalierModule(String(source.value));
    });
  });
}

/** `.../node_modules/@espalier/core/dist/sleep.d.ts`, also in pnpm's folders. */
function isOurs({ file }: Declared): boolean {
  const [, installed] = /^[^]*\/node_modules\/([^]*)$/.exec(file) ?? [];
  return installed !== undefined && isEspalierModule(installed);
}

/** Espalier's own name of what an expression means, or `undefined`. By import, never by the bare name. */
export function espalierName(context: Context, expression: Node): string | undefined {
  const node = bare(expression);
  if (node.type !== "Identifier" && node.type !== "MemberExpression") return undefined;
  const origin = originOf(context, node);
  if (origin === undefined) return undefined;
  if (isEspalierModule(origin.module)) return origin.name;
  // A module of the user's own that passes our names on, which only types can tell.
  if (origin.name === undefined || origin.module.startsWith("node:")) return undefined;
  const declared = declarationOf(context, node);
  return declared !== undefined && isOurs(declared) ? declared.name : undefined;
}

/** The name of the function of ours that is called. */
export function calledName(context: Context, node: Node | null | undefined): string | undefined {
  if (!node) return undefined;
  const call = bare(node);
  return call.type === "CallExpression" ? espalierName(context, call.callee) : undefined;
}

/** What runs a function: one of ours, by name, or a nursery's or scope's method. */
export interface Block {
  readonly kind: string;
  readonly call: TSESTree.CallExpression;
}

/** The call of ours that an inline function is a body of. */
export function blockOf(context: Context, fn: FunctionNode): Block | undefined {
  if (fn.type === "FunctionDeclaration") return undefined;
  const outer = fn.parent;
  if (outer.type === "CallExpression" && outer.callee !== fn) {
    const name = calledName(context, outer);
    if (name !== undefined && bodyArguments[name]?.includes(outer.arguments.indexOf(fn)) === true) {
      return { kind: name, call: outer };
    }
    const method = outer.arguments[0] === fn ? methodOfOurs(context, outer) : undefined;
    return method === undefined ? undefined : { kind: method, call: outer };
  }
  const list = outer.type === "Property" ? outer.parent : outer;
  const call = list.parent;
  if (call?.type !== "CallExpression") return undefined;
  const name = calledName(context, call);
  return name !== undefined && bodyLists.has(name) && call.arguments[0] === list
    ? { kind: name, call }
    : undefined;
}

/** `startSoon` or `start` of a nursery, `run` of a scope. */
export function methodOfOurs(
  context: Context,
  call: TSESTree.CallExpression,
): "startSoon" | "start" | "scope.run" | undefined {
  const callee = bare(call.callee);
  if (callee.type !== "MemberExpression") return undefined;
  const name = propertyName(callee);
  if (name === "startSoon" || name === "start") {
    return kindOf(context, callee.object) === "nursery" ? name : undefined;
  }
  return name === "run" && kindOf(context, callee.object) === "scope" ? "scope.run" : undefined;
}

const kindsOfTypes: Readonly<Record<string, "nursery" | "scope">> = {
  Nursery: "nursery",
  CancelScope: "scope",
  TimeLimit: "scope",
};

/** Whether an expression is a nursery or a cancel scope: by how it was made, by its annotation, or by its type. */
export function kindOf(context: Context, expression: Node): "nursery" | "scope" | undefined {
  const node = bare(expression);
  if (node.type === "NewExpression") {
    return espalierName(context, node.callee) === "CancelScope" ? "scope" : undefined;
  }
  if (node.type === "MemberExpression" && propertyName(node) === "cancelScope") {
    return kindOf(context, node.object) === "nursery" ? "scope" : undefined;
  }
  if (node.type === "Identifier") {
    const definition = variableOf(context, node)?.defs[0];
    const found = definition === undefined ? undefined : kindOfDefinition(context, definition);
    if (found !== undefined) return found;
  }
  const declared = typeDeclarationOf(context, node);
  return declared !== undefined && isOurs(declared) ? kindsOfTypes[declared.name] : undefined;
}

function kindOfDefinition(
  context: Context,
  definition: TSESLint.Scope.Definition,
): "nursery" | "scope" | undefined {
  const { name, node } = definition as { name: Node; node: Node };
  const annotation = name.type === "Identifier" ? name.typeAnnotation?.typeAnnotation : undefined;
  if (annotation?.type === "TSTypeReference" && annotation.typeName.type === "Identifier") {
    const type = espalierName(context, annotation.typeName);
    if (type !== undefined) return kindsOfTypes[type];
  }
  if (node.type === "VariableDeclarator") {
    return node.init && node.id === name && bare(node.init).type === "NewExpression"
      ? kindOf(context, node.init)
      : undefined;
  }
  if (!isFunction(node) || node.params[0] !== name) return undefined;
  const kind = blockOf(context, node)?.kind;
  if (kind === "openNursery") return "nursery";
  return kind === "scope.run" || /^(moveOn|fail)A/.test(kind ?? "") ? "scope" : undefined;
}

/** Whether code runs in a task as far as one can see: in an async function, or in a body of ours. */
export function isInTask(context: Context, node: Node): boolean {
  if (!isTaskCode(context)) return false;
  for (const fn of enclosingFunctions(node)) {
    if (fn.async || blockOf(context, fn) !== undefined) return true;
  }
  return false;
}
