/** What must be undone when Node ends while it is still in use: processes killed, folders removed. Each must be synchronous. */
const pending = new Set<() => void>();
let installed = false;

/** Runs `undo` when Node exits; gives back the function that forgets it. */
export function atExit(undo: () => void): () => void {
  if (!installed) {
    installed = true;
    process.once("exit", () => {
      for (const each of pending) each();
    });
  }
  pending.add(undo);
  return () => pending.delete(undo);
}
