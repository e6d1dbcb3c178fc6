import { PoisonedRecordError } from "../errors/poison.js";
import type { StageContext } from "./contract.js";
import type { PythonStage } from "./python-stage.js";
import type { TapStage } from "./tap.js";

/** A stage of a group that makes one trip to Python. */
export interface PythonMember {
  readonly stage: PythonStage | TapStage;
  readonly context: StageContext;
}

const members = new WeakMap<Error, number>();

/** Notes the place in its group of the stage that an error arose in. Gives the error back. */
export function inMember<Thrown>(error: Thrown, member: number): Thrown {
  if (error instanceof Error) members.set(error, member);
  return error;
}

/** The place in its group of the stage that an error arose in; the first where nothing is known. */
export function memberOf(error: unknown): number {
  if (!(error instanceof Error)) return 0;
  // What is known of an equal record was found in the same stage.
  return members.get(error) ?? (error instanceof PoisonedRecordError ? memberOf(error.cause) : 0);
}

/** In place of what a tap has thrown: of something that is no error nothing can be noted, and of an object that another tap throws, too, it would be noted of both. */
class TapFailure extends Error {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    super("a tap has failed");
    this.thrown = thrown;
  }
}

/** What a tap has thrown, with the place of the tap in its group. `thrownBy` gives back the object itself. */
export function thrownIn(thrown: unknown, member: number): unknown {
  const isItsOwn = thrown instanceof Error && (members.get(thrown) ?? member) === member;
  return inMember(isItsOwn ? thrown : new TapFailure(thrown), member);
}

export function thrownBy(error: unknown): unknown {
  return error instanceof TapFailure ? error.thrown : error;
}
