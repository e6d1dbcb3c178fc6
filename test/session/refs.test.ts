import {
  PythonError,
  PythonFunctionError,
  Ref,
  RefError,
  type Session,
  SessionClosedError,
  SessionLostError,
  ValueNotSupportedError,
  WorkerDiedError,
} from "slither-ts";
import { describe, expect, test } from "vitest";
import { sharedEngine, sharedSession, testEngine } from "../helpers/engine.js";
import { rejection } from "../helpers/rejection.js";
import { makeGate } from "../helpers/temporary.js";

const session = sharedSession();
const engine = sharedEngine();

describe("a ref", () => {
  test("keeps an object in its session, whose methods can be called and attributes read", async () => {
    const model = await session().create("model", "Model", [], { kwargs: { rate: 0.5 } });

    await model.call("fit", [[1, 2, 3]]);

    expect(await model.call("predict", [4])).toBe(5);
    expect(await model.call("predict", [], { kwargs: { value: 6 } })).toBe(6);
    expect(await model.get("sum_")).toBe(6);
  });

  test("says what it refers to", async () => {
    const model = await session().create("model", "Model");

    expect(model).toMatchObject({ typeName: "model.Model", session: "shared", released: false });
  });

  test("is what a method gives back that gives back its object", async () => {
    const model = await session().create("model", "Model");

    expect(await model.call("fit", [[1]])).toBe(model);
  });

  test("stands in a result wherever its object does", async () => {
    const model = await session().create("model", "Model");

    const parts = await model.call<{ model: Ref; list: Ref[] }>("parts");

    expect(parts.model).toBe(model);
    expect(parts.list[0]).toBe(model);
  });

  test("is its object when it is an argument, also deep inside one", async () => {
    const [one, two] = await Promise.all([
      session().create("model", "Model"),
      session().create("model", "Model"),
    ]);
    await Promise.all([one.call("fit", [[1]]), two.call("fit", [[10]])]);

    expect(await session().call("model", "sum_of", [one])).toBe(1);
    expect(await session().call("model", "sum_of", [], { kwargs: { model: two } })).toBe(10);
    expect(await session().call("model", "combine", [[one, two]])).toBe(11);
    expect(await session().call("model", "is_same", [one, one])).toBe(true);
  });

  test("calls its object itself when the method has no name", async () => {
    const model = await session().create("model", "Model");

    expect(await model.call("", [3])).toBe(3);
  });

  test("can be to a value that could be sent", async () => {
    const list = await session().create("builtins", "list", [[3, 1, 2]]);

    await list.call("sort");

    expect(await session().call("echo", "echo", [list])).toEqual([1, 2, 3]);
  });

  test("tells which method of its object raised", async () => {
    const model = await session().create("model", "Model");

    const error = await rejection(model.call("fail"), PythonError);

    expect(error.message).toBe("session shared: model.Model.fail raised ValueError: not fitted");
  });

  test("tells when its object has no such method or attribute, and which one may be meant", async () => {
    const model = await session().create("model", "Model");

    const call = await rejection(model.call("pedict"), PythonFunctionError);
    const get = await rejection(model.get("sum"), PythonFunctionError);

    expect(call.message).toBe("session shared: model.Model.pedict does not exist, did you mean predict?");
    expect(get.message).toBe("session shared: model.Model.sum does not exist, did you mean sum_?");
  });

  test("is needed for a result that cannot be sent", async () => {
    const error = await rejection(session().call("model", "Model"), ValueNotSupportedError);

    expect(error.message).toMatch(
      /got model\.Model \(use session\.create\(\.\.\.\) to keep it in Python and get a ref\)$/,
    );
  });
});

describe("in another session", () => {
  test("a ref is refused as an argument, by the names of both sessions and of the class", async () => {
    const other = await engine().session({ id: "other" });
    const model = await session().create("model", "Model");

    const error = await rejection(other.call("model", "combine", [[model]]), RefError);

    expect(error.message).toBe(
      "a ref to the model.Model of session shared was used in session other; an object stays in its session",
    );
    expect(error.session).toBe("shared");
  });
});

