/** The oldest Python that a worker runs on. */
export const MINIMUM_PYTHON = { major: 3, minor: 10 } as const;

/** The one package that a worker needs; everything else is the user's choice. */
export const WORKER_PACKAGE = "msgspec";

/** `3.10` */
export const MINIMUM_PYTHON_TEXT = `${MINIMUM_PYTHON.major}.${MINIMUM_PYTHON.minor}`;

/** Whether a version such as `3.11.7` is new enough. */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major !== MINIMUM_PYTHON.major) return major > MINIMUM_PYTHON.major;
  return minor >= MINIMUM_PYTHON.minor;
}
