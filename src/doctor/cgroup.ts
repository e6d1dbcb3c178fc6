import { dirname } from "node:path";
import type { System } from "./system.js";

type Read = System["read"];

/** The folders that hold the limits of one controller for this process. */
export interface CgroupFolders {
  readonly version: 1 | 2;
  /** That of the process first, then those around it, whose limits hold for it too. */
  readonly folders: readonly string[];
}

interface Mount {
  /** The part of the hierarchy that is seen at the mount point. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Where the limits of a controller such as `memory` are; undefined where there are no control groups. */
export function cgroupFolders(read: Read, controller: string): CgroupFolders | undefined {
  const mounts = parseMounts(read("/proc/self/mountinfo") ?? "");
  const first = mounts.find(({ type, options }) => type === "cgroup" && options.includes(controller));
  // A controller is in one hierarchy only: of the second version, when it is in none of the first.
  const mount = first ?? mounts.find(({ type }) => type === "cgroup2");
  if (mount === undefined) return undefined;
  const version = mount.type === "cgroup" ? 1 : 2;
  const own = ownPath(read("/proc/self/cgroup") ?? "", version === 1 ? controller : "");
  return { version, folders: upwards(mount.point, below(mount.root, own)) };
}

/** The lines of mountinfo, of control groups: `31 23 0:28 /root /point rw … - type source options`. */
function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [front = "", back = ""] = line.split(" - ");
    const [, , , root, point] = front.split(" ").map(unescaped);
    const [type = "", , options = ""] = back.split(" ");
    if (root === undefined || point === undefined || !type.startsWith("cgroup")) return [];
    return [{ root, point, type, options: options.split(",") }];
  });
}

/** Blanks in paths are written as `\040`. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** The group of this process, from lines such as `4:cpu,cpuacct:/path`; the second version's is `0::/path`. */
function ownPath(text: string, controller: string): string {
  for (const line of text.split("\n")) {
    const [, controllers = "", path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (line !== "" && controllers.split(",").includes(controller)) return path;
  }
  return "/";
}

/** What of the path can be seen below the mount; nothing when the mount shows another part of the hierarchy. */
function below(root: string, path: string): string {
  if (path.includes("/..")) return "";
  if (root === "/") return path === "/" ? "" : path;
  return path.startsWith(`${root}/`) ? path.slice(root.length) : "";
}

function upwards(point: string, path: string): string[] {
  const folders: string[] = [];
  for (let part = path; part !== "" && part !== "/"; part = dirname(part)) folders.push(`${point}${part}`);
  return [...folders, point];
}
