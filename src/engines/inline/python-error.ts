import { type CallSite, PythonError } from "../../errors/python.js";
import { isRejecting, type Rejecting } from "../../wire/rejecting.js";
import { FakeViewError } from "./view-errors.js";

const MODULE = "inline";
const LIBRARY = "slither_worker";
const MOST_BASES = 20;

/** What a fake has thrown, as the exception that Python code would have raised. */
export function asPythonError(thrown: unknown, site: CallSite): PythonError {
  if (isRejecting(thrown)) return rejectedError(thrown, site);
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const ofView = error instanceof FakeViewError;
  const fields = {
    type: error.name,
    module: ofView ? LIBRARY : MODULE,
    bases: ofView ? error.bases : basesOf(error),
    message: error.message,
    traceback: error.stack ?? "",
  };
  return new PythonError(site, fields, thrown);
}

/** `throw reject(reason)` is what `raise Rejected(reason)` is. */
function rejectedError(thrown: Rejecting, site: CallSite): PythonError {
  const fields = {
    type: "Rejected",
    module: LIBRARY,
    bases: ["builtins.Exception"],
    message: thrown.reason,
    traceback: "",
  };
  return new PythonError(site, fields, thrown);
}

/** The names of the error's classes, the nearest first. Its own is among them where the error goes by another name. */
function basesOf(error: Error): string[] {
  const names: string[] = [];
  for (
    let at = Object.getPrototypeOf(error);
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    const name: unknown = at.constructor?.name;
    if (typeof name === "string" && name !== "") names.push(name);
  }
  const bases = names[0] === error.name ? names.slice(1) : names;
  return bases.slice(0, MOST_BASES).map((name) => `${MODULE}.${name}`);
}
