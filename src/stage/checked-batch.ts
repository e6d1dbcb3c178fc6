import { RecordFailure } from "../dispatch/judge.js";
import { RecordRejectedError } from "../errors/rejected.js";
import { type Item, withPayload } from "./item.js";
import { inMember, memberOf } from "./python-member.js";
import { checked, type Schemas } from "./schema.js";

/** What is checked before the first function of a group, and after the last; between fused stages nothing is. */
export interface BatchSchemas extends Schemas {
  /** The stages that they are of. */
  readonly names: readonly [input: string, output: string];
  /** The place of the last stage in the group. */
  readonly last: number;
}

/**
 * Sends the items that fit the schema before the first function; the others fail alone.
 *
 * @param send gives a result for each item that it gets.
 */
export async function sendFitting(
  items: readonly Item[],
  { input, names }: BatchSchemas,
  send: (items: readonly Item[]) => Promise<readonly unknown[]>,
): Promise<readonly unknown[]> {
  if (input === undefined) return send(items);
  const given = await all(items, (item) => checked(input, item.payload, names[0], "input"));
  const fitting = items.flatMap((item, index) =>
    given[index] instanceof RecordFailure ? [] : [withPayload(item, given[index])],
  );
  const results = (fitting.length === 0 ? [] : await send(fitting)).values();
  return given.map((value) => (value instanceof RecordFailure ? value : results.next().value));
}

/** The results that fit the schema behind the last function, as what it makes of them; the others have failed alone. */
export async function checkedResults(
  results: readonly unknown[],
  { output, names, last }: BatchSchemas,
): Promise<readonly unknown[]> {
  if (output === undefined) return results;
  const checkedResult = async (result: unknown): Promise<unknown> => {
    try {
      return await checked(output, result, names[1], "output");
    } catch (error) {
      throw inMember(error, last);
    }
  };
  return all(results, (result) =>
    result instanceof RecordRejectedError || result instanceof RecordFailure ? result : checkedResult(result),
  );
}

/** What becomes of each value; what `work` throws is that value's failure. */
async function all<Value>(values: readonly Value[], work: (value: Value) => unknown): Promise<unknown[]> {
  return Promise.all(
    values.map(async (value) => {
      try {
        return await work(value);
      } catch (error) {
        return new RecordFailure(error, memberOf(error));
      }
    }),
  );
}
