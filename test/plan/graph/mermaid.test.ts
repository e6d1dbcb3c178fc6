import { graphMermaid, pipe } from "slither-ts";
import { expect, test } from "vitest";
import { deciding, failing, merged, nested, straight } from "./pipes.js";

/** The lines of a picture after the first, without indentation. */
function linesOf(made: object): string[] {
  const [head, ...lines] = graphMermaid((made as typeof straight).graph()).split("\n");
  expect(head).toBe("flowchart TD");
  return lines.map((line) => line.trim());
}

test("each kind has a shape", () => {
  expect(linesOf(merged)).toEqual(
    expect.arrayContaining([
      'n0(["input"])',
      'n1{"split"}',
      'n2("praise")',
      'n4{{"all"}}',
      'n6(["default"])',
    ]),
  );
  expect(linesOf(straight)).toContain('n2[["score<br/>scores.all"]]');
  expect(linesOf(pipe<number>("p").tap("log", () => {}))).toContain('n1[/"log"/]');
});

test("edges have the names of outputs, but for the usual way", () => {
  expect(linesOf(nested)).toEqual(
    expect.arrayContaining(["n0 --> n1", 'n1 -->|"high"| n5', 'n1 -->|"low"| n2', "n1 --> n8"]),
  );
});

test("ways of what failed, and of what a function decides, are dotted", () => {
  expect(linesOf(failing)).toContain('n2 -.->|"failed, fallback"| n3');
  expect(linesOf(deciding)).toContain('n1 -.->|"decided, slow"| n2');
});

test("what Mermaid, HTML or Markdown would take for its own is escaped", () => {
  const made = pipe<number>('a "b" #c').node('end ["<b>"] # `x` 1. _y_ a_b é 数', (n) => n);
  expect(linesOf(made)).toContain(
    'n1("end #91;#34;#60;b#62;#34;#93; #35; #96;x#96; 1#46; #95;y#95; a_b é 数")',
  );
});
