import { pipe } from "slither-ts";
import { describe, expect, test } from "vitest";
import { RecordFailure } from "../../src/dispatch/judge.js";
import type { Reply } from "../../src/engine.js";
import { PythonError } from "../../src/errors/python.js";
import { RecordRejectedError } from "../../src/errors/rejected.js";
import type { Executor } from "../../src/session/replicas.js";
import { BatchSender } from "../../src/stage/batch-sender.js";
import { memberOf, thrownBy } from "../../src/stage/python-member.js";
import type { BatchRequest } from "../../src/wire/request.js";
import { deferred, quiet } from "../dispatch/deferred.js";
import { batchReply } from "../helpers/batch-reply.js";
import { item } from "./context.js";
import { groupStand } from "./group.js";

const CALLED = { module: "model", function: "same" };

/** A session that gives the tens of the payloads after the first step, and the hundreds after the second; `left` leave in between. */
function sessionOf(left: NonNullable<Reply["batch"]>["left"] = []): Executor & { asked: BatchRequest[] } {
  const asked: BatchRequest[] = [];
  return {
    id: "a",
    width: 1,
    asked,
    execute: async (request) => {
      const { payloads, taps, steps } = request as BatchRequest;
      asked.push(request as BatchRequest);
      const rest = (step: number): number[] =>
        [...payloads.keys()].filter((index) => !left.some((row) => row.index === index && row.step <= step));
      const times = (index: number, step: number): number => (payloads[index] as number) * 10 ** (step + 1);
      return batchReply(
        rest(steps.length - 1).map((index) => times(index, steps.length - 1)),
        {
          left,
          steps: steps.length,
          taps: taps.map(({ step, indices }) =>
            rest(step)
              .filter((index) => indices.includes(index))
              .map((index) => times(index, step)),
          ),
        },
      );
    },
  };
}

type Note = (payload: number, index: number) => unknown;

/** Two python stages with taps between them, which get the payload and the place of the record. */
function tapped(...notes: readonly Note[]) {
  const first = pipe<number>("p").python<number>("first", CALLED);
  return notes
    .reduce(
      (made, note, place) => made.tap(`note_${place}`, (payload, { id }) => note(payload, id as number)),
      first,
    )
    .python<number>("second", CALLED);
}

const items = [1, 2, 3].map((payload, index) => item(payload, { id: index }));
const how = { place: "session", stop: new AbortController().signal } as const;

function send({ plan }: ReturnType<typeof tapped>, session: Executor): Promise<readonly unknown[]> {
  return new BatchSender(groupStand(plan, session).members).send(items, how);
}

const raised = new PythonError(
  { session: "a", target: "model.same" },
  { type: "ValueError", module: "builtins", message: "bad", traceback: "" },
);

/** The message and the stage of each failure, by its place among the members. */
function endsOf(results: readonly unknown[]): unknown[] {
  return results.map((result) => {
    const error = result instanceof RecordFailure ? result.error : result;
    return error instanceof Error ? [(thrownBy(error) as Error).message, memberOf(error)] : error;
  });
}

test("a batch names the functions of the group in their order, and what is to come home between them", async () => {
  const session = sessionOf();
  await send(
    tapped(() => {}),
    session,
  );
  expect(session.asked).toMatchObject([
    {
      steps: [{ stage: "first" }, { stage: "second" }],
      payloads: [1, 2, 3],
      taps: [{ step: 0, indices: [0, 1, 2] }],
    },
  ]);
});

test("a tap is shown what the stage before it has made, and what comes out is that of the last", async () => {
  const seen: number[] = [];
  const results = await send(
    tapped((payload) => seen.push(payload)),
    sessionOf(),
  );
  expect(seen).toEqual([10, 20, 30]);
  expect(results).toEqual([100, 200, 300]);
});

