import { RefError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { notingRefs, type Ref, type RefOwner } from "../../src/session/ref.js";
import { RefTable } from "../../src/session/ref-table.js";
import { thrown } from "../helpers/rejection.js";

/** Each is its own session. */
const lifecycles = { a: {}, b: {}, c: {} } as Record<string, object>;

function owner(id: string, released: Ref[] = [], lifecycle = lifecycles[id] as object): RefOwner {
  return {
    id,
    lifecycle,
    callRef: () => Promise.resolve(),
    getFromRef: () => Promise.resolve(),
    releaseRef: (ref) => void released.push(ref),
  };
}

function newTable(session: string): RefTable {
  return new RefTable(session, lifecycles[session] as object);
}

function tableOf(session: string, ...ids: number[]): { table: RefTable; refs: Ref[] } {
  const table = newTable(session);
  return { table, refs: ids.map((id) => table.add(owner(session), id, "m.C")) };
}

describe("a table of refs", () => {
  test("knows each by its number, until it is removed", () => {
    const { table, refs } = tableOf("a", 1, 2);

    table.remove(refs[0] as Ref);

    expect(table.resolve(2)).toBe(refs[1]);
    expect([...table.ids]).toEqual([2]);
    expect(thrown(() => table.resolve(1), RefError).message).toBe(
      "session a: the worker named object 1, which was released",
    );
  });

  test("that keeps only some says of the others why, and tells which of the kept nobody holds", () => {
    const { table, refs } = tableOf("a", 1, 2, 3);
    table.remove(refs[1] as Ref);

    const unheld = table.keepOnly(new Set([1, 2]), "is gone");

    expect(unheld).toEqual([2]);
    expect(refs.map(({ released }) => released)).toEqual([false, false, true]);
    expect(thrown(() => refs[2]?.usableId, RefError).message).toBe(
      "session a: the ref to the m.C is gone and cannot be used any more",
    );
  });

  test("that loses all is empty", () => {
    const { table, refs } = tableOf("a", 1, 2);

    table.lose("is gone");

    expect(table.ids.size).toBe(0);
    expect(refs.every(({ released }) => released)).toBe(true);
  });

  test("that is copied gives each ref a copy of another session, also over generations", () => {
    const { table, refs } = tableOf("a", 1, 2);
    const [child, grandchild] = [newTable("b"), newTable("c")];
    child.copyFrom(table, owner("b"));
    const late = table.add(owner("a"), 3, "m.C");
    grandchild.copyFrom(child, owner("c"));

    const copies = [child, grandchild].map((each) => each.copyOf(refs[0] as Ref));

    expect(copies.map((copy) => [copy?.session, copy?.id])).toEqual([
      ["b", 1],
      ["c", 1],
    ]);
    expect(grandchild.copyOf(late)).toBeUndefined();
  });
});

describe("a ref", () => {
  test("is released once", () => {
    const released: Ref[] = [];
    const ref = newTable("a").add(owner("a", released), 1, "m.C");

    ref.release();
    ref.release();

    expect(released).toEqual([ref]);
  });

  test("that was released can still be lost: calls from before the release must know", () => {
    const { refs } = tableOf("a", 1);
    const [ref] = refs as [Ref];
    ref.release();
    expect(ref.loss).toBeUndefined();

    ref.lose("is gone");

    expect(ref.loss?.message).toContain("is gone");
  });

  test("that is lost needs no release", () => {
    const released: Ref[] = [];
    const ref = newTable("a").add(owner("a", released), 1, "m.C");
    ref.lose("is gone");

    ref.release();

    expect(released).toEqual([]);
  });

  test("is noted when its number is read, once, and only while it is asked for", () => {
    const { refs } = tableOf("a", 1, 2, 3);
    const [one, two, three] = refs as [Ref, Ref, Ref];
    void three.id;

    const { result, refs: noted } = notingRefs(
      () => one.id + two.usableId + one.id,
      () => {},
    );

    expect(result).toBe(4);
    expect(noted).toEqual([one, two]);
  });
});
