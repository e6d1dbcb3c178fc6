import { SlitherError } from "./slither-error.js";

/** A value that cannot cross between JavaScript and Python. Only the call that carried it fails. */
export class ValueNotSupportedError extends SlitherError {
  readonly code = "SLITHER_VALUE_NOT_SUPPORTED";
  /** Where in the value, for example `args[0].when`. */
  readonly path: string;
  /** The type that cannot be carried, for example `Date` or `decimal.Decimal`. */
  readonly typeName: string;
  /** `argument`: on its way to Python; `result`: on its way back. */
  readonly direction: "argument" | "result";

  constructor(fields: { path: string; typeName: string; direction: "argument" | "result"; message: string }) {
    super(fields.message);
    this.path = fields.path;
    this.typeName = fields.typeName;
    this.direction = fields.direction;
  }
}
