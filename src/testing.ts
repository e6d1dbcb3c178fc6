import { InlineDriver } from "./engines/inline/inline-driver.js";
import { type InlineOptions, inlineOptions } from "./engines/inline/options.js";
import { parseOptions } from "./options/parse.js";
import { Engine } from "./session/engine.js";

/**
 * An engine for tests: its sessions call TypeScript functions where others call Python. No Python, no processes; the same pipes.
 *
 * @throws OptionsError.
 *
 * @example
 * await using engine = inline({ modules: { scorer: { predict: (payloads) => payloads.map(() => 0.5) } } });
 */
export function inline(options: InlineOptions): Engine {
  return new Engine(new InlineDriver(parseOptions("inline()", inlineOptions, options).modules));
}

export type { InlineFunction, InlineModule, InlineOptions } from "./engines/inline/options.js";
