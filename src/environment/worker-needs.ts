/** The oldest Python that a worker runs on. */
export const MINIMUM_PYTHON = { major: 3, minor: 10 } as const;

/** The one package that a worker needs; everything else is the user's choice. */
export const WORKER_PACKAGE = "msgspec";

/** The oldest msgspec that a worker runs with: before it, extension types came with the bytes that follow them. */
export const MINIMUM_MSGSPEC = "0.20";

/** Whether a version of msgspec such as `0.20.0` is new enough. */
export function isMsgspecNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = MINIMUM_MSGSPEC.split(".").map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** `3.10` */
export const MINIMUM_PYTHON_TEXT = `${MINIMUM_PYTHON.major}.${MINIMUM_PYTHON.minor}`;

/** Whether a version such as `3.11.7` is new enough. */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major !== MINIMUM_PYTHON.major) return major > MINIMUM_PYTHON.major;
  return minor >= MINIMUM_PYTHON.minor;
}
