import type { Session } from "slither-ts";

/** Of everything in the benchmarks that is random. */
export const SEED = 42;

/** The model that {@link train} gives a session. */
export const MODEL = "model";

/** Trains the model that the benchmarks score with. */
export async function train(session: Session): Promise<void> {
  const { features, labels, feature_names } = await session.call<Record<string, unknown>>(
    "datasets",
    "training_samples",
    ["a", 2_000, SEED],
  );
  await session.call("ml_scorer", "train_model", [MODEL, features, labels], { kwargs: { feature_names } });
}
