import { OptionsError } from "../errors/options.js";
import { ViewRefusedError } from "../errors/view.js";
import { unknownName } from "../options/parse.js";
import type { EventSink } from "../telemetry/emitter.js";
import type { SessionEvents } from "../telemetry/events.js";
import { type Asker, callOf } from "./context.js";
import { View } from "./view.js";

/** Who may ask what, in one request. */
export interface Askers {
  /** The view of that name, for who asks in a step of the batch. @throws ViewRefusedError where there is none. */
  viewFor(name: string, step: number): View;
  asker(session: string, step: number): Asker;
}

/** The views of a session: its own, and those of its engine. */
export class ViewDesk implements Askers {
  readonly events: EventSink<SessionEvents>;
  readonly #views: ReadonlyMap<string, View>;

  /** @param views of two with the same name the later one. */
  constructor(views: readonly View[], events: EventSink<SessionEvents>) {
    this.#views = new Map(views.map((view) => [view.name, view]));
    this.events = events;
  }

  viewFor(name: string): View {
    const found = this.#views.get(name);
    if (found !== undefined) return found;
    throw new ViewRefusedError(
      `${unknownName("view", name, name, this.#names)}; give it to the option \`views\` of engine.session(), or of the engine`,
      name,
    );
  }

  asker(session: string): Asker {
    return callOf(session);
  }

  /**
   * The views that a stage has listed, by their names.
   *
   * @throws OptionsError for a name that nobody has given.
   */
  listed(where: string, stage: string, views: readonly (View | string)[]): ReadonlyMap<string, View> {
    const given = new Map(views.filter((view) => view instanceof View).map((view) => [view.name, view]));
    const listed = new Map<string, View>();
    for (const each of views) {
      const name = typeof each === "string" ? each : each.name;
      const view = given.get(name) ?? this.#views.get(name);
      if (view === undefined) {
        const unknown = unknownName("view", name, name, this.#names);
        throw new OptionsError(where, [
          `stage ${stage}: ${unknown}; give it to engine.session() or the engine, or list the view itself`,
        ]);
      }
      listed.set(name, view);
    }
    return listed;
  }

  get #names(): string[] {
    return [...this.#views.keys()];
  }
}

/** What one stage of a run may ask. */
export interface StageViews {
  readonly views: ReadonlyMap<string, View>;
  readonly asker: Omit<Asker, "session">;
}

/** The stages of a batch, by its steps: each may ask what it has listed, and nothing else. */
export class BatchAskers implements Askers {
  readonly #steps: readonly StageViews[];

  constructor(steps: readonly StageViews[]) {
    this.#steps = steps;
  }

  viewFor(name: string, step: number): View {
    const { views, asker } = this.#steps[step] as StageViews;
    const found = views.get(name);
    if (found !== undefined) return found;
    const listed = [...views.keys()].map((each) => `\`${each}\``).join(", ") || "none";
    throw new ViewRefusedError(
      `stage ${asker.stage} may not ask view \`${name}\`: it lists ${listed}; add it to the option \`views\` of the stage`,
      name,
    );
  }

  asker(session: string, step: number): Asker {
    return { session, ...(this.#steps[step] as StageViews).asker };
  }
}
