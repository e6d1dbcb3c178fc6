/** What is to be built, and where. */
export interface BuildPlan {
  /** The folder to build in; it exists and is empty. */
  readonly aside: string;
  /** The folder that the environment is for: what messages name. */
  readonly folder: string;
  readonly requirements: readonly string[];
  /** The interpreter to make it from, as it was found: a launcher is run as the launcher that it is. */
  readonly python: string;
  readonly version: string;
}
