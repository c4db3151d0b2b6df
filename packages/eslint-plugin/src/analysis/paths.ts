import type { Node, TSESTree } from "../rule.ts";

/** How a path leaves the code that is walked. */
export type Exit =
  | { readonly kind: "end"; readonly node: Node }
  | { readonly kind: "return"; readonly node: TSESTree.ReturnStatement }
  | { readonly kind: "throw"; readonly node: TSESTree.ThrowStatement }
  | {
      readonly kind: "break" | "continue";
      readonly node: TSESTree.BreakStatement | TSESTree.ContinueStatement;
    };

/** What a rule wants to know of the paths: a state that expressions change, joined where paths meet. */
export interface PathQuestion<State> {
  /** The state after an expression (or a declaration) was evaluated. */
  after(state: State, node: Node): State;
  /** The states after a condition that was true, and after one that was false. */
  branch(state: State, test: Node): readonly [whenTrue: State, whenFalse: State];
  join(a: State, b: State): State;
  /** A path leaves the code. */
  leave(exit: Exit, state: State): void;
}

/** `undefined`: no path comes here. */
type Reached<State> = State | undefined;

interface Target<State> {
  readonly label: string | undefined;
  readonly isLoop: boolean;
  broken: Reached<State>;
}

/**
 * Walks every path through a block, loops once. A path that ends at the end of the block leaves by `end`; what jumps to a
 * target outside leaves by `break` or `continue`. Exceptions of calls are not followed: they are somebody else's error.
 */
export function walkPaths<State>(block: Node, start: State, question: PathQuestion<State>): void {
  const targets: Target<State>[] = [];

  const join = (a: Reached<State>, b: Reached<State>): Reached<State> => {
    if (a === undefined) return b;
    return b === undefined ? a : question.join(a, b);
  };
  const evaluate = (state: State, node: Node | null | undefined): State =>
    node ? question.after(state, node) : state;

  const sequence = (statements: readonly Node[], state: Reached<State>): Reached<State> => {
    let reached = state;
    for (const statement of statements) {
      if (reached === undefined) return undefined;
      reached = walk(statement, reached);
    }
    return reached;
  };

  /** A body that `break` leaves; a loop's `continue` ends it too. */
  const within = (label: string | undefined, isLoop: boolean, body: () => Reached<State>): Reached<State> => {
    const target: Target<State> = { label, isLoop, broken: undefined };
    targets.push(target);
    const reached = body();
    targets.pop();
    return join(reached, target.broken);
  };

  const jump = (node: TSESTree.BreakStatement | TSESTree.ContinueStatement, state: State): undefined => {
    const isBreak = node.type === "BreakStatement";
    const target = targets.findLast((each) =>
      node.label ? each.label === node.label.name : each.isLoop || (isBreak && each.label === undefined),
    );
    if (target === undefined) question.leave({ kind: isBreak ? "break" : "continue", node }, state);
    else target.broken = join(target.broken, state);
    return undefined;
  };

  const walkSwitch = (node: TSESTree.SwitchStatement, state: State): Reached<State> =>
    within(undefined, false, () => {
      const entered = evaluate(state, node.discriminant);
      let fallen: Reached<State>;
      for (const { consequent } of node.cases) fallen = sequence(consequent, join(entered, fallen));
      return node.cases.some(({ test }) => test === null) ? fallen : join(entered, fallen);
    });

  const walkTry = (node: TSESTree.TryStatement, state: State): Reached<State> => {
    const body = walk(node.block, state);
    // What the block had done when it raised is not known: nothing, at worst.
    const handled = node.handler ? walk(node.handler.body, state) : undefined;
    const reached = join(body, handled);
    if (!node.finalizer) return reached;
    const cleaned = walk(node.finalizer, reached ?? state);
    return reached === undefined ? undefined : cleaned;
  };

  const walk = (node: Node, state: State, label?: string): Reached<State> => {
    switch (node.type) {
      case "BlockStatement":
        return sequence(node.body, state);
      case "IfStatement": {
        const [whenTrue, whenFalse] = question.branch(evaluate(state, node.test), node.test);
        const consequent = walk(node.consequent, whenTrue);
        return join(consequent, node.alternate ? walk(node.alternate, whenFalse) : whenFalse);
      }
      case "ReturnStatement":
        question.leave({ kind: "return", node }, evaluate(state, node.argument));
        return undefined;
      case "ThrowStatement":
        question.leave({ kind: "throw", node }, evaluate(state, node.argument));
        return undefined;
      case "BreakStatement":
      case "ContinueStatement":
        return jump(node, state);
      case "LabeledStatement":
        return /^(For|While|Do)/.test(node.body.type)
          ? walk(node.body, state, node.label.name)
          : within(node.label.name, false, () => walk(node.body, state));
      case "SwitchStatement":
        return walkSwitch(node, state);
      case "TryStatement":
        return walkTry(node, state);
      case "WhileStatement": {
        const tested = evaluate(state, node.test);
        const endless = isTrue(node.test);
        return within(label, true, () => {
          const once = walk(node.body, tested);
          return endless ? undefined : join(tested, once);
        });
      }
      case "DoWhileStatement":
        return within(label, true, () => {
          const once = walk(node.body, state);
          return once === undefined || isTrue(node.test) ? undefined : evaluate(once, node.test);
        });
      case "ForStatement": {
        const entered = evaluate(evaluate(state, node.init), node.test);
        return within(label, true, () => {
          const once = walk(node.body, entered);
          return node.test === null || isTrue(node.test) ? undefined : join(entered, once);
        });
      }
      case "ForInStatement":
      case "ForOfStatement": {
        const entered = evaluate(state, node.right);
        return within(label, true, () => join(entered, walk(node.body, entered)));
      }
      case "FunctionDeclaration":
      case "ClassDeclaration":
      case "EmptyStatement":
        return state;
      case "ExpressionStatement":
        return question.after(state, node.expression);
      default:
        return question.after(state, node);
    }
  };

  const end = walk(block, start);
  if (end !== undefined) question.leave({ kind: "end", node: block }, end);
}

/** `true`, `1`: the condition of a loop that only a jump ends. */
export function isTrue(test: Node): boolean {
  return test.type === "Literal" && Boolean(test.value);
}
