import type { EncodedRequest } from "../../engine.js";
import { CancelledError } from "../../errors/session.js";
import { packable, packBody } from "../../wire/encode.js";
import { unpack } from "../../wire/extensions.js";
import type { Handle } from "../../wire/handle.js";
import { Kind } from "../../wire/protocol.js";
import { naming } from "../../wire/request.js";
import { answerCallback, type ViewAnswer } from "../../wire/view-frames.js";
import { FakeViewError } from "./view-errors.js";

/** What a question of a fake needs of its worker. */
export interface InlineAsking {
  /** The request that is carried out, and the step that it has come to; undefined when there is none. */
  running(): { readonly request: EncodedRequest; readonly step: number } | undefined;
  /** The ref behind a number that a fake's value names. */
  resolveHandle(id: number): Handle;
  /** The object that a ref in an answer is of. */
  heldBy(id: number): Handle;
}

/** One question at a time has one number. */
const CALLBACK = 1;

/** `slither_worker.view` for the fakes of one worker. Questions and answers are written and read as on the wire, so that what it refuses is refused here. */
export class InlineViews {
  readonly #asking: InlineAsking;
  /** What ends the questions that are open. */
  readonly #open = new Set<(reason: Error) => void>();

  constructor(asking: InlineAsking) {
    this.#asking = asking;
  }

  /**
   * Asks a view, as Python does.
   *
   * @throws FakeViewError; ValueNotSupportedError for params that cannot be carried.
   */
  async ask(
    view: string,
    { keys = null, ...params }: Readonly<Record<string, unknown>> = {},
  ): Promise<unknown> {
    const running = this.#asking.running();
    if (running === undefined) {
      const message = `view ${JSON.stringify(view)} was asked while no call runs`;
      throw new FakeViewError({ code: "view_refused", message, view });
    }
    const { request, step } = running;
    const { session } = request.site;
    const [named, listed] = naming(request.site, () => [
      packable(params, session, "params", "result"),
      packable(keys, session, "keys", "result"),
    ]);
    const question = [CALLBACK, view, named, listed, step];
    const frame = { kind: Kind.CALLBACK, id: 0, body: packBody(question, "question", "result") };
    const answer = answerCallback(frame, request.host, session, (id) => this.#asking.resolveHandle(id));
    return this.#read(await this.#unlessCancelled(answer));
  }

  /** Whoever waits for an answer is stopped: there, a fake can be. */
  cancel(): void {
    for (const end of this.#open) end(new CancelledError("stopped while it waited for a view", ""));
  }

  #read({ kind, body }: ViewAnswer): unknown {
    const [, answer] = unpack(body, (id) => this.#asking.heldBy(id)) as [number, unknown];
    if (kind === Kind.CALLBACK_RESULT) return answer;
    throw new FakeViewError(answer as { code: string; message: string; view: string; type?: string });
  }

  async #unlessCancelled(answer: Promise<ViewAnswer>): Promise<ViewAnswer> {
    let end!: (reason: Error) => void;
    const cancelled = new Promise<never>((_, reject) => {
      end = reject;
    });
    this.#open.add(end);
    try {
      return await Promise.race([answer, cancelled]);
    } finally {
      this.#open.delete(end);
    }
  }
}
