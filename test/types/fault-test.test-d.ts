// Checked by tsc alone: an error that is expected and does not come is an error itself.
import { pipe, type Session } from "slither-ts";
import { type FaultTestReport, faultTest, type TestedPipe } from "slither-ts/testing";
import { expectTypeOf } from "vitest";

declare const session: () => Promise<Session>;

const plain = pipe<number>("plain").python<number>("double", { module: "m", function: "double" });
const tagged = pipe<string, { tenant: string }>("tagged").node("tag", (_, { metadata }) => metadata.tenant);
const noted = pipe<string, { note?: string }>("noted").node("note", (_, { metadata }) => metadata.note);
const metadata = { tenant: "a" };

// A pipe that says nothing of its metadata needs none.
expectTypeOf(faultTest(plain, [1])).resolves.toEqualTypeOf<FaultTestReport>();
void faultTest(plain, [1], { session, metadata: { any: 1 } });
void faultTest(
  () => plain,
  () => new Set([1]),
  { session },
);
void faultTest(noted, ["a"]);
void faultTest(noted, ["a"], { metadata: { note: "b" } });

// One that has ended in its routes is a pipe, too.
void faultTest(plain.route("sign", [["negative", (number) => number < 0]]), [1], { session });

// What the pipe says that its metadata must have must be there, as for run().
void faultTest(tagged, ["a"], { metadata });
void faultTest(() => tagged, ["a"], { seed: 1, metadata });
// @ts-expect-error: no options.
void faultTest(tagged, ["a"]);
// @ts-expect-error: no options, for a pipe that is made for each run.
void faultTest(() => tagged, ["a"]);
// @ts-expect-error: no metadata.
void faultTest(tagged, ["a"], { seed: 1 });
// @ts-expect-error: metadata without the field.
void faultTest(tagged, ["a"], { metadata: {} });
// @ts-expect-error: a field of another type.
void faultTest(tagged, ["a"], { metadata: { tenant: 3 } });
// @ts-expect-error: a field with another name.
void faultTest(tagged, ["a"], { metadata: { tennant: "a" } });

// Records of the pipe.
void faultTest(plain, async function* () {
  yield 1;
});
// @ts-expect-error: records of another type.
void faultTest(plain, ["a"]);
// @ts-expect-error: likewise, from a function.
void faultTest(plain, () => ["a"]);

// A pipe of which no more is known needs no metadata.
const tested = (some: TestedPipe<string>) => faultTest(some, ["a"]);
void tested(noted);
// @ts-expect-error: it needs some.
void tested(tagged);
