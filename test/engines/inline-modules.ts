import { reject } from "slither-ts";
import type { InlineModule } from "slither-ts/testing";

/** fixtures/python/conformance.py in TypeScript. */
export function conformance(): InlineModule {
  let count = 0;
  return {
    Box: (value: number) => makeBox(value),
    echo: (value: unknown) => value,
    greet: (name: string, { greeting = "hello" } = {}) => `${greeting} ${name}`,
    increment: () => ++count,
    set_first: (values: unknown[]) => {
      values[0] = "changed";
      return values;
    },
    double: (values: number[]) => values.map((value) => value * 2),
    too_few: (values: number[]) => values.slice(1),
    no_list: () => 7,
    reject_negative: (values: number[]) => {
      if (values.some((value) => value < 0)) throw new ValueError("negative");
      return values;
    },
    set_aside_negative: (values: number[]) =>
      values.map((value) => (value >= 0 ? value : reject(`${value} is negative`))),
    nest_rejected: (values: number[]) => values.map(() => [reject("nested")]),
    raise_rejected: () => {
      throw reject("all of them");
    },
    judge: (value: unknown) => {
      if (value === "bad") throw new ValueError("no good");
      if (value === "raised") throw reject("too late");
      if (value === "rejected") return reject("too early");
      return value === "opaque" ? { box: makeBox(1) } : value;
    },
    fail: () => {
      throw new ValueError("no good");
    },
    unbox: (boxes: { value: number }[]) => boxes.map((box) => box.value),
    opaque: () => makeBox(1),
    hang: () => new Promise(() => {}),
    forget: () => null,
    box_odd: (value: number) => (value % 2 === 0 ? value : [makeBox(value)]),
    meet,
    meet_all: (rows: Traveller[]) => rows.map(meet),
  };
}

class ValueError extends Error {
  override readonly name = "ValueError";
}

interface Traveller {
  step: number;
  fates: string[];
}

function meet(row: Traveller): unknown {
  const fate = row.fates[row.step];
  if (fate === "raises") throw new ValueError(`in ${row.step}`);
  return fate === "is rejected" ? reject(`in ${row.step}`) : { ...row, step: row.step + 1 };
}

interface Box {
  (number: number): number;
  value: number;
  add(number: number): number;
  itself(): Box;
}

/** An object that can be called, as in Python. */
function makeBox(start: number): Box {
  const box: Box = Object.assign((number: number) => box.value * number, {
    value: start,
    add: (number: number) => {
      box.value += number;
      return box.value;
    },
    itself: () => box,
  });
  return box;
}
