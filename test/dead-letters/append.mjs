// Appends 50 letters to a file, one by one. Usage: node --import tsx append.mjs <file> <run>
import { deadLetter } from "../../src/dead-letters/file-sink.ts";

const [file = "", run = ""] = process.argv.slice(2);
const sink = deadLetter(file);
for (let id = 0; id < 50; id++) {
  await sink.write([
    {
      run,
      pipe: "scores",
      time: "2030-01-31T12:00:00.000Z",
      id,
      stage: "predict",
      errorClass: "ValueError",
      message: "no",
      attempts: 1,
      input: run.repeat(100_000),
      payload: null,
      meta: {},
    },
  ]);
}
await sink.close();
