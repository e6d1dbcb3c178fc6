import { type Check, checksOf } from "./check.js";
import type { System } from "./system.js";
import { size } from "./words.js";

const FOLDER = "/dev/shm";
/** What docker gives a container that asks for nothing. */
const DOCKER_DEFAULT = 64 * 2 ** 20;

export interface SharedMemoryFacts {
  readonly folder: string;
  readonly writable: boolean;
  readonly bytes: number;
  readonly freeBytes: number;
}

/** Null where there is none. */
export function readSharedMemory(system: System): SharedMemoryFacts | null {
  const disk = system.disk(FOLDER);
  return disk === undefined ? null : { folder: FOLDER, writable: system.writable(FOLDER), ...disk };
}

export function checkSharedMemory(facts: SharedMemoryFacts | null, platform: NodeJS.Platform): Check[] {
  const { ok, warning } = checksOf("system");
  if (platform !== "linux") return [];
  const users = "joblib, multiprocessing and torch's DataLoader";
  const mount = "mount -t tmpfs tmpfs /dev/shm";
  if (facts === null)
    return [
      warning(
        FOLDER,
        `there is none: large arrays take the socket, and ${users} share arrays through it`,
        `${mount}, as root`,
      ),
    ];
  if (!facts.writable)
    return [
      warning(
        FOLDER,
        `not writable: large arrays take the socket, and ${users} share arrays through it`,
        "chmod 1777 /dev/shm, as root",
      ),
    ];
  const found = `${size(facts.freeBytes)} free of ${size(facts.bytes)}`;
  const fix = "docker run --shm-size=1g (compose: shm_size; Kubernetes: an emptyDir of medium Memory there)";
  if (facts.bytes <= DOCKER_DEFAULT)
    return [
      warning(
        FOLDER,
        `${found}, docker's default; large arrays take the socket where it is short, and ${users} crash`,
        fix,
      ),
    ];
  if (facts.freeBytes <= DOCKER_DEFAULT)
    return [
      warning(
        FOLDER,
        `${found}; ${users} crash when it is full`,
        "delete what is left in /dev/shm, or make it larger",
      ),
    ];
  return [ok(FOLDER, found)];
}
