// What the demo says while one waits, on standard error: bars on a terminal, a line for each step elsewhere.
import { MultiBar, Presets, type SingleBar } from "cli-progress";

const onTerminal = process.stderr.isTTY === true;

/** Says what is being done now. */
export function step(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** One bar for each of several things that are done at the same time. */
export class Progress {
  readonly #bars = onTerminal
    ? new MultiBar(
        {
          format: "  {name} {bar} {value}/{total}",
          stream: process.stderr,
          hideCursor: true,
          clearOnComplete: true,
        },
        Presets.rect,
      )
    : undefined;

  add(name: string, total: number): Pick<SingleBar, "increment"> {
    return this.#bars?.create(total, 0, { name }) ?? { increment: () => {} };
  }

  end(): void {
    this.#bars?.stop();
  }
}
