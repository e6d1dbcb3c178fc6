import fc from "fast-check";
import { filter, many, pipe, routeTo } from "slither-ts";

/** What a stage does with a number; `at` is where a record is: on the line, at its end (`early`), or in an output. */
export type Step =
  | { readonly kind: "add"; readonly by: number }
  | { readonly kind: "python"; readonly size: number }
  | { readonly kind: "filter" | "many" | "leave"; readonly every: number }
  | { readonly kind: "send" | "fail"; readonly every: number; readonly output: string }
  | Group;

/** Routes, branches of some outputs, and what is merged again. */
interface Group {
  readonly kind: "group";
  readonly routes: readonly { readonly output: string; readonly every: number }[];
  readonly branches: readonly { readonly output: string; readonly body: readonly Step[] }[];
  /** `one`: the output of the first route. */
  readonly merge: "all" | "one" | "none";
}

/** A record on its way through a shape. */
export interface Walker {
  readonly id: number | string;
  readonly payload: number;
  readonly at: string;
  readonly failed: boolean;
}

const LINE = "default";
const EARLY = "(early)";
const OUTPUTS = ["a", "b", "c"];

const every = fc.integer({ min: 1, max: 4 });
const output = fc.constantFrom(...OUTPUTS);

/** A pipe of stages, routes, branches in branches and merges. */
export const shape: fc.Arbitrary<readonly Step[]> = fc.letrec<{ body: readonly Step[]; group: Step }>(
  (tie) => ({
    body: fc.array(
      fc.oneof(
        { depthSize: "medium", withCrossShrink: true },
        fc.oneof(
          fc.record({ kind: fc.constant("add" as const), by: fc.integer({ min: 1, max: 3 }) }),
          fc.record({ kind: fc.constant("python" as const), size: fc.integer({ min: 1, max: 12 }) }),
          fc.record({ kind: fc.constantFrom("filter" as const, "many" as const, "leave" as const), every }),
          fc.record({ kind: fc.constantFrom("send" as const, "fail" as const), every, output }),
        ),
        tie("group"),
      ),
      { minLength: 1, maxLength: 5, size: "max" },
    ),
    group: fc.record({
      kind: fc.constant("group" as const),
      routes: fc.array(fc.record({ output, every }), { minLength: 1, maxLength: 3 }),
      branches: fc.array(fc.record({ output, body: tie("body") }), { maxLength: 2 }),
      merge: fc.constantFrom("all" as const, "one" as const, "none" as const),
    }),
  }),
).body;

// biome-ignore lint/suspicious/noExplicitAny: the types of a random pipe are not known.
type AnyPipe = any;

/** Whether a stage has to do with a number: not always the same numbers in every stage. */
const hits = (n: number, name: string, { every: step }: { every: number }): boolean =>
  (n + name.length) % step === 0;

/** The pipe of a shape. @throws OptionsError where its outputs cannot go together. */
export function pipeOf(body: readonly Step[]): AnyPipe {
  return addTo(pipe<number>("random"), body, "s");
}

function addTo(start: AnyPipe, body: readonly Step[], name: string): AnyPipe {
  return body.reduce((built, step, index) => addStep(built, step, `${name}${index}`), start);
}

function addStep(built: AnyPipe, step: Step, name: string): AnyPipe {
  switch (step.kind) {
    case "add":
      return built.node(name, (n: number) => n + step.by);
    case "python":
      return built.python(name, { module: "model", function: "increase", batch: { size: step.size } });
    case "filter":
      return built.node(name, (n: number) => (hits(n, name, step) ? filter("hit") : n));
    case "many":
      return built.node(name, (n: number) => (hits(n, name, step) ? many([n, n + 1]) : n));
    case "leave":
      return built.node(name, (n: number) => (hits(n, name, step) ? routeTo("default") : n));
    case "send":
      return built.node(name, (n: number) => (hits(n, name, step) ? routeTo(step.output) : n));
    case "fail":
      return built
        .node(name, (n: number) => {
          if (hits(n, name, step)) throw new Error("hit");
          return n;
        })
        .onError(name, routeTo(step.output));
    case "group":
      return addGroup(built, step, name);
  }
}

function addGroup(start: AnyPipe, { routes, branches, merge }: Group, name: string): AnyPipe {
  let built = start.route(
    name,
    routes.map(({ output: to, every: step }) => [to, (n: number) => hits(n, name, { every: step })]),
  );
  for (const [index, { output: from, body }] of branches.entries())
    built = built.branch(from, (branch: AnyPipe) => addTo(branch, body, `${name}.${index}.`));
  if (merge === "all") return built.merge(`${name}m`);
  return merge === "one" ? built.merge(`${name}m`, [routes[0]?.output]) : built;
}

/** What comes of one record, worked out step by step, and how many each stage took; in the order in which it is to come out. */
export function walk(body: readonly Step[], record: Walker, taken: Map<string, number>): Walker[] {
  return settle(walkBody(body, [record], "s", taken), LINE);
}

function walkBody(
  body: readonly Step[],
  start: readonly Walker[],
  name: string,
  taken: Map<string, number>,
): readonly Walker[] {
  return body.reduce((walkers, step, index) => walkStep(step, walkers, `${name}${index}`, taken), start);
}

function walkStep(
  step: Step,
  walkers: readonly Walker[],
  name: string,
  taken: Map<string, number>,
): readonly Walker[] {
  const work =
    (at: (place: string) => boolean, stage: string, change: (walker: Walker) => Walker[]) =>
    (all: readonly Walker[]): Walker[] =>
      all.flatMap((walker) => {
        if (!at(walker.at)) return [walker];
        taken.set(stage, (taken.get(stage) ?? 0) + 1);
        return change(walker);
      });
  const onLine = (place: string): boolean => place === LINE;
  if (step.kind !== "group") return work(onLine, name, (walker) => changed(step, walker, name))(walkers);
  let all = work(onLine, name, (walker) => {
    const route = step.routes.find((each) => hits(walker.payload, name, each));
    return [{ ...walker, at: route?.output ?? LINE }];
  })(walkers);
  for (const [index, { output: from, body }] of step.branches.entries()) {
    all = all.flatMap((walker) =>
      walker.at === from
        ? settle(walkBody(body, [{ ...walker, at: LINE }], `${name}.${index}.`, taken), from)
        : [walker],
    );
  }
  if (step.merge === "none") return all;
  const one = step.routes[0]?.output;
  const merges = (place: string): boolean => step.merge === "all" || [LINE, EARLY, one].includes(place);
  return work(merges, `${name}m`, (walker) => [{ ...walker, at: LINE }])(all);
}

function changed(step: Exclude<Step, Group>, walker: Walker, name: string): Walker[] {
  const { payload: n, id } = walker;
  if (step.kind === "add") return [{ ...walker, payload: n + step.by }];
  if (step.kind === "python") return [{ ...walker, payload: n + 1 }];
  if (!hits(n, name, step)) return [walker];
  if (step.kind === "send") return [{ ...walker, at: step.output }];
  if (step.kind === "fail") return [{ ...walker, at: step.output, failed: true }];
  if (step.kind === "leave") return [{ ...walker, at: EARLY }];
  if (step.kind === "filter") return [];
  return [n, n + 1].map((payload, index) => ({ ...walker, id: `${id}/${index}`, payload }));
}

/** At the end of a pipe, what is on its line is in its output. */
function settle(walkers: readonly Walker[], line: string): Walker[] {
  return walkers.map((walker) => ([LINE, EARLY].includes(walker.at) ? { ...walker, at: line } : walker));
}
