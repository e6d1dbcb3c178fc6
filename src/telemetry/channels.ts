import { type Channel, channel } from "node:diagnostics_channel";
import { ENGINE_EVENTS, type EngineEvents } from "./events.js";

/** Held for good: a channel is forgotten, and made anew, when nobody holds it. */
const CHANNELS = Object.fromEntries(
  ENGINE_EVENTS.map((name) => [name, channel(`slither-ts:${name}`)]),
) as Readonly<Record<keyof EngineEvents, Channel>>;

/** Publishes an event on its diagnostics channel, `slither-ts:` and its name. */
export function publish<Name extends keyof EngineEvents>(name: Name, event: EngineEvents[Name]): void {
  const { [name]: own } = CHANNELS;
  if (own.hasSubscribers) own.publish(event);
}
