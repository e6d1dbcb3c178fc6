import type { DeadLetter } from "../../src/dead-letters/letter.js";
import type { Rejection } from "../../src/stage/item.js";

export function rejectionOf(error: unknown, fields: Partial<Rejection> = {}): Rejection {
  return {
    id: 7,
    stage: "predict",
    reason: "why",
    error,
    traceback: undefined,
    attempts: 1,
    payload: { a: 1 },
    input: "in",
    meta: {},
    ...fields,
  };
}

export function letter(fields: Partial<DeadLetter> = {}): DeadLetter {
  return {
    run: "scores-1",
    pipe: "scores",
    time: "2030-01-31T12:00:00.000Z",
    id: 7,
    stage: "predict",
    errorClass: "ValueError",
    message: "no",
    attempts: 1,
    input: { a: 1 },
    payload: [1],
    meta: {},
    ...fields,
  };
}