describe("in a session that has the id of its own", () => {
  const refused = (id: string) =>
    `a ref to the list of a session ${id} was used in another one of that id, which was opened later or by another engine; an object stays in its session`;

  test("a ref is refused, and not taken for what has its number there: in one of another engine", async () => {
    await using elsewhere = await testEngine();
    const [one, other] = await Promise.all([engine(), elsewhere].map((each) => each.session({ id: "twin" })));
    const ref = await (one as Session).create("builtins", "list", [["of one"]]);
    await (other as Session).create("builtins", "list", [["of the other"]]);

    const error = await rejection((other as Session).call("builtins", "str", [ref]), RefError);

    expect(error.message).toBe(refused("twin"));
    expect(await (one as Session).call("builtins", "str", [ref])).toBe("['of one']");
    await (one as Session).close();
  });

  test("a ref is refused, and not taken for what has its number there: in one that was opened when its own was closed", async () => {
    const before = await engine().session({ id: "again" });
    const ref = await before.create("builtins", "list", [["before"]]);
    await before.close();
    const after = await engine().session({ id: "again" });
    // The request is made before the object has its number here.
    const made = after.create("builtins", "list", [["after"]]);
    const asked = rejection(after.call("builtins", "str", [ref]), RefError);

    expect((await asked).message).toBe(refused("again"));
    await made;
  });
});

describe("a ref that was released", () => {
  test("is refused for calls, for reading and as an argument", async () => {
    const model = await session().create("model", "Model");
    model.release();

    const says = "session shared: the ref to the model.Model was released and cannot be used any more";
    expect((await rejection(model.call("fit", [[1]]), RefError)).message).toBe(says);
    expect((await rejection(model.get("sum_"), RefError)).message).toBe(says);
    expect((await rejection(session().call("echo", "echo", [model]), RefError)).message).toBe(says);
    expect(model.released).toBe(true);
  });

  test("can be released again", async () => {
    const model = await session().create("model", "Model");

    model.release();
    model.release();

    expect(await session().call("echo", "echo", [1])).toBe(1);
  });

  test("is what `await using` leaves behind", async () => {
    let left: Ref;
    {
      await using model = await session().create("model", "Model");
      left = model;
    }

    expect(left.released).toBe(true);
  });

  test("does not hold its object any more", async () => {
    const own = await engine().session();
    const held = await own.create("builtins", "set");
    const weak = await own.create("weakref", "ref", [held]);
    expect(await weak.call("")).toBe(held);

    held.release();

    expect(await weak.call("")).toBeNull();
  });

  test("does not take the object from calls that were made before, also when these still wait", async () => {
    const gate = makeGate();
    const own = await engine().session();
    const model = await own.create("model", "Model", [], { kwargs: { rate: 2 } });
    const running = own.call("gate", "wait", [gate.path]);
    const waiting = [
      model.call("predict", [1]),
      own.call("model", "sum_of", [model]),
      model.call("fit", [[1]]),
    ];

    model.release();
    await gate.open();

    await running;
    expect(await Promise.all(waiting)).toEqual([2, 0, model]);
  });

  test("does not take the object from another ref to it", async () => {
    const own = await engine().session();
    const model = await own.create("model", "Model");
    const again = await own.create("echo", "echo", [model]);

    model.release();

    expect(await again.call("fit", [[1]])).toBe(again);
  });
});

describe("when its session is gone", () => {
  test("a ref of a lost session is refused with the loss", async () => {
    const own = await engine().session();
    const model = await own.create("model", "Model");
    await rejection(own.call("killer", "kill_self"), WorkerDiedError);

    const error = await rejection(model.call("fit", [[1]]), SessionLostError);

    expect(error.cause).toBeInstanceOf(WorkerDiedError);
  });

  test("a ref of a closed session is refused with the closing", async () => {
    const own = await engine().session();
    const model = await own.create("model", "Model");
    await own.close();

    await rejection(model.get("sum_"), SessionClosedError);
  });

  test("a ref can be released all the same", async () => {
    const own = await engine().session();
    const model = await own.create("model", "Model");
    await own.close();

    model.release();

    expect(model.released).toBe(true);
  });
});

test("Ref can be told from other values", async () => {
  expect(await session().create("model", "Model")).toBeInstanceOf(Ref);
});
