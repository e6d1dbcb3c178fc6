import { NdArray, PythonError, WorkerDiedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { CancelledError } from "../../src/errors/session.js";
import type { ViewHost, ViewQuestion } from "../../src/view.js";
import { encodeRequest } from "../../src/wire/request.js";
import type { WorkerProcess } from "../../src/worker/worker-process.js";
import { rejection } from "../helpers/rejection.js";
import { call, copyOf, forkedWorker, testForkserver } from "./workers.js";

async function testWorker(): Promise<WorkerProcess> {
  return forkedWorker(await testForkserver());
}

/** Sends a call whose questions a host answers. */
function ask(
  worker: WorkerProcess,
  host: ViewHost | undefined,
  target = "asking.ask",
  ...args: unknown[]
): ReturnType<WorkerProcess["send"]> {
  const [module, name] = target.split(".") as [string, string];
  const request = { kind: "call", module, function: name, args, kwargs: {}, returns: "value" } as const;
  return worker.send({ ...encodeRequest(request, { session: "a", target }), host });
}

async function answerOf(sent: ReturnType<WorkerProcess["send"]>): Promise<unknown> {
  return (await sent.reply).value;
}

/** A host that answers nothing until it is told what. */
function slowHost(): { host: ViewHost; asked: Promise<ViewQuestion>; answer: (value: unknown) => void } {
  let answer!: (value: unknown) => void;
  const answered = new Promise((resolve) => {
    answer = resolve;
  });
  let heard!: (question: ViewQuestion) => void;
  const asked = new Promise<ViewQuestion>((resolve) => {
    heard = resolve;
  });
  const host: ViewHost = (question) => {
    heard(question);
    return answered;
  };
  return { host, asked, answer };
}

describe("the questions of a request", () => {
  test("are answered by its own host, whatever else was sent", async () => {
    const worker = await testWorker();
    const sent = [1, 2, 3].map((time) => ask(worker, async () => time, "asking.ask", "price"));

    expect(await Promise.all(sent.map(answerOf))).toEqual([1, 2, 3]);
  });

  test("are answered in whatever order the answers come", async () => {
    const worker = await testWorker();
    const open: (() => void)[] = [];
    const host: ViewHost = ({ params }) =>
      new Promise((resolve) => {
        open.push(() => resolve((params.key as number) * 2));
        if (open.length === 8) for (const answer of open.reverse()) answer();
      });

    const answers = await answerOf(ask(worker, host, "asks_in_threads.ask", 8));

    expect(answers).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
  });

  test("come with what was asked, and an answer may be as large as one likes", async () => {
    const worker = await testWorker();
    const questions: ViewQuestion[] = [];
    const numbers = new NdArray("float64", [50_000], new Float64Array(50_000).fill(0.5));
    const host: ViewHost = async (question) => {
      questions.push(question);
      return numbers;
    };

    const answer = await answerOf(ask(worker, host, "asking.ask", "price", { keys: [1, 2], day: "mon" }));

    expect(questions).toEqual([{ name: "price", params: { day: "mon" }, keys: [1, 2], step: 0 }]);
    expect(answer).toEqual(numbers);
  });

  test("are refused where it has no host", async () => {
    const worker = await testWorker();

    const error = await rejection(ask(worker, undefined, "asking.ask", "price").reply, PythonError);

    expect(error).toMatchObject({ pythonType: "ViewRefusedError", pythonModule: "slither_worker" });
    expect(error.pythonMessage).toMatch(/^there is no view "price" here; list it in `views`/);
    expect(await call(worker, "echo.echo", 1)).toBe(1);
  });

  test("of a copy, and of its original, are answered by the hosts of each", async () => {
    const worker = await testWorker();
    await answerOf(ask(worker, async () => "before", "asking.ask", "price"));
    const copy = await copyOf(worker);

    const sent = [worker, copy].map((each, index) => ask(each, async () => index, "asking.ask", "price"));

    expect(await Promise.all(sent.map(answerOf))).toEqual([0, 1]);
  });
});

describe("a request that waits for an answer", () => {
  test("is cancelled, and the answer that comes too late disturbs nobody", async () => {
    const worker = await testWorker();
    const slow = slowHost();
    const sent = ask(worker, slow.host, "asking.ask", "price");
    await slow.asked;

    sent.cancel();

    await rejection(sent.reply, CancelledError);
    slow.answer("late");
    expect(await answerOf(ask(worker, async () => "right", "asking.ask", "price"))).toBe("right");
  });

  test("is cancelled also when its answer is on its way, and the next one gets its own", async () => {
    const worker = await testWorker();
    for (let time = 0; time < 100; time++) {
      const slow = slowHost();
      const sent = ask(worker, slow.host, "asking.ask", "price");
      const reply = answerOf(sent).catch((error: unknown) => error);
      await slow.asked;
      slow.answer(time);
      // As likely before the answer is read as after it.
      for (let turn = 0; turn < time % 4; turn++) await new Promise((resolve) => setImmediate(resolve));
      sent.cancel();
      const next = answerOf(ask(worker, async () => "next", "asking.ask", "price"));

      const outcome = await reply;
      if (outcome !== time) expect(outcome).toBeInstanceOf(CancelledError);
      expect(await next).toBe("next");
    }
  });

  test("ends with its worker, and the answer goes nowhere", async () => {
    const worker = await testWorker();
    const slow = slowHost();
    const sent = ask(worker, slow.host, "asking.ask", "price");
    const ended = rejection(sent.reply, WorkerDiedError);
    await slow.asked;

    worker.kill();

    expect(await ended).toMatchObject({ signal: "SIGKILL", during: "asking.ask" });
    slow.answer("late");
    await rejection(answerOf(ask(worker, async () => 1, "asking.ask", "price")), WorkerDiedError);
  });

  test("does not let others by: what is sent meanwhile comes after it", async () => {
    const worker = await testWorker();
    const slow = slowHost();
    const sent = answerOf(ask(worker, slow.host, "asking.ask", "price"));
    const order: unknown[] = [];
    void sent.then((value) => order.push(value));
    await slow.asked;
    const later = [1, 2, 3].map(async (value) => order.push(await call(worker, "echo.echo", value)));

    slow.answer("first");
    await Promise.all([sent, ...later]);

    expect(order).toEqual(["first", 1, 2, 3]);
  });
});
