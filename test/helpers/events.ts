import type { Engine, EngineEvents } from "slither-ts";

/** Resolves with the next event of that name for which `wanted` holds. Call it before what makes the event happen. */
export function nextEvent<Name extends keyof EngineEvents>(
  engine: Engine,
  name: Name,
  wanted: (event: EngineEvents[Name]) => boolean = () => true,
): Promise<EngineEvents[Name]> {
  return new Promise((resolve) => {
    const stop = engine.on(name, (event) => {
      if (!wanted(event)) return;
      stop();
      resolve(event);
    });
  });
}

/** Resolves when Python code has printed this line. */
export async function printed(engine: Engine, line: string): Promise<void> {
  await nextEvent(engine, "session-log", (event) => event.line === line);
}

/** Every event of these names from here on, in order. */
export function record<Name extends keyof EngineEvents>(
  engine: Engine,
  ...names: Name[]
): { name: Name; event: EngineEvents[Name] }[] {
  const events: { name: Name; event: EngineEvents[Name] }[] = [];
  for (const name of names) engine.on(name, (event) => events.push({ name, event }));
  return events;
}
