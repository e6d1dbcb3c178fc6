import { BAGS } from "./cases/bags.js";
import { CONCURRENCY } from "./cases/concurrency.js";
import { EXPIRY } from "./cases/expiry.js";
import { KEYS } from "./cases/keys.js";
import { MODEL } from "./cases/model.js";
import { ORDERED } from "./cases/ordered.js";
import { PERSISTENCE } from "./cases/persistence.js";
import { RELOAD } from "./cases/reload.js";
import { SHARING } from "./cases/sharing.js";
import { TRANSACTIONS } from "./cases/transactions.js";
import { VALUES } from "./cases/values.js";
import { WATCH } from "./cases/watch.js";
import { WRITES } from "./cases/writes.js";
import type { Law } from "./tried.js";

/** Every law, those first that others build on. */
export const LAWS: readonly Law[] = [
  ...WRITES,
  ...KEYS,
  ...VALUES,
  ...MODEL,
  ...CONCURRENCY,
  ...EXPIRY,
  ...ORDERED,
  ...BAGS,
  ...TRANSACTIONS,
  ...WATCH,
  ...RELOAD,
  ...PERSISTENCE,
  ...SHARING,
];
