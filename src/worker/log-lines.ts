import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** How many lines are kept for the error that says how a worker died. */
const KEPT_LINES = 20;
/** What Python prints of its own stack and of the worker's when it crashes, which says nothing, and would take the place of what does. */
const OWN_FRAME = /^ {2}File "(?:.*\/slither_worker\/\w+\.py|<frozen runpy>)", line \d+ in /;
/** A line longer than this is given out in pieces, so that output without line ends cannot fill the memory. */
const LONGEST_LINE = 64 * 1024;

/** Gets every line that a process prints. */
export type OnLine = (stream: "stdout" | "stderr", line: string) => void;

/** The lines that a process prints, given out as they come; remembers the last of them. */
export class LogLines {
  readonly #onLine: OnLine;
  readonly #last: string[] = [];
  readonly #ends: Promise<void>[] = [];

  constructor(onLine: OnLine) {
    this.#onLine = onLine;
  }

  /** The last lines of all streams, oldest first. */
  get last(): readonly string[] {
    return [...this.#last];
  }

  /** Resolves when every stream has ended, and its last line was given out. */
  async ended(): Promise<void> {
    await Promise.all(this.#ends);
  }

  follow(stream: "stdout" | "stderr", readable: Readable): void {
    const decoder = new StringDecoder("utf8");
    let rest = "";
    readable.on("data", (chunk: Buffer) => {
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop() as string;
      for (const line of lines) this.#give(stream, line);
      if (rest.length > LONGEST_LINE) {
        this.#give(stream, rest);
        rest = "";
      }
    });
    const end = new Promise<void>((resolve) => {
      readable.once("close", () => {
        rest += decoder.end();
        if (rest !== "") this.#give(stream, rest);
        resolve();
      });
    });
    this.#ends.push(end);
    readable.on("error", () => {});
  }

  #give(stream: "stdout" | "stderr", line: string): void {
    if (!OWN_FRAME.test(line)) this.#last.push(line);
    if (this.#last.length > KEPT_LINES) this.#last.shift();
    this.#onLine(stream, line);
  }
}
