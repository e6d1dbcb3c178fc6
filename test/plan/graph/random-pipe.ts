import fc from "fast-check";
import { type ErrorPolicy, type Pipe, type PipePlan, pipe, type Run, routeTo } from "slither-ts";

type OfNumber = (payload: number) => unknown;

/** A pipe from numbers to numbers whose shape only the test knows: its types say nothing of its outputs. */
export interface AnyPipe extends Pick<Pipe<number, number, object, object>, "graph"> {
  readonly plan: PipePlan;
  node(name: string, run: OfNumber): AnyPipe;
  route(name: string, routes: readonly (readonly [string, (payload: number) => boolean])[]): AnyPipe;
  branch(output: string, build: (sub: AnyPipe) => AnyPipe): AnyPipe;
  merge(name: string, outputs?: readonly string[]): AnyPipe;
  onError(stage: string, policy: ErrorPolicy): AnyPipe;
  run(records: readonly number[]): Run<number>;
}

/** What one step of a random pipe adds. */
type Step =
  | { readonly kind: "node" }
  /** A node stage that fails for some records, whose policy sends them to an output, and perhaps a branch of that. */
  | { readonly kind: "fails"; readonly branch: readonly Step[] | undefined }
  /** A node stage whose function sends some records to an output of which there is a branch. */
  | { readonly kind: "decides"; readonly branch: readonly Step[] }
  /** A route stage with perhaps a branch for each of its outputs, of which the first `merged` are merged again. */
  | {
      readonly kind: "route";
      readonly branches: readonly (readonly Step[] | undefined)[];
      readonly merged: number;
    };

const { steps } = fc.letrec<{ steps: readonly Step[]; step: Step }>((tie) => ({
  steps: fc.array(tie("step"), { maxLength: 4, depthIdentifier: "pipe" }),
  step: fc.oneof(
    { depthSize: "small", withCrossShrink: true, depthIdentifier: "pipe" },
    fc.constant<Step>({ kind: "node" }),
    fc.record({ kind: fc.constant("fails" as const), branch: fc.option(tie("steps"), { nil: undefined }) }),
    fc.record({ kind: fc.constant("decides" as const), branch: tie("steps") }),
    fc.record({
      kind: fc.constant("route" as const),
      branches: fc.array(fc.option(tie("steps"), { nil: undefined }), { minLength: 1, maxLength: 3 }),
      merged: fc.nat({ max: 3 }),
    }),
  ),
}));

/** Pipes from numbers to numbers with routes, branches, merges, policies and functions that decide. */
export const randomPipe: fc.Arbitrary<AnyPipe> = steps.map((all) =>
  new Builder().add(pipe<number>("random") as unknown as AnyPipe, all),
);

class Builder {
  #count = 0;

  add(start: AnyPipe, all: readonly Step[]): AnyPipe {
    return all.reduce<AnyPipe>((made, step) => (endsInRoutes(made) ? made : this.#step(made, step)), start);
  }

  #step(made: AnyPipe, step: Step): AnyPipe {
    const divisor = 2 + (this.#count % 3);
    const isChosen = (payload: number): boolean => payload % divisor === 0;
    const name = this.#name("stage");
    if (step.kind === "node") return made.node(name, (payload: number) => payload + 1);
    if (step.kind === "route") return this.#route(made, name, step);
    const output = this.#name("output");
    if (step.kind === "decides") {
      const decided = made.node(name, (payload: number) => (isChosen(payload) ? routeTo(output) : payload));
      return this.#branch(decided, output, step.branch);
    }
    const failing = made
      .node(name, (payload: number) => {
        if (isChosen(payload)) throw new Error("it is chosen");
        return payload;
      })
      .onError(name, routeTo(output));
    return step.branch === undefined ? failing : this.#branch(failing, output, step.branch);
  }

  #route(made: AnyPipe, name: string, { branches, merged }: Step & { kind: "route" }): AnyPipe {
    const outputs = branches.map(() => this.#name("output"));
    const routes = outputs.map(
      (output, index) => [output, (payload: number) => payload % (index + 2) === 0] as const,
    );
    let split = made.route(name, routes);
    for (const [index, branch] of branches.entries()) {
      if (branch !== undefined) split = this.#branch(split, outputs[index] as string, branch);
    }
    if (merged === 0) return split;
    return split.merge(this.#name("stage"), merged === 3 ? undefined : outputs.slice(0, merged));
  }

  #branch(made: AnyPipe, output: string, branch: readonly Step[]): AnyPipe {
    return made.branch(output, (sub) => this.add(sub, [{ kind: "node" }, ...branch]));
  }

  #name(kind: string): string {
    this.#count += 1;
    return `${kind}_${this.#count}`;
  }
}

function endsInRoutes(made: AnyPipe): boolean {
  return made.plan.stages.findLast(({ line }) => line === "default")?.kind === "route";
}
