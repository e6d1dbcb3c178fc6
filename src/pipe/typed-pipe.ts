import type { PipePlan } from "../plan/plan.js";
import type { RunOptions } from "./options.js";

/** What a pipe has before `use()`: no stores. */
export type NoStores = Record<never, never>;

/** What a pipe is to another that takes it in: its plan, and its types. */
export interface TypedPipe<In, Out, Stores, Metadata, Ends, IsRouted extends boolean = boolean> {
  readonly plan: PipePlan;
  /** For the compiler alone: there is no such field. */
  readonly "~types"?: PipeTypes<In, Out, Stores, Metadata, Ends, IsRouted> | undefined;
}

/** What is needed is a parameter: a pipe that needs less fits, too. */
export interface PipeTypes<In, Out, Stores, Metadata, Ends, IsRouted extends boolean> {
  readonly needs: (record: In, metadata: Metadata) => void;
  readonly out: Out;
  readonly stores: Stores;
  readonly ends: Ends;
  readonly isRouted: IsRouted;
}

/** A pipe that says nothing of its metadata needs none. */
export type NeededMetadata<Metadata> = string extends keyof Metadata ? object : Metadata;

/** The options of a run; they can be left out unless the pipe says that its metadata has fields which must be there. */
export type RunArguments<Metadata, Options = RunOptions<Metadata>> = NoStores extends Metadata
  ? [options?: Options]
  : [options: Options & { metadata: Metadata }];
