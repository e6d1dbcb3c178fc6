// Runs modules one after the other in one process: node --import tsx run-modules.mjs MARK FILE…
// A line of MARK and the file stands before what each prints. The first that throws ends the process with its error.
import { pathToFileURL } from "node:url";

const [mark, ...files] = process.argv.slice(2);
for (const file of files) {
  process.stdout.write(`${mark}${file}\n`);
  await import(pathToFileURL(file).href);
}
