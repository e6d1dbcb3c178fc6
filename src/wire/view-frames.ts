import { SharedArrayError } from "../errors/shared-array.js";
import { SlitherError } from "../errors/slither-error.js";
import type { ViewHost, ViewQuestion } from "../view.js";
import { packable, packBody } from "./encode.js";
import { unpack } from "./extensions.js";
import type { Frame } from "./frame.js";
import type { Handle } from "./handle.js";
import { Kind } from "./protocol.js";
import { typeNameOf } from "./refusal.js";
import { lending } from "./shared-loans.js";
import { SharedMemory } from "./shared-memory.js";

/** What a question is answered with: a CALLBACK_RESULT or a CALLBACK_ERROR. */
export interface ViewAnswer {
  readonly kind: number;
  readonly body: Buffer;
}

/** What an answer may lend to Python: nothing, since nobody tells when it has been read. */
const NOTHING_TO_LEND = new SharedMemory();

type CallbackBody = [
  callback: number,
  name: string,
  params: Record<string, unknown>,
  keys: unknown[] | null,
  step: number,
];

/**
 * Has the question in a CALLBACK answered; what goes wrong is the answer.
 *
 * @param session whose refs an answer may hold.
 * @param resolve finds the ref behind a number that Python names.
 * @throws for a body that is none.
 */
export async function answerCallback(
  frame: Frame,
  host: ViewHost | undefined,
  session: string,
  resolve: (id: number) => Handle,
): Promise<ViewAnswer> {
  let body: CallbackBody;
  try {
    body = unpack(frame.body, resolve) as CallbackBody;
  } catch (error) {
    const [callback, name] = unpack(frame.body, () => null as never) as CallbackBody;
    return failed(callback, name, error, about(name, error));
  }
  const [callback, name] = body;
  try {
    if (host === undefined) return refused(callback, name);
    const value = await host(questionOf(body));
    return answered(callback, name, value, session);
  } catch (error) {
    return failed(callback, name, error);
  }
}

function questionOf([, name, params, keys, step]: CallbackBody): ViewQuestion {
  return keys === null ? { name, params, step } : { name, params, keys, step };
}

function answered(callback: number, name: string, value: unknown, session: string): ViewAnswer {
  try {
    return { kind: Kind.CALLBACK_RESULT, body: resultBody(callback, value, session) };
  } catch (error) {
    return failed(callback, name, error, about(name, error));
  }
}

/** The body of a CALLBACK_RESULT. @throws ValueNotSupportedError, RefError: see {@link packable}. */
export function resultBody(callback: number, value: unknown, session: string): Buffer {
  try {
    // What gives back nothing has the answer None.
    const { answer } = lending(NOTHING_TO_LEND, () => ({
      answer: packable(value === undefined ? null : value, session, "answer", "argument", 0),
    }));
    return packBody([callback, answer], "answer");
  } catch (error) {
    if (!(error instanceof SharedArrayError)) throw error;
    throw new Error(
      "expected answer to be a value that Python can be given, got a shared array (answer with the NdArray, or give the shared array to the call)",
    );
  }
}

function refused(callback: number, name: string): ViewAnswer {
  const message = `there is no view ${JSON.stringify(name)} here; list it in \`views\`: of the stage, or of engine.session() or the engine for calls`;
  const body = errorBody(callback, { code: "view_refused", message, view: name });
  return { kind: Kind.CALLBACK_ERROR, body };
}

function failed(callback: number, view: string, error: unknown, message = messageOf(error)): ViewAnswer {
  const code = codeOf(error);
  const type = code === "view_failed" && error instanceof Error ? { type: typeNameOf(error) } : {};
  const body = errorBody(callback, { code, message, view, ...type });
  return { kind: Kind.CALLBACK_ERROR, body };
}

/** The view's own errors speak for themselves; what is said about its question or its answer names it. */
function about(view: string, error: unknown): string {
  return `view ${JSON.stringify(view)}: ${messageOf(error)}`;
}

function codeOf(error: unknown): string {
  if (!SlitherError.is(error)) return "view_failed";
  if (error.code === "SLITHER_VIEW_REFUSED") return "view_refused";
  return error.code === "SLITHER_VIEW_TIMEOUT" ? "view_timeout" : "view_failed";
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return "it threw a value that has no text";
  }
}

/** The body of a CALLBACK_ERROR. */
export function errorBody(callback: number, map: Readonly<Record<string, string>>): Buffer {
  return packBody([callback, packable(map, "", "error")], "error");
}
