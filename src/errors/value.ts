import { SlitherError } from "./slither-error.js";

/** A value that cannot cross between JavaScript and Python, or cannot be kept outside of this process. Only the call that carried it fails. */
export class ValueNotSupportedError extends SlitherError {
  readonly code = "SLITHER_VALUE_NOT_SUPPORTED";
  /** Where in the value, for example `args[0].when`. */
  readonly path: string;
  /** The type that cannot be carried, for example `Date` or `decimal.Decimal`. */
  readonly typeName: string;
  /** `argument`: on its way to Python; `result`: on its way back; `stored`: on its way to where a store keeps it. */
  readonly direction: "argument" | "result" | "stored";

  constructor(fields: {
    path: string;
    typeName: string;
    direction: ValueNotSupportedError["direction"];
    message: string;
  }) {
    super(fields.message);
    this.path = fields.path;
    this.typeName = fields.typeName;
    this.direction = fields.direction;
  }
}
