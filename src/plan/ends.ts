import type { Item } from "../stage/item.js";

/**
 * The type of an output beside `default`: what its name and its payload are. `maybe`: only a function names it, which may never do so. An End for `default`
 * says that records come there early, by `routeTo("default")`.
 *
 * The outputs of a pipe are a union of these, because a union is worked out at once: maps that are made of maps, stage after stage, would be worked out in
 * one piece at the end, for which the compiler gives up on long pipes.
 */
export interface End<Name extends string, Payload = unknown, Presence extends "always" | "maybe" = "always"> {
  readonly name: Name;
  readonly payload: Payload;
  readonly presence: Presence;
}

export type AnyEnd = End<string, unknown, "always" | "maybe">;

/** What a run gives: items whose `route` tells what their payload is. */
export type ItemOf<Out, Ends extends AnyEnd> =
  | Item<DefaultOf<Out, Ends>, "default">
  | ItemIn<Ends, Beside<Ends>>;

/** What `collect()` gives, by output. */
export type Outputs<Out, Ends extends AnyEnd> = AsOne<
  { readonly default: readonly Item<DefaultOf<Out, Ends>, "default">[] } & {
    readonly [Name in Always<Ends>]: readonly Item<EndOf<Ends, Name>, Name>[];
  } & { readonly [Name in Exclude<Beside<Ends>, Always<Ends>>]?: readonly Item<EndOf<Ends, Name>, Name>[] }
>;

/** The outputs beside `default`. */
export type Beside<Ends extends AnyEnd> = Exclude<Ends["name"], "default">;

/** The payload in an output. */
export type EndOf<Ends extends AnyEnd, Name extends string> = Extract<Ends, { name: Name }>["payload"];

/** The payload in `default`: what is sent there early may be anything. */
export type DefaultOf<Out, Ends extends AnyEnd> = "default" extends Ends["name"] ? unknown : Out;

/** The outputs that a route stage declares. */
export type Declared<Names extends string, Out> = Names extends "default" ? never : End<Names, Out, "always">;

/** Outputs to which a function may send records, from anywhere. */
export type Early<Names extends string> = Names extends unknown ? End<Names, unknown, "maybe"> : never;

/** Outputs to which a policy sends what fails; one of several, or one that a function picks, may never be meant. */
export type Failed<Policy, Names extends string> = [Names] extends [never]
  ? never
  : Policy extends (...args: never[]) => unknown
    ? Early<Names>
    : [IsOne<Names>, Names] extends [true, Exclude<Names, "default">]
      ? End<Names, unknown, "always">
      : Early<Names>;

/** The outputs after a branch of `Name`, which gives `Next` and has outputs of its own; records that come to its end early are in the same output. */
export type WithBranch<Ends extends AnyEnd, Name extends string, Next, Own extends AnyEnd> =
  | Exclude<Ends, { name: Name }>
  | End<Name, DefaultOf<Next, Own>, Extract<Ends, { name: Name }>["presence"]>
  | Exclude<Own, { name: "default" }>;

/** The outputs that are left after a merge of `Names`. */
export type Without<Ends extends AnyEnd, Names extends string> = Exclude<Ends, { name: Names | "default" }>;

/** The payload after a merge of the outputs `Names`. */
export type Merged<Out, Ends extends AnyEnd, Names extends string> =
  | DefaultOf<Out, Ends>
  | EndOf<Ends, Names>;

type ItemIn<Ends extends AnyEnd, Name extends string> = Name extends unknown
  ? Item<EndOf<Ends, Name>, Name>
  : never;

/** The outputs that are there whatever comes. */
type Always<Ends extends AnyEnd> = Exclude<Extract<Ends, { presence: "always" }>["name"], "default">;

type IsOne<Name, All = Name> = Name extends unknown ? ([All] extends [Name] ? true : false) : never;

/** The same type without `&`, which is easier to read in an editor. */
type AsOne<Type> = Type extends infer One ? { [Key in keyof One]: One[Key] } : never;
