/** Where in its batch an error arose. */
interface PlaceInBatch {
  readonly step: number;
  /** The row that was worked on, where that is known. */
  readonly row: number | undefined;
}

/** Beside the errors: what users see of it is their stage. */
const places = new WeakMap<Error, PlaceInBatch>();

/** Notes the step of its batch, and the row if it is known, that an error arose in. Gives the error back. */
export function inStep<Failure extends Error>(error: Failure, step: number, row?: number): Failure {
  places.set(error, { step, row });
  return error;
}

/** The step of its batch that an error arose in; the first where nothing is known. */
export function stepOf(error: unknown): number {
  return error instanceof Error ? (places.get(error)?.step ?? 0) : 0;
}

/** The row of its batch that was worked on when an error arose; undefined where that is not known. */
export function rowOf(error: unknown): number | undefined {
  return error instanceof Error ? places.get(error)?.row : undefined;
}
