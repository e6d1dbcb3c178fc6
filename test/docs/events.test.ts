import { describe, expect, test } from "vitest";
import { codeIn, page, tableAt } from "./pages.js";
import { fieldsIn, interfaceOf } from "./sources.js";

const { text } = page("docs/guides/events.md");

function documented(heading: string): Record<string, string[]> {
  const rows = tableAt(text, text.indexOf(`## ${heading}`));
  return Object.fromEntries(rows.map(([name, , fields]) => [codeIn(name)[0], codeIn(fields)]));
}

/** The events of an interface of src/telemetry/events.ts, and the fields of what each carries. */
function declared(name: string): Record<string, string[]> {
  const entries = [...interfaceOf(name).body.matchAll(/"([\w-]+)": (.*?);(?=\n|$)/gs)];
  return Object.fromEntries(entries.map(([, event, type = ""]) => [event, fieldsOf(type)]));
}

/** `OfRun & { status: RunStatus }` -> run, pipe, session, status */
function fieldsOf(type: string): string[] {
  return type.split("&").flatMap((part) => {
    const inline = /\{(.*)\}/s.exec(part);
    if (inline) return fieldsIn(inline[1] as string);
    const { extends: base, body } = interfaceOf(part.trim());
    return [...(base === undefined ? [] : fieldsOf(base)), ...fieldsIn(body)];
  });
}

describe("the tables of docs/guides/events.md", () => {
  test("have the events of the forkserver, with their fields", () => {
    expect(documented("Of the forkserver")).toEqual(declared("ForkserverEvents"));
  });

  test("have the events of sessions, with their fields", () => {
    expect(documented("Of sessions")).toEqual(declared("SessionEvents"));
  });

  test("have the events of runs, with their fields", () => {
    expect(documented("Of runs")).toEqual(declared("RunEvents"));
  });
});
