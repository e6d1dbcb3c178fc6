import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/**
 * @typedef {object} Import
 * @property {string} file relative to the source folder, for example `wire/frame.ts`
 * @property {number} line
 * @property {string} specifier as it is written, for example `../errors/options.js`
 * @property {string} target the file it means, relative to the source folder; it may not exist
 */

/** The TypeScript files of a folder. @param {string} source */
export function sourceFiles(source) {
  return readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name).slice(source.length + 1))
    .sort();
}

/**
 * The relative imports of a file: `import`, `export … from` and `import()`, also those of types alone, since what
 * knows a type of a layer knows the layer.
 *
 * @param {string} source the source folder
 * @param {string} file
 * @returns {Import[]}
 */
export function importsOf(source, file) {
  const text = withoutComments(readFileSync(join(source, file), "utf8"));
  const imports = [];
  for (const match of text.matchAll(/\b(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"'\n]+)["']/g)) {
    const specifier = match[1] ?? "";
    const line = text.slice(0, match.index + match[0].indexOf(specifier)).split("\n").length;
    const target = posix.join(posix.dirname(file), specifier).replace(/\.js$/, ".ts");
    imports.push({ file, line, specifier, target });
  }
  return imports;
}

/** Comments become blanks, so that lines keep their numbers; what looks like one in a string stays. @param {string} text */
function withoutComments(text) {
  const stringOrComment =
    /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return text.replace(stringOrComment, (found) =>
    found.startsWith("/") ? found.replace(/[^\n]/g, " ") : found,
  );
}
