import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TYPESCRIPT = join(ROOT, "node_modules/typescript/bin/tsc");

/** What the compiler says; nothing when it is content. */
async function compile(...parameters: string[]): Promise<string> {
  try {
    return (await promisify(execFile)(process.execPath, [TYPESCRIPT, ...parameters], { cwd: ROOT })).stdout;
  } catch (error) {
    return (error as { stdout?: string }).stdout || String(error);
  }
}

/** A folder below the repository, whose packages it sees, that is removed when its test is over. */
async function projectFolder(): Promise<string> {
  await mkdir(join(ROOT, ".slither"), { recursive: true });
  const folder = await mkdtemp(join(ROOT, ".slither/published-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Puts the package where npm would: a compiler names no type of a package that is not exported, and is not so strict elsewhere. */
async function installTypes(project: string): Promise<void> {
  const installed = join(project, "node_modules/slither-ts");
  await mkdir(installed, { recursive: true });
  await copyFile(join(ROOT, "package.json"), join(installed, "package.json"));
  const build = ["-p", "tsconfig.build.json", "--emitDeclarationOnly", "--declarationMap", "false"];
  expect(await compile(...build, "--outDir", join(installed, "dist"))).toBe("");
}

/** The programs of this folder. What they take from the sources is in the package, too, where only tests would look for it. */
async function copyPrograms(project: string): Promise<void> {
  for (const name of await readdir(import.meta.dirname)) {
    if (!name.endsWith(".test-d.ts")) continue;
    const text = await readFile(join(import.meta.dirname, name), "utf8");
    const installed = text.replaceAll('"../../src/', '"./node_modules/slither-ts/dist/');
    await writeFile(join(project, name), installed);
  }
}

test("the types are the same for whoever installs the package, and declarations of what is made of it can be emitted", {
  timeout: 120_000,
}, async () => {
  const project = await projectFolder();
  await installTypes(project);
  await copyPrograms(project);
  // Without one of its own, the project would be part of slither-ts, and find it by itself.
  await writeFile(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await writeFile(
    join(project, "tsconfig.json"),
    JSON.stringify({
      extends: "../../tsconfig.base.json",
      compilerOptions: {
        declaration: true,
        emitDeclarationOnly: true,
        outDir: "out",
        rootDir: ".",
        // The declarations of the package must hold by themselves.
        skipLibCheck: false,
      },
      include: ["*.ts"],
    }),
  );

  expect(await compile("-p", project)).toBe("");
});
