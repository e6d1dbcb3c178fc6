// The proofs that two sessions cannot see each other: each asks Python, none is taken on trust.
import { type NdArray, PythonError, RefError } from "slither-ts";
import type { ScoredSession } from "./synthetic.js";

export interface Isolation {
  readonly separateProcesses: boolean;
  readonly foreignModelRefused: boolean;
  readonly sameKeyIsolated: boolean;
  readonly foreignRefRefused: boolean;
  /** Records that the two models put into different classes. */
  readonly divergentPredictions: number;
}

export interface SessionStats {
  readonly session: string;
  readonly models: readonly string[];
  readonly champion: string;
  readonly predictions: number;
}

export function sessionStats({ session }: ScoredSession): Promise<SessionStats> {
  return session.call("ml_scorer", "model_stats");
}

export async function proveIsolation(a: ScoredSession, b: ScoredSession): Promise<Isolation> {
  const [statsA, statsB] = await Promise.all([sessionStats(a), sessionStats(b)]);
  return {
    separateProcesses: await areSeparateProcesses(a, b, statsA, statsB),
    foreignModelRefused: (await refusesModel(a, b.model.id)) && (await refusesModel(b, a.model.id)),
    // Both put their model under the key "champion" of the same dict of the same module.
    sameKeyIsolated: statsA.champion === a.model.id && statsB.champion === b.model.id,
    foreignRefRefused: await refusesForeignRef(a, b),
    divergentPredictions: divergentPredictions(a, b),
  };
}

async function areSeparateProcesses(
  a: ScoredSession,
  b: ScoredSession,
  statsA: SessionStats,
  statsB: SessionStats,
): Promise<boolean> {
  const [pidA, pidB] = await Promise.all([a.session.call("os", "getpid"), b.session.call("os", "getpid")]);
  return (
    pidA === a.session.pid &&
    pidB === b.session.pid &&
    pidA !== pidB &&
    statsA.models.join() === a.model.id &&
    statsB.models.join() === b.model.id
  );
}

/** Asks a session for a model that only the other one has: the error must name the session and the model. */
async function refusesModel({ session }: ScoredSession, foreignModel: string): Promise<boolean> {
  try {
    await session.call("ml_scorer", "model_stats", [foreignModel]);
    return false;
  } catch (error) {
    return (
      error instanceof PythonError &&
      error.pythonType === "UnknownModelError" &&
      error.pythonMessage.includes(`session ${session.id} `) &&
      error.pythonMessage.includes(foreignModel)
    );
  }
}

/** A ref to A's model gives its coefficients in A, and is refused in B. */
async function refusesForeignRef(a: ScoredSession, b: ScoredSession): Promise<boolean> {
  await using model = await a.session.create("ml_scorer", "get_model", [a.model.id]);
  const coefficients = await model.get<NdArray>("coef_");
  const usable =
    coefficients.data.length === a.model.n_features &&
    (await a.session.call("ml_scorer", "model_class", [model])) !== "";
  try {
    await b.session.call("ml_scorer", "model_class", [model]);
    return false;
  } catch (error) {
    return usable && error instanceof RefError && error.session === a.session.id;
  }
}

function divergentPredictions(a: ScoredSession, b: ScoredSession): number {
  const classOf = new Map(b.first.items.map((item) => [item.id, item.payload.prediction]));
  return a.first.items.filter((item) => item.payload.prediction !== classOf.get(item.id)).length;
}
