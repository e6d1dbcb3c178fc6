import { existsSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeFolder } from "../../src/environment/make-folder.js";
import { temporaryFolder } from "../helpers/temporary.js";

test("a folder is made with those above it", () => {
  const path = join(temporaryFolder(), "a", "b", "c");
  makeFolder(path);
  expect(statSync(path).isDirectory()).toBe(true);
});

test("a folder that is there, also through a link, is left as it is", () => {
  const folder = temporaryFolder();
  const link = join(temporaryFolder(), "link");
  symlinkSync(folder, link);
  makeFolder(link);
  expect(statSync(link).isDirectory()).toBe(true);
});

test("a file in its place is an error that names it", () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  expect(() => makeFolder(file)).toThrow(`EEXIST: file already exists, mkdir '${file}'`);
});

test("a file above it is an error that names the folder", () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  expect(() => makeFolder(join(file, "inner"))).toThrow(`ENOTDIR: not a directory, mkdir '${file}/inner'`);
});

test.runIf(existsSync("/proc/self"))(
  "where the system takes no folders it fails, and does not try for ever",
  () => {
    expect(() => makeFolder("/proc/slither/inner")).toThrow(
      "ENOENT: no such file or directory, mkdir '/proc/slither'",
    );
  },
);
