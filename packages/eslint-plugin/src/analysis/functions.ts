import type { Context, Node, TSESTree } from "../rule.ts";

export type FunctionNode =
  TSESTree.ArrowFunctionExpression | TSESTree.FunctionDeclaration | TSESTree.FunctionExpression;

/** A function that stands where a value stands. */
export type InlineFunction = TSESTree.ArrowFunctionExpression | TSESTree.FunctionExpression;

export function isFunction(node: Node | null | undefined): node is FunctionNode {
  return (
    node?.type === "ArrowFunctionExpression" ||
    node?.type === "FunctionExpression" ||
    node?.type === "FunctionDeclaration"
  );
}

export function isInlineFunction(node: Node | null | undefined): node is InlineFunction {
  return node?.type === "ArrowFunctionExpression" || node?.type === "FunctionExpression";
}

/** The function whose code a node is; `undefined` at the top level and in a class body (a static block, a field). */
export function enclosingFunction(node: Node): FunctionNode | undefined {
  for (let each = node.parent; each; each = each.parent) {
    if (isFunction(each)) return each;
    if (each.type === "StaticBlock" || each.type === "PropertyDefinition") return undefined;
  }
  return undefined;
}

/** Whether a node runs with its module, and not in a function or for an object of a class. */
export function isAtTopLevel(node: Node): boolean {
  for (let each = node.parent; each; each = each.parent)
    if (isFunction(each) || each.type === "PropertyDefinition") return false;
  return true;
}

/** The functions around a node, innermost first. */
export function* enclosingFunctions(node: Node): Generator<FunctionNode> {
  for (let each = enclosingFunction(node); each !== undefined; each = enclosingFunction(each)) yield each;
}

/** Whether `inner` is `outer` or stands in it. */
export function isWithin(inner: Node, outer: Node): boolean {
  for (let each: Node | undefined = inner; each; each = each.parent) if (each === outer) return true;
  return false;
}

/** Takes away what only the type checker sees: `x as T`, `x!`, `x satisfies T`, `<T>x`; and `a?.b`'s wrapper. */
export function bare(node: Node): Node {
  let each = node;
  while (
    each.type === "TSAsExpression" ||
    each.type === "TSNonNullExpression" ||
    each.type === "TSSatisfiesExpression" ||
    each.type === "TSTypeAssertion" ||
    each.type === "ChainExpression"
  ) {
    each = each.expression;
  }
  return each;
}

/**
 * Calls `look` for a node and what is in it, but not for the code of functions in it: that runs at another time. `look`
 * gives `false` to leave out what is below a node.
 */
export function visitOwnCode(context: Context, node: Node, look: (node: Node) => boolean | undefined): void {
  const pending: Node[] = [node];
  for (let each = pending.pop(); each !== undefined; each = pending.pop()) {
    if (look(each) === false) continue;
    if (each !== node && isFunction(each)) continue;
    const children: Node[] = [];
    for (const key of context.sourceCode.visitorKeys[each.type] ?? []) {
      const child = (each as unknown as Record<string, unknown>)[key];
      for (const one of Array.isArray(child) ? (child as unknown[]) : [child]) {
        if (typeof one === "object" && one !== null) children.push(one as Node);
      }
    }
    pending.push(...children.reverse());
  }
}

/** The first node in a node's own code of which `test` is true, in the order of the text. */
export function findInOwnCode(context: Context, node: Node, test: (node: Node) => boolean): Node | undefined {
  let found: Node | undefined;
  visitOwnCode(context, node, (each) => {
    if (found === undefined && test(each)) found = each;
    return found === undefined ? undefined : false;
  });
  return found;
}

/** A point where the function waits: `await`, `for await`, `await using`. */
export function isAwait(node: Node): boolean {
  return (
    node.type === "AwaitExpression" ||
    (node.type === "ForOfStatement" && node.await) ||
    (node.type === "VariableDeclaration" && node.kind === "await using")
  );
}

/** `object.name`, `object["name"]` or `object.#name`: the name. */
export function propertyName(node: TSESTree.MemberExpression): string | undefined {
  if (!node.computed && node.property.type === "Identifier") return node.property.name;
  if (node.property.type === "PrivateIdentifier") return `#${node.property.name}`;
  if (node.property.type === "Literal" && typeof node.property.value === "string") return node.property.value;
  return undefined;
}

/** The name of a call of a method: `aclose` for `stream.aclose()`. */
export function methodName(call: TSESTree.CallExpression): string | undefined {
  const callee = bare(call.callee);
  return callee.type === "MemberExpression" ? propertyName(callee) : undefined;
}

/** The value of a key in an object literal; `undefined` when it has none, `"unknown"` when one cannot know. */
export function valueOfKey(node: Node | undefined, key: string): TSESTree.Node | "unknown" | undefined {
  if (node === undefined) return undefined;
  const object = bare(node);
  if (object.type !== "ObjectExpression") return "unknown";
  let found: TSESTree.Node | "unknown" | undefined;
  for (const property of object.properties) {
    if (property.type === "SpreadElement") found ??= "unknown";
    else if (keyOf(property) === key) found = property.value;
  }
  return found;
}

function keyOf({ key, computed }: TSESTree.Property): string | undefined {
  if (key.type === "Literal") return String(key.value);
  return !computed && "name" in key ? key.name : undefined;
}
