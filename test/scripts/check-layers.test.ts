import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("../../scripts/check-layers.mjs", import.meta.url));

/** Checks a tree of files that are their text. */
function check(files: Record<string, string>) {
  const source = mkdtempSync(join(tmpdir(), "slither-layers-"));
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(source, file)), { recursive: true });
      writeFileSync(join(source, file), text);
    }
    const { status, stderr } = spawnSync(process.execPath, [SCRIPT, source], { encoding: "utf8" });
    return { status, stderr };
  } finally {
    rmSync(source, { recursive: true });
  }
}

test("imports that point down pass, and what a comment says does not count", () => {
  const result = check({
    "index.ts": 'export * from "./pipe/pipe.js";\n',
    "pipe/pipe.ts":
      '// import "../nowhere.js"\nimport type { A } from "../errors/a.js";\nconst s = "// \'";\n',
    "errors/a.ts": "export interface A {}\n",
  });
  expect(result).toEqual({ status: 0, stderr: "" });
});

test("an import that points up is named with its line and the rule", () => {
  const { status, stderr } = check({
    "wire/frame.ts": '/*\n*/\nimport type { Pipe } from "../pipe/pipe.js";\n',
    "pipe/pipe.ts": "export interface Pipe {}\n",
  });
  expect(status).toBe(1);
  expect(stderr).toBe(
    'src/wire/frame.ts:3: import "../pipe/pipe.js" points up: wire/ lies below pipe/ in scripts/layers.mjs\n',
  );
});

test("dynamic imports and imports over several lines count", () => {
  const { stderr } = check({
    "wire/frame.ts":
      'export const a = () => import("../cli/main.js");\nimport {\n  b,\n} from "../stage/b.js";\n',
    "cli/main.ts": "",
    "stage/b.ts": "export const b = 1;\n",
  });
  expect(stderr).toContain('src/wire/frame.ts:1: import "../cli/main.js" points up');
  expect(stderr).toContain('src/wire/frame.ts:4: import "../stage/b.js" points up');
});

test("what is above a contract may not import an implementation of it", () => {
  const { stderr } = check({
    "session/session.ts": 'import "../engine.js";\nimport "../engines/local/driver.js";\n',
    "engines/local/driver.ts": 'import "../../engine.js";\n',
    "engine.ts": "",
  });
  expect(stderr).toBe(
    'src/session/session.ts:2: import "../engines/local/driver.js": engines/ is only for index.ts, testing.ts, cli/, doctor/, ' +
      "got session/\n",
  );
});

test("a circle is shown as the way round it", () => {
  const { status, stderr } = check({
    "wire/a.ts": 'import "./b.js";\n',
    "wire/b.ts": 'import "./c.js";\n',
    "wire/c.ts": 'import "./a.js";\n',
  });
  expect(status).toBe(1);
  expect(stderr).toContain("wire/a.ts -> wire/b.ts -> wire/c.ts -> wire/a.ts");
});

test("an import that leads nowhere, and a file in no layer, are named", () => {
  const { stderr } = check({ "wire/a.ts": 'import "./gone.js";\n', "helpers.ts": "" });
  expect(stderr).toContain('src/wire/a.ts:1: import "./gone.js" leads to no file of src/');
  expect(stderr).toContain("src/helpers.ts: in no layer");
});
