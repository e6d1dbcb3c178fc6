import { LocalDriver } from "./engines/local/local-driver.js";
import { type LocalOptions, localOptions } from "./engines/local/options.js";
import { parseOptions } from "./options/parse.js";
import { Engine } from "./session/engine.js";
import { type EngineOptions, engineOptions } from "./session/engine-options.js";
import { Emitter } from "./telemetry/emitter.js";
import { ENGINE_EVENTS, type EngineEvents } from "./telemetry/events.js";
import { Telemetry } from "./telemetry/telemetry.js";

/**
 * An engine whose sessions are Python processes of this machine.
 *
 * @throws OptionsError; PlatformError on Windows; PythonNotFoundError, PythonVersionError, PythonPackageMissingError when there is no Python to work with.
 *
 * @example
 * await using engine = await local({ pythonPath: ["./python"] });
 */
export async function local(options: LocalOptions & EngineOptions = {}): Promise<Engine> {
  const parsed = parseOptions("local()", localOptions.extend(engineOptions.shape), options);
  const events = new Emitter<EngineEvents>(ENGINE_EVENTS, new Telemetry());
  const driver = await LocalDriver.create(parsed, (stream, line) =>
    events.emit("forkserver-log", { stream, line }),
  );
  return new Engine({ ...parsed, driver, events });
}

