import {
  ENGINE_EVENT_TABLE,
  FORKSERVER_EVENT_TABLE,
  RUN_EVENT_TABLE,
  SESSION_EVENT_TABLE,
} from "./event-table.js";
import { type EventsOf, namesOf } from "./field.js";

/** Types and names of the events; what each says and carries stands in event-table.ts. */

export type { RunStatus } from "./event-table.js";

/** What happens to the forkserver of an engine: the fields of each event, by its name. */
export interface ForkserverEvents extends EventsOf<typeof FORKSERVER_EVENT_TABLE> {}

/** What happens to sessions: the fields of each event, by its name. Durations are milliseconds. */
export interface SessionEvents extends EventsOf<typeof SESSION_EVENT_TABLE> {}

/** What happens to runs, their stages and batches: the fields of each event, by its name. Durations are milliseconds. */
export interface RunEvents extends EventsOf<typeof RUN_EVENT_TABLE> {}

/** What `engine.on` offers: its forkserver, its sessions, and every run on them. */
export type EngineEvents = ForkserverEvents & SessionEvents & RunEvents;

/** The names of {@link ForkserverEvents}. */
export const FORKSERVER_EVENTS = namesOf(FORKSERVER_EVENT_TABLE);

/** The names of {@link SessionEvents}. */
export const SESSION_EVENTS = namesOf(SESSION_EVENT_TABLE);

/** The names of {@link RunEvents}. */
export const RUN_EVENTS = namesOf(RUN_EVENT_TABLE);

/** The names of {@link EngineEvents}. */
export const ENGINE_EVENTS = namesOf(ENGINE_EVENT_TABLE);
