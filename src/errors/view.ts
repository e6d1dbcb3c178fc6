import { SlitherError } from "./slither-error.js";

/** A view was asked that may not be asked here, or whose answer could only have come after the question was over. */
export class ViewRefusedError extends SlitherError {
  readonly code = "SLITHER_VIEW_REFUSED";
  /** The name of the view. */
  readonly view: string;

  constructor(message: string, view: string) {
    super(message);
    this.view = view;
  }
}

/** A view has not answered in its time. */
export class ViewTimeoutError extends SlitherError {
  readonly code = "SLITHER_VIEW_TIMEOUT";
  /** The name of the view. */
  readonly view: string;
  readonly timeoutMs: number;

  constructor(view: string, timeoutMs: number) {
    super(`view ${JSON.stringify(view)} took longer than ${timeoutMs} ms`);
    this.view = view;
    this.timeoutMs = timeoutMs;
  }
}
