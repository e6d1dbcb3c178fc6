import { describe, expect, test } from "vitest";
import { type Job, JobQueue } from "../../src/session/queue.js";

/** Jobs that write down what is done to them; those of `lasting` are to be sent again when their worker is gone. */
function makeJobs(lasting: readonly string[] = []): {
  log: string[];
  job: (name: string, owner?: unknown, depth?: number) => Job;
} {
  const log: string[] = [];
  const job = (name: string, owner: unknown = {}, depth = 1): Job => ({
    owner,
    depth,
    start: () => log.push(`start ${name}`),
    running: () => log.push(`running ${name}`),
    workerGone: (reason, ran, takenOver) => {
      log.push(`gone ${name}: ${reason.message}${ran ? ", ran" : ""}${takenOver ? ", taken over" : ""}`);
      return lasting.includes(name) ? "again" : "settled";
    },
  });
  return { log, job };
}

test("a job is sent at once when nothing else is", () => {
  const { log, job } = makeJobs();

  new JobQueue().add(job("a"));

  expect(log).toEqual(["start a", "running a"]);
});

test("jobs of different owners are sent one at a time, in order", () => {
  const { log, job } = makeJobs();
  const queue = new JobQueue();
  const [a, b, c] = [job("a"), job("b"), job("c")];

  for (const each of [a, b, c]) queue.add(each);
  queue.answered(a);
  queue.answered(b);

  expect(log).toEqual(["start a", "running a", "start b", "running b", "start c", "running c"]);
});

test("jobs of one owner are sent up to its depth, and run one after another", () => {
  const { log, job } = makeJobs();
  const queue = new JobQueue();
  const owner = {};
  const [a, b, c] = ["a", "b", "c"].map((name) => job(name, owner, 2)) as [Job, Job, Job];

  for (const each of [a, b, c]) queue.add(each);
  expect(log).toEqual(["start a", "running a", "start b"]);

  queue.answered(a);
  expect(log.slice(3)).toEqual(["start c", "running b"]);
});

test("a job does not overtake one of another owner that came before it", () => {
  const { log, job } = makeJobs();
  const queue = new JobQueue();
  const owner = {};
  const first = job("first", owner, 2);

  queue.add(first);
  queue.add(job("between"));
  queue.add(job("second", owner, 2));
  expect(log).toEqual(["start first", "running first"]);

  queue.answered(first);
  expect(log.slice(2)).toEqual(["start between", "running between"]);
});

test("a job that waits can be taken back, and what is behind it moves up", () => {
  const { log, job } = makeJobs();
  const queue = new JobQueue();
  const owner = {};
  const [sent, waiting] = [job("sent", owner, 2), job("waiting")];
  queue.add(sent);
  queue.add(waiting);
  queue.add(job("behind", owner, 2));

  expect(queue.withdraw(waiting)).toBe(true);

  expect(log).toEqual(["start sent", "running sent", "start behind"]);
});

test("a job that was sent cannot be taken back", () => {
  const { job } = makeJobs();
  const queue = new JobQueue();
  const sent = job("sent");
  queue.add(sent);

  expect(queue.withdraw(sent)).toBe(false);
});

test("a job that is answered while it is started makes room for the next", () => {
  const { log, job } = makeJobs();
  const queue = new JobQueue();
  const immediate: Job = { ...job("immediate"), start: () => queue.answered(immediate) };
  const before = job("before");

  queue.add(before);
  queue.add(immediate);
  queue.add(job("after"));
  queue.answered(before);

  expect(log).toEqual(["start before", "running before", "start after", "running after"]);
});

test("any number of jobs that are answered while they are started do not nest", () => {
  const queue = new JobQueue();
  let started = 0;
  const idle = { running: () => {}, workerGone: () => "settled" as const };
  const first = { ...idle, owner: "first", depth: 1, start: () => {} };
  queue.add(first);
  for (let index = 0; index < 50_000; index++) {
    const job = {
      ...idle,
      owner: index,
      depth: 1,
      start: () => {
        started += 1;
        queue.answered(job);
      },
    };
    queue.add(job);
  }

  queue.answered(first);

  expect(started).toBe(50_000);
});

describe("while it is held", () => {
  test("nothing is sent, and after it everything in order", () => {
    const { log, job } = makeJobs();
    const queue = new JobQueue();
    queue.hold();

    queue.add(job("a"));
    queue.add(job("b"));
    expect(log).toEqual([]);
    queue.resume();

    expect(log).toEqual(["start a", "running a"]);
  });

  test("what was sent before can be answered, and what waits be taken back", () => {
    const { log, job } = makeJobs();
    const queue = new JobQueue();
    const [sent, waiting] = [job("sent"), job("waiting")];
    queue.add(sent);
    queue.add(waiting);

    queue.hold();
    queue.answered(sent);

    expect(queue.withdraw(waiting)).toBe(true);
    queue.resume();
    expect(log).toEqual(["start sent", "running sent"]);
  });
});

describe("when the worker is gone", () => {
  const reason = new Error("died");

  test("what was sent is told, with which of it had run, and what waits is not", () => {
    const { log, job } = makeJobs();
    const queue = new JobQueue();
    const owner = {};
    for (const name of ["a", "b"]) queue.add(job(name, owner, 2));
    queue.add(job("waits"));
    queue.hold();

    queue.workerGone(reason, true);

    expect(log.slice(3)).toEqual(["gone a: died, ran, taken over", "gone b: died, taken over"]);
    expect(queue.idle).toBe(false);
  });

  test("what is to be sent again is, before what waits, in its order", () => {
    const { log, job } = makeJobs(["a", "b"]);
    const queue = new JobQueue();
    const owner = {};
    for (const name of ["a", "b"]) queue.add(job(name, owner, 2));
    queue.add(job("waits"));
    queue.hold();
    queue.workerGone(reason, true);
    log.length = 0;

    queue.resume();

    expect(log).toEqual(["start a", "start b", "running a"]);
  });

  test("what is settled is forgotten: an answer to it changes nothing", () => {
    const { log, job } = makeJobs();
    const queue = new JobQueue();
    const [a, b] = [job("a"), job("b")];
    queue.add(a);
    queue.workerGone(reason, true);
    queue.add(b);
    log.length = 0;

    queue.answered(a);

    expect(log).toEqual([]);
    expect(queue.idle).toBe(false);
  });
});

describe("it says that it is idle", () => {
  function counting(): { queue: JobQueue; count: () => number } {
    let times = 0;
    const queue = new JobQueue(() => {
      times += 1;
    });
    return { queue, count: () => times };
  }

  test("when the last job was answered, and not before", () => {
    const { job } = makeJobs();
    const { queue, count } = counting();
    const [a, b] = [job("a"), job("b")];
    queue.add(a);
    queue.add(b);

    queue.answered(a);
    expect(count()).toBe(0);
    queue.answered(b);

    expect(count()).toBe(1);
  });

  test("when it goes on after having been held, and nothing waits", () => {
    const { queue, count } = counting();
    queue.hold();

    queue.resume();

    expect(count()).toBe(1);
  });
});