export type { Clock } from "./clock.js";
export { DeadLetterError } from "./dead-letters/error.js";
export { deadLetter } from "./dead-letters/file-sink.js";
export type { DeadLetter } from "./dead-letters/letter.js";
export { readLetters } from "./dead-letters/read.js";
export type { RejectedStream } from "./dead-letters/rejected-stream.js";
export type { DeadLetterSink } from "./dead-letters/sink.js";
export type { Ordering } from "./dispatch/order.js";
export type { BatchKey } from "./dispatch/strategies/keyed.js";
export type { BatchStrategy, Waiting } from "./dispatch/strategy.js";
export type { LocalOptions } from "./engines/local/options.js";
export { AcknowledgeError } from "./errors/acknowledge.js";
export { BatchingError } from "./errors/batching.js";
export { CacheError } from "./errors/cache.js";
export { OptionsError } from "./errors/options.js";
export { PlatformError } from "./errors/platform.js";
export { PoisonedRecordError } from "./errors/poison.js";
export { BatchResultError, PythonError, PythonFunctionError, PythonImportError } from "./errors/python.js";
export {
  EnvironmentSetupError,
  PythonNotFoundError,
  PythonPackageMissingError,
  PythonVersionError,
} from "./errors/python-environment.js";
export { RecordRejectedError } from "./errors/rejected.js";
export { SchemaError, type SchemaIssue } from "./errors/schema.js";
export {
  CallAbortedError,
  CallTimeoutError,
  CancelledError,
  EngineFullError,
  ForkRefusedError,
  MemoryLimitError,
  ProtocolError,
  RefError,
  SessionBusyError,
  SessionClosedError,
  SessionLostError,
  SessionRolledBackError,
  type StoppedCallFate,
  WorkerDiedError,
  WorkerStartError,
} from "./errors/session.js";
export { SharedArrayError } from "./errors/shared-array.js";
export { SlitherError } from "./errors/slither-error.js";
export { StoreError, type StoreErrorReason } from "./errors/store.js";
export { ValueNotSupportedError } from "./errors/value.js";
export { ViewRefusedError, ViewTimeoutError } from "./errors/view.js";
export type { Duration, Size } from "./options/fields.js";
export type {
  NodeStageOptions,
  PacingOptions,
  PipeOptions,
  PythonStageOptions,
  ReplayOptions,
  RunOptions,
  TapOptions,
  ViaOptions,
} from "./pipe/options.js";
export { type Pipe, pipe, type RoutedPipe } from "./pipe/pipe.js";
export type { NoStores } from "./pipe/typed-pipe.js";
export type { AnyEnd, End, ItemOf, WithBranch } from "./plan/ends.js";
export type {
  ExplainedDispatch,
  ExplainedOperator,
  ExplainedReturn,
  ExplainedStage,
  ExplainedTrip,
  PipeExplanation,
} from "./plan/explain/explanation.js";
export { explainText } from "./plan/explain/text.js";
export type { GraphEdge, PipeGraph } from "./plan/graph/graph.js";
export { graphMermaid } from "./plan/graph/mermaid.js";
export type { GraphNode, GraphNodeStage, GraphPlainStage, GraphPythonStage } from "./plan/graph/node.js";
export { graphText } from "./plan/graph/text.js";
export type { PipePlan, StagePlan } from "./plan/plan.js";
export type { Readable } from "./plan/readable.js";
export type { CacheStats } from "./run/cache-counts.js";
export type { CrossingTimes } from "./run/crossings.js";
export type {
  MeasuredPython,
  MeasuredRun,
  MeasuredStage,
  MeasuredTrips,
  ReplicaForecast,
  RunExplanation,
  RunLimit,
} from "./run/explain/explanation.js";
export { explainRunText } from "./run/explain/text.js";
export { PipeHaltedError, RunConsumedError, RunUnfinishedError } from "./run/halted.js";
export {
  type Ledger,
  type LedgerEdge,
  LedgerError,
  type StageBook,
  type StageLedger,
  TooManyRejectedError,
} from "./run/ledger.js";
export { type Delivery, type LiveSource, live } from "./run/live.js";
export type { LiveSummary } from "./run/receipts.js";
export type { Collected, Run, RunSummary } from "./run/run.js";
export type { RunStats, StageStats } from "./run/stats.js";
export type { Engine } from "./session/engine.js";
export type { EngineOptions } from "./session/engine-options.js";
export type { FamilyOptions, ForkOptions } from "./session/fork-options.js";
export type { SessionState } from "./session/lifecycle-parts.js";
export type { RecycleLimits, SessionLimits } from "./session/limits.js";
export type { CallOptions, CloseOptions, GetOptions } from "./session/options.js";
export { Ref } from "./session/ref.js";
export type { Session } from "./session/session.js";
export type { SessionOptions } from "./session/session-options.js";
export {
  type AdaptiveOptions,
  adaptive,
  type Batching,
  fixed,
  type ItemStrategy,
  type KeyedOptions,
  keyed,
  type MicroBatchOptions,
  microBatch,
  type WeightedOptions,
  weighted,
} from "./stage/batching.js";
export type { CacheNote } from "./stage/cache-use.js";
export {
  type Cached,
  type CachedConversion,
  type CachedOptions,
  type CachedOutput,
  type CacheTable,
  cached,
} from "./stage/cached.js";
export { type ColumnOf, type ColumnsOf, columnsOf } from "./stage/columns-of.js";
export type { Failure, Item, ItemId, Rejection } from "./stage/item.js";
export type { NodeContext } from "./stage/node.js";
export {
  type Decision,
  type ErrorPolicy,
  type FinalPolicy,
  type PolicyFunction,
  type RejectUpTo,
  type Retry,
  type RetryOptions,
  reject,
  retry,
} from "./stage/policy.js";
export { type Filter, filter, type Many, many, type Reject, type RouteTo, routeTo } from "./stage/results.js";
export type { Schema } from "./stage/schema.js";
export type {
  Aged,
  AllowExpired,
  BagTable,
  DraftBag,
  DraftTable,
  FreshTable,
  KeyPart,
  KeyRange,
  OrderedTable,
  StoreBackend,
  StoredChange,
  StoredEntry,
  StoreJournal,
  Table,
  TableChange,
  TableDefinition,
  TableKey,
  WatchOptions,
} from "./store.js";
export { bagTable, orderedTable, table } from "./stores/definitions.js";
export type { StoreOptions, TableOptions } from "./stores/options.js";
export { type Drafts, type FreshTables, type Store, type StoreOperations, store } from "./stores/store.js";
export type {
  EngineEvents,
  ForkserverEvents,
  RunEvents,
  RunStatus,
  SessionEvents,
} from "./telemetry/events.js";
export type { BatchViewFunction, ViewFunction } from "./views/answers.js";
export type { ViewContext } from "./views/context.js";
export { batchView, type View, type ViewOptions, view } from "./views/view.js";
export type { ColumnDtype } from "./wire/columns-kind.js";
export { type Dtype, NdArray, type TypedArrays } from "./wire/ndarray.js";
export { SharedArray } from "./wire/shared-array.js";
export { Tuple, tuple } from "./wire/tuple.js";
