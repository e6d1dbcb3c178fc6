import type { Item } from "../stage/item.js";

/**
 * The types of a pipe's outputs beside `default`: what the payload is in each, by name. An output that only a function names, which may never do so, is
 * optional; so is `default`, which is there only when records come to it early, by `routeTo("default")`.
 */
export type NoEnds = Record<never, never>;

/** What a run gives: items whose `route` tells what their payload is. */
export type ItemOf<Out, Ends extends object> =
  | Item<DefaultOf<Out, Ends>, "default">
  | { [Output in Beside<Ends>]: Item<EndOf<Ends, Output>, Output> }[Beside<Ends>];

/** What `collect()` gives, by output. */
export type Outputs<Out, Ends extends object> = AsOne<
  { readonly default: readonly Item<DefaultOf<Out, Ends>, "default">[] } & {
    readonly [Output in keyof Ends as Exclude<Output, "default">]: readonly Item<
      EndOf<Ends, Output>,
      Output & string
    >[];
  }
>;

/** The outputs beside `default`. */
export type Beside<Ends> = Exclude<keyof Ends, "default"> & string;

/** The payload in an output. */
export type EndOf<Ends, Output extends keyof Ends> = Required<Ends>[Output];

/** The payload in `default`: what is sent there early may be anything. */
export type DefaultOf<Out, Ends> = "default" extends keyof Ends ? unknown : Out;

/** With the outputs that a route stage declares. */
export type WithRoutes<Ends extends object, Names extends string, Out> = WithEnds<
  Ends,
  { [Name in Exclude<Names, "default">]: Out }
>;

/** With outputs to which a function may send records, from anywhere. */
export type WithEarly<Ends extends object, Names extends string> = [Names] extends [never]
  ? Ends
  : WithEnds<Ends, { [Name in Names]?: unknown }>;

/** With outputs to which a policy sends what fails; one of several, or one that a function picks, may never be meant. */
export type WithFailed<Ends extends object, Policy, Names extends string> = [Names] extends [never]
  ? Ends
  : Policy extends (...args: never[]) => unknown
    ? WithEarly<Ends, Names>
    : [IsOne<Names>, Names] extends [true, Exclude<Names, "default">]
      ? WithEnds<Ends, { [Name in Names]: unknown }>
      : WithEarly<Ends, Names>;

/** With the outputs of both; the payload of one that both have may be that of either. */
export type WithEnds<Ends extends object, Added extends object> = [keyof Added] extends [never]
  ? Ends
  : [keyof Ends] extends [never]
    ? Added
    : AsOne<
        { [Output in keyof Ends as Exclude<Output, keyof Added>]: Ends[Output] } & {
          [Output in keyof Added as Exclude<Output, keyof Ends>]: Added[Output];
        } & {
          [Output in keyof Ends & keyof Added as Output extends Needed<Ends> | Needed<Added>
            ? Output
            : never]: EndOf<Ends, Output> | EndOf<Added, Output>;
        } & {
          [Output in keyof Ends & keyof Added as Output extends Needed<Ends> | Needed<Added>
            ? never
            : Output]?: EndOf<Ends, Output> | EndOf<Added, Output>;
        }
      >;

/** After a branch of `Output`, which gives `Next` and has outputs of its own; records that come to its end early are in the same output. */
export type WithBranch<Ends extends object, Output extends keyof Ends, Next, Own extends object> = WithEnds<
  { [Each in keyof Ends]: Each extends Output ? DefaultOf<Next, Own> : Ends[Each] },
  Without<Own, "default">
>;

/** After a merge of the outputs `Names`: those that are left. */
export type Without<Ends extends object, Names> = {
  [Output in keyof Ends as Exclude<Output, Names | "default">]: Ends[Output];
};

/** The payload after a merge of the outputs `Names`. */
export type Merged<Out, Ends extends object, Names extends keyof Ends> =
  | DefaultOf<Out, Ends>
  | EndOf<Ends, Names>;

/** The outputs that are there whatever comes. */
type Needed<Ends extends object> = {
  [Output in keyof Ends]-?: object extends Pick<Ends, Output> ? never : Output;
}[keyof Ends];

type IsOne<Name, All = Name> = Name extends unknown ? ([All] extends [Name] ? true : false) : never;

/** The same type without `&`, which is easier to read in an editor. */
type AsOne<Type> = Type extends infer One ? { [Key in keyof One]: One[Key] } : never;