test("each tap is shown what was made before it", async () => {
  const seen: [string, number][] = [];
  const { plan } = tapped((payload) => seen.push(["one", payload]))
    .tap("other", (payload) => seen.push(["other", payload]))
    .python<number>("third", CALLED);
  await new BatchSender(groupStand(plan, sessionOf()).members).send(items.slice(0, 2), how);
  expect(seen).toEqual([
    ["one", 10],
    ["one", 20],
    ["other", 100],
    ["other", 200],
  ]);
});

test("only what `when` wants comes home", async () => {
  const session = sessionOf();
  const seen: number[] = [];
  const { plan } = pipe<number>("p")
    .python<number>("first", CALLED)
    .tap("note", (payload) => seen.push(payload), { when: ({ id }) => id !== 1 })
    .python<number>("second", CALLED);
  await new BatchSender(groupStand(plan, session).members).send(items, how);
  expect(session.asked[0]?.taps).toEqual([{ step: 0, indices: [0, 2] }]);
  expect(seen).toEqual([10, 30]);
});

test("what has left in the step before a tap is not shown, what leaves behind it is", async () => {
  const seen: number[] = [];
  const left = [
    { index: 0, step: 0, why: "no label" },
    { index: 2, step: 1, why: raised },
  ];
  const results = await send(
    tapped((payload) => seen.push(payload)),
    sessionOf(left),
  );
  expect(seen).toEqual([20, 30]);
  expect(results).toEqual([new RecordRejectedError("no label"), 200, new RecordFailure(raised, 2)]);
  expect(endsOf(results)).toEqual([["no label", 0], 200, [raised.message, 2]]);
});

describe("a record for which a tap fails", () => {
  const broken = new Error("broken");
  const failsAt =
    (place: number, error: unknown = broken): Note =>
    (_, index) => {
      if (index === place) throw error;
    };

  test("fails there, and the others of its batch do not", async () => {
    const results = await send(tapped(failsAt(1)), sessionOf());
    expect(endsOf(results)).toEqual([100, ["broken", 1], 300]);
    expect(results[1]).toEqual(new RecordFailure(broken, 1));
  });

  test("fails there although it left in the stage behind", async () => {
    const left = [{ index: 1, step: 1, why: raised }];
    expect(endsOf(await send(tapped(failsAt(1)), sessionOf(left)))).toEqual([100, ["broken", 1], 300]);
  });

  test("is not shown to the taps behind, and does not fail in them", async () => {
    const seen: number[] = [];
    const results = await send(
      tapped(failsAt(1), (payload, index) => {
        seen.push(payload);
        return failsAt(1, new Error("later"))(payload, index);
      }),
      sessionOf(),
    );
    expect(seen).toEqual([10, 30]);
    expect(endsOf(results)).toEqual([100, ["broken", 1], 300]);
  });

  test("fails in its own tap, also where another tap throws the same object for another", async () => {
    const results = await send(tapped(failsAt(0), failsAt(1)), sessionOf());
    expect(endsOf(results)).toEqual([["broken", 1], ["broken", 2], 300]);
  });

  test("because `when` throws, fails where it would have been shown, and only if it comes there", async () => {
    const { plan } = pipe<number>("p")
      .python<number>("first", CALLED)
      .tap("note", () => {}, {
        when: () => {
          throw broken;
        },
      })
      .python<number>("second", CALLED);
    const session = sessionOf([{ index: 0, step: 0, why: "no label" }]);
    const results = await new BatchSender(groupStand(plan, session).members).send(items, how);
    expect(endsOf(results)).toEqual([
      ["no label", 0],
      ["broken", 1],
      ["broken", 1],
    ]);
    expect(session.asked[0]?.taps).toEqual([{ step: 0, indices: [] }]);
  });
});

test("whoever is stopped does not wait for a tap", async () => {
  const stopping = new AbortController();
  const asked = deferred();
  const { plan } = tapped(() => {
    asked.resolve();
    return new Promise(() => {});
  });
  const sender = new BatchSender(groupStand(plan, sessionOf()).members);
  const sending = sender.send(items, { place: "session", stop: stopping.signal });
  await asked.promise;
  await quiet();
  const reason = new Error("enough");
  stopping.abort(reason);
  await expect(sending).rejects.toBe(reason);
});
