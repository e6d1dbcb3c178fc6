/** The part of a candidate that decides what to tell its owner. */
interface Chosen {
  readonly path: string;
  readonly source: string;
  readonly managed?: boolean;
}

const MAKE = "npx slither setup";

/** What to do when there is no interpreter anywhere. */
export const NOTHING_FOUND_REMEDY =
  "Install Python, or name one with the option `python` or with SLITHER_PYTHON";

/** What to do about an interpreter that is not there or does not run. */
export function remedyFor(chosen: Chosen): string {
  return chosen.managed
    ? `Make it again: ${MAKE}`
    : `Correct ${chosen.source}, or leave it out and make an environment: ${MAKE}`;
}

/** What to do about an interpreter that is too old. */
export function newerRemedy(chosen: Chosen): string {
  const make = `${MAKE} --python python3.12`;
  return chosen.managed
    ? `Make it again from a newer one: ${make}`
    : `Name a newer one, or make an environment: ${make}`;
}

/** What to do about a package that is missing. */
export function installRemedy(chosen: Chosen, name: string): string {
  return chosen.managed
    ? `Make it again: ${MAKE}`
    : `Install it: ${chosen.path} -m pip install '${name}'; or make an environment: ${MAKE}`;
}
