import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fakeUv } from "./fake-uv.js";

/** The Python of this machine, below any virtual environment and any launcher. */
export const realPython = execFileSync(
  "python3",
  ["-c", "import sys; print(getattr(sys, '_base_executable', None) or sys.executable)"],
  { encoding: "utf8" },
).trim();

/**
 * A working folder of its own with a PATH of its own: what the machine has installed, and how its pip is set up,
 * makes no difference. Removed when the test is over (`using`).
 */
export class Sandbox implements Disposable {
  // Real: a Python says where it is with links followed.
  readonly cwd = realpathSync(mkdtempSync(join(tmpdir(), "slither-environment-")));
  readonly env: NodeJS.ProcessEnv = {
    PATH: join(this.cwd, "path"),
    HOME: this.cwd,
    PIP_CONFIG_FILE: "/dev/null",
    PIP_NO_INDEX: "1",
    PIP_FIND_LINKS: join(this.cwd, "wheels"),
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
  };

  path(...names: string[]): string {
    return join(this.cwd, ...names);
  }

  /** Writes an executable shell script, for example at `path/python3`. */
  script(name: string, text: string): string {
    const file = this.path(name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  /** A launcher that starts the real Python. */
  python(name: string): string {
    return this.script(name, `exec '${realPython}' "$@"`);
  }

  /** A launcher whose Python cannot make environments, as Debian's without python3-venv. */
  pythonWithoutEnsurepip(name: string): string {
    return this.script(
      name,
      `if [ "$2" = venv ]; then
         echo 'The virtual environment was not created successfully because ensurepip is not'
         echo 'available.  On Debian/Ubuntu systems, you need to install the python3-venv'
         exit 1
       fi
       exec '${realPython}' "$@"`,
    );
  }

  /** Something that answers the probe as a Python of that version would. */
  pretender(name: string, version: string, msgspec: string | null): string {
    const file = this.path(name);
    const answer = {
      version,
      executable: file,
      baseExecutable: file,
      prefix: "/",
      msgspec,
      msgspecError: null,
    };
    return this.script(name, `echo '${JSON.stringify(answer)}'`);
  }

  /** A virtual environment without pip, with packages that are a name and a version. Gives back its interpreter. */
  environment(folder: string, packages: Record<string, string> = {}): string {
    execFileSync(realPython, ["-m", "venv", "--without-pip", this.path(folder)]);
    for (const [name, version] of Object.entries(packages)) this.install(folder, name, version);
    return this.path(folder, "bin", "python");
  }

  install(folder: string, name: string, version: string): void {
    const site = this.packagesOf(folder);
    mkdirSync(join(site, name), { recursive: true });
    writeFileSync(join(site, name, "__init__.py"), `__version__ = "${version}"\n`);
    const information = join(site, `${name}-${version}.dist-info`);
    mkdirSync(information, { recursive: true });
    writeFileSync(
      join(information, "METADATA"),
      `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    );
  }

  /** Puts pip into an environment: that of this machine's Python, or a new one (slow) when it has none. */
  addPip(folder: string): void {
    const program = "import os, pip; print(os.path.dirname(pip.__file__))";
    const { stdout, status } = spawnSync(realPython, ["-c", program], { encoding: "utf8" });
    if (status === 0) symlinkSync(stdout.trim(), join(this.packagesOf(folder), "pip"));
    else execFileSync(this.path(folder, "bin", "python"), ["-m", "ensurepip"], { stdio: "ignore" });
  }

  /** A wheel in the only place where pip looks. */
  wheel(name: string, version: string): void {
    mkdirSync(this.path("wheels"), { recursive: true });
    execFileSync(realPython, ["-c", MAKE_WHEEL, this.path("wheels"), name, version]);
  }

  /** Puts a uv on PATH that makes environments with the real Python and installs empty packages. */
  uv(before = ""): void {
    this.script("path/uv", fakeUv(realPython, before));
  }

  private packagesOf(folder: string): string {
    const [python = ""] = readdirSync(this.path(folder, "lib"));
    return this.path(folder, "lib", python, "site-packages");
  }

  [Symbol.dispose](): void {
    rmSync(this.cwd, { recursive: true, force: true });
  }
}

const MAKE_WHEEL = `
import sys, zipfile
folder, name, version = sys.argv[1:]
info = "%s-%s.dist-info" % (name, version)
files = {
    name + "/__init__.py": "__version__ = %r\\n" % version,
    name + "/command.py": "def main():\\n    print('ran %s')\\n" % name,
    info + "/METADATA": "Metadata-Version: 2.1\\nName: %s\\nVersion: %s\\n" % (name, version),
    info + "/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    info + "/entry_points.txt": "[console_scripts]\\n%s-command = %s.command:main\\n" % (name, name),
}
record = "".join(path + ",,\\n" for path in files) + info + "/RECORD,,\\n"
with zipfile.ZipFile("%s/%s-%s-py3-none-any.whl" % (folder, name, version), "w") as wheel:
    for path, text in files.items():
        wheel.writestr(path, text)
    wheel.writestr(info + "/RECORD", record)
`;
