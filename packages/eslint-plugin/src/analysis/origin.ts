import type { Context, Node, TSESLint } from "../rule.ts";
import { bare, type FunctionNode, isFunction, propertyName } from "./functions.ts";

/** Where a value comes from: a name that a module exports, or, without a name, the module's namespace. */
export interface Origin {
  readonly module: string;
  readonly name: string | undefined;
}

/** The variable that a name means at a place; `undefined` for a global that the file does not declare. */
export function variableNamed(
  context: Context,
  place: Node,
  name: string,
): TSESLint.Scope.Variable | undefined {
  for (
    let scope: TSESLint.Scope.Scope | null = context.sourceCode.getScope(place);
    scope !== null;
    scope = scope.upper
  ) {
    const found = scope.set.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The variable that an identifier means where it stands. */
export function variableOf(context: Context, node: Node): TSESLint.Scope.Variable | undefined {
  return node.type === "Identifier" ? variableNamed(context, node, node.name) : undefined;
}

/** The variables that a function's parameters, or a `catch`, declare. */
export function declaredVariables(context: Context, node: Node): readonly TSESLint.Scope.Variable[] {
  return context.sourceCode.getDeclaredVariables!(node);
}

/** Whether an identifier is this global, and not something that the file calls so. */
export function isGlobal(context: Context, node: Node, name: string): boolean {
  if (node.type === "MemberExpression") {
    return (
      propertyName(node) === name && node.object.type === "Identifier" && node.object.name === "globalThis"
    );
  }
  if (node.type !== "Identifier" || node.name !== name) return false;
  return (variableOf(context, node)?.defs.length ?? 0) === 0;
}

/** Follows an expression to the import that it comes from: through aliases, namespaces, destructuring and `require`. */
export function originOf(context: Context, expression: Node, depth = 0): Origin | undefined {
  const node = bare(expression);
  // `const a = b, b = a` would go round for ever.
  if (depth > 8) return undefined;
  switch (node.type) {
    case "Identifier": {
      const variable = variableOf(context, node);
      const definition = variable?.defs.length === 1 ? variable.defs[0] : undefined;
      return definition === undefined ? undefined : originOfDefinition(context, definition, node.name, depth);
    }
    case "MemberExpression": {
      const name = propertyName(node);
      const object = name === undefined ? undefined : originOf(context, node.object, depth + 1);
      if (object === undefined || name === undefined) return undefined;
      // `import fs from "node:fs"`: the default is the module again.
      return object.name === undefined || object.name === "default"
        ? { module: object.module, name }
        : undefined;
    }
    case "CallExpression": {
      const [argument] = node.arguments;
      const isRequire = node.callee.type === "Identifier" && node.callee.name === "require";
      return isRequire && argument?.type === "Literal" && typeof argument.value === "string"
        ? { module: argument.value, name: undefined }
        : undefined;
    }
    case "AwaitExpression": {
      const { argument } = node;
      return argument.type === "ImportExpression" &&
        argument.source.type === "Literal" &&
        typeof argument.source.value === "string"
        ? { module: argument.source.value, name: undefined }
        : undefined;
    }
    default:
      return undefined;
  }
}

function originOfDefinition(
  context: Context,
  definition: TSESLint.Scope.Definition,
  local: string,
  depth: number,
): Origin | undefined {
  const { node, parent } = definition as { node: Node; parent?: Node | null };
  if (parent?.type === "ImportDeclaration") {
    const module = parent.source.value;
    if (node.type === "ImportSpecifier") {
      return { module, name: node.imported.type === "Identifier" ? node.imported.name : node.imported.value };
    }
    return { module, name: node.type === "ImportDefaultSpecifier" ? "default" : undefined };
  }
  if (node.type === "TSImportEqualsDeclaration") {
    const reference = node.moduleReference;
    return reference.type === "TSExternalModuleReference"
      ? { module: reference.expression.value, name: undefined }
      : undefined;
  }
  if (node.type !== "VariableDeclarator" || node.init === null) return undefined;
  if (node.parent.kind !== "const") return undefined;
  if (node.id.type === "Identifier") return originOf(context, node.init, depth + 1);
  if (node.id.type !== "ObjectPattern") return undefined;
  const namespace = originOf(context, node.init, depth + 1);
  if (namespace === undefined || namespace.name !== undefined) return undefined;
  for (const property of node.id.properties) {
    if (property.type !== "Property" || property.key.type !== "Identifier") continue;
    const { value } = property;
    const name = value.type === "AssignmentPattern" ? value.left : value;
    if (name.type === "Identifier" && name.name === local) {
      return { module: namespace.module, name: property.key.name };
    }
  }
  return undefined;
}

/** The function that a value is: inline, or by the name that the file gives it. */
export function functionOf(context: Context, value: Node): FunctionNode | undefined {
  const node = bare(value);
  if (isFunction(node)) return node;
  const variable = variableOf(context, node);
  const definition = variable?.defs.length === 1 ? variable.defs[0] : undefined;
  if (definition === undefined || definition.type === ("Parameter" as unknown)) return undefined;
  const declared = definition.node as Node;
  const fn = declared.type === "VariableDeclarator" && declared.init ? bare(declared.init) : declared;
  return isFunction(fn) ? fn : undefined;
}
