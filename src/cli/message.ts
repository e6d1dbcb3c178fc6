/** What is said of an error on stderr. */
export function messageOf(error: unknown): string {
  if (isWithoutFolder(error)) {
    return "expected a working folder that exists, got one that was removed; change to another and run the same command again";
  }
  return error instanceof Error ? error.message : String(error);
}

/** Node asks the system for the working folder, and the system has none. */
function isWithoutFolder(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return code === "ENOENT" && syscall === "uv_cwd";
}
