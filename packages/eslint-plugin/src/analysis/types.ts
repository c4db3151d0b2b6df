import type { ParserServicesWithTypeInformation } from "@typescript-eslint/utils";
import type ts from "typescript";
import type { Context, Node } from "../rule.ts";

// The flags are TypeScript's public numbers; `typescript` itself is not loaded, so that the plugin depends on nothing.
const anyFlag = 1;
const aliasFlag = 2_097_152;

function servicesOf(context: Context): ParserServicesWithTypeInformation | undefined {
  const services = context.sourceCode.parserServices as
    Partial<ParserServicesWithTypeInformation> | undefined;
  return services?.program ? (services as ParserServicesWithTypeInformation) : undefined;
}

/** Whether an expression is a promise; `undefined` without types, or when the type is `any`. */
export function isPromise(context: Context, node: Node): boolean | undefined {
  const services = servicesOf(context);
  if (services === undefined) return undefined;
  const type = services.getTypeAtLocation(node);
  if ((type.flags & anyFlag) !== 0) return undefined;
  const parts = type.isUnion() ? type.types : [type];
  return parts.some((part) => part.getProperty("then") !== undefined);
}

/** Whether calling this value gives a promise; `undefined` without types. */
export function givesPromise(context: Context, node: Node): boolean | undefined {
  const services = servicesOf(context);
  if (services === undefined) return undefined;
  const signatures = services.getTypeAtLocation(node).getCallSignatures();
  return signatures.some((signature) => signature.getReturnType().getProperty("then") !== undefined);
}

/** What declares a value or a type: its exported name, and the file. */
export interface Declared {
  readonly name: string;
  readonly file: string;
}

function declaredBy(symbol: ts.Symbol | undefined, checker: ts.TypeChecker): Declared | undefined {
  if (symbol === undefined) return undefined;
  const real = (symbol.flags & aliasFlag) === 0 ? symbol : checker.getAliasedSymbol(symbol);
  const file = real.declarations?.[0]?.getSourceFile().fileName;
  return file === undefined ? undefined : { name: real.name, file };
}

/** What an expression names, through every re-export. */
export function declarationOf(context: Context, node: Node): Declared | undefined {
  const services = servicesOf(context);
  if (services === undefined) return undefined;
  const named = node.type === "MemberExpression" ? node.property : node;
  return declaredBy(services.getSymbolAtLocation(named), services.program.getTypeChecker());
}

/** What declares the type of an expression. */
export function typeDeclarationOf(context: Context, node: Node): Declared | undefined {
  const services = servicesOf(context);
  if (services === undefined) return undefined;
  return declaredBy(services.getTypeAtLocation(node).getSymbol(), services.program.getTypeChecker());
}

/**
 * The place among the arguments of a call where an object with an optional `signal: AbortSignal` may stand; `undefined`
 * when the callee takes none.
 */
export function signalParameter(context: Context, call: Node): number | undefined {
  const services = servicesOf(context);
  if (services === undefined) return undefined;
  const checker = services.program.getTypeChecker();
  const place = services.esTreeNodeToTSNodeMap.get(call);
  const signature = checker.getResolvedSignature(place as ts.CallLikeExpression);
  if (signature === undefined) return undefined;
  const index = signature.parameters.findIndex((parameter) => {
    const type = checker.getTypeOfSymbolAtLocation(parameter, place);
    return takesSignal(checker, checker.getNonNullableType(type), place);
  });
  return index < 0 ? undefined : index;
}

function takesSignal(checker: ts.TypeChecker, type: ts.Type, place: ts.Node): boolean {
  const parts = type.isUnion() ? type.types : [type];
  return parts.some((part) => {
    const property = part.getProperty("signal");
    if (property === undefined) return false;
    const signal = checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(property, place));
    return signal.getSymbol()?.name === "AbortSignal";
  });
}

/** Whether the value is an AbortSignal; `undefined` without types. */
export function isSignal(context: Context, node: Node): boolean | undefined {
  const services = servicesOf(context);
  if (services === undefined) return undefined;
  const type = services.program.getTypeChecker().getNonNullableType(services.getTypeAtLocation(node));
  return type.getSymbol()?.name === "AbortSignal";
}
