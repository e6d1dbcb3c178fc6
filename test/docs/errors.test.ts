import * as main from "slither-ts";
import * as testing from "slither-ts/testing";
import { describe, expect, test } from "vitest";
import { codeIn, page, tableAt } from "./pages.js";
import { sources, withoutComments } from "./sources.js";

const { text } = page("docs/guides/errors.md");
const rows = [...text.matchAll(/^## Of .*$/gm)].flatMap((heading) => tableAt(text, heading.index));
const documented = rows.map(([name, code, , fields]) => ({
  name: codeIn(name)[0],
  code: codeIn(code)[0],
  fields: codeIn(fields),
}));

const api = { ...main, ...testing };

/** The classes as their sources declare them. */
const declared = [...sources.values()].flatMap((source) =>
  [...source.matchAll(/^export class (\w+) extends SlitherError.*?\{\n(.*?)^\}/gms)].map(
    ([, name, body = ""]) => ({
      name,
      code: /^ {2}readonly code = "(\w+)";/m.exec(body)?.[1],
      fields: [...withoutComments(body).matchAll(/^ {2}readonly (\w+):/gm)].map((match) => match[1]),
    }),
  ),
);

const names = (classes: readonly { name: string | undefined }[]) => classes.map((each) => each.name).sort();

describe("the tables of docs/guides/errors.md", () => {
  test("name every error class, once, and no other", () => {
    expect(names(documented)).toEqual(names(declared));
  });

  test("name what the package exports", () => {
    const exported = Object.entries(api).filter(
      ([, value]) => typeof value === "function" && value.prototype instanceof api.SlitherError,
    );
    expect(names(documented)).toEqual(exported.map(([name]) => name).sort());
  });

  test.each(declared)("have the code and the fields of $name", ({ name, code, fields }) => {
    expect(documented.find((each) => each.name === name)).toEqual({ name, code, fields });
  });
});
