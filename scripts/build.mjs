import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runChild } from "./child.mjs";
import { npmProgram, ROOT } from "./repository.mjs";

const SETTINGS = ["tsconfig.base.json", "tsconfig.build.json", "package-lock.json"];
const STAMP = join(ROOT, "dist", ".build-stamp");

/** Compiles src/ to dist/, unless dist/ is what these sources and settings compile to already. */
export async function ensureBuild() {
  const hash = hashOf([...filesUnder("src"), ...SETTINGS]);
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === hash) return;
  process.stderr.write("Building dist\n");
  const parameters = ["-p", "tsconfig.build.json"];
  const { exitCode } = await runChild(npmProgram("tsc"), parameters, { cwd: ROOT, stdout: "stderr" });
  if (exitCode !== 0) throw new Error("the build failed; the messages of the compiler are above");
  removeOutputWithoutSource();
  writeFileSync(STAMP, hash);
}

/** dist/ is written over and not removed first: another command may be running from it. */
function removeOutputWithoutSource() {
  for (const file of filesUnder("dist")) {
    const source = file.replace(/^dist/, "src").replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts");
    if (!existsSync(join(ROOT, source))) rmSync(join(ROOT, file));
  }
}

/** @param {readonly string[]} files */
function hashOf(files) {
  const hash = createHash("sha256");
  for (const file of files) {
    const content = readFileSync(join(ROOT, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/**
 * @param {string} folder
 * @returns {string[]} paths relative to the root, in a fixed order
 */
function filesUnder(folder) {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
    .sort();
}
