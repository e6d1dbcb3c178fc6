import fc from "fast-check";
import { type Session, view } from "slither-ts";
import { expect, test } from "vitest";
import { asking, inlineEngine } from "./sessions.js";

/** A call of a session, whose view makes these calls one after the other. */
interface Call {
  readonly on: number;
  readonly calls: readonly Call[];
}

const SESSIONS = 4;
const { call } = fc.letrec<{ call: Call }>((tie) => ({
  call: fc.record({
    on: fc.nat({ max: SESSIONS - 1 }),
    calls: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constant([]),
      fc.array(tie("call"), { maxLength: 3 }),
    ),
  }),
}));

const REFUSED = "ViewRefusedError";

/** What became of a call and of those that its view has made: refused, or made. */
interface Fate {
  readonly on: number;
  readonly calls: readonly (Fate | typeof REFUSED)[];
}

/** Sessions whose Python asks a view that makes calls of them. Nothing in them takes time, so a question that comes to its timeout was a deadlock. */
async function world(): Promise<{ make: (call: Call) => Promise<Fate> } & AsyncDisposable> {
  const make = async ({ on, calls }: Call): Promise<Fate> =>
    (await (sessions[on] as Session).call("m", "ask", ["do", { on, calls }])) as Fate;
  const calling = view(
    "do",
    async ({ on, calls }: { on: number; calls: Call[] }): Promise<Fate> => {
      const fates: (Fate | typeof REFUSED)[] = [];
      for (const each of calls) {
        fates.push(
          await make(each).catch((error: Error) => {
            if (error.name === REFUSED) return REFUSED;
            throw error;
          }),
        );
      }
      return { on, calls: fates };
    },
    { timeout: "2s" },
  );
  const engine = inlineEngine({ modules: { m: asking }, views: [calling] });
  const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => engine.session()));
  return { make, [Symbol.asyncDispose]: () => engine.close({ timeout: 1 }) };
}

/** What becomes of a call while nobody else makes any: a session that is waited for cannot be called. */
function expected({ on, calls }: Call, waiting: readonly number[] = []): Fate {
  const inside = [...waiting, on];
  return { on, calls: calls.map((each) => (inside.includes(each.on) ? REFUSED : expected(each, inside))) };
}

test("a call is refused when its session waits for it, and only then", async () => {
  await using sessions = await world();
  const property = fc.asyncProperty(call, async (made) => {
    expect(await sessions.make(made)).toEqual(expected(made));
  });
  await fc.assert(property, { numRuns: 200 });
});

test("calls that cross each other in any way all come to an end", async () => {
  await using sessions = await world();
  const property = fc.asyncProperty(fc.array(call, { minLength: 2, maxLength: 6 }), async (calls) => {
    const fates = await Promise.all(calls.map((each) => sessions.make(each)));
    expect(fates.map(({ on }) => on)).toEqual(calls.map(({ on }) => on));
  });
  await fc.assert(property, { numRuns: 200 });
});
