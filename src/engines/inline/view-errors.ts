/** The exceptions of `slither_worker` that a view may raise, each with the classes that it is derived from. */
const BASES = {
  ViewError: ["builtins.Exception"],
  ViewRefusedError: ["slither_worker.ViewError", "builtins.Exception"],
  ViewTimeoutError: [
    "slither_worker.ViewError",
    "builtins.TimeoutError",
    "builtins.OSError",
    "builtins.Exception",
  ],
} as const;

type Name = keyof typeof BASES;

const NAMES: Readonly<Record<string, Name>> = {
  view_refused: "ViewRefusedError",
  view_timeout: "ViewTimeoutError",
};

/** What a fake sees of a view that gave no answer: the exception of `slither_worker` with this name. */
export class FakeViewError extends Error {
  override readonly name: Name;
  /** The name of the view. */
  readonly view: string;
  /** The name of the class of the error that the view has thrown. */
  readonly type: string | undefined;

  constructor({ code, message, view, type }: { code: string; message: string; view: string; type?: string }) {
    super(message);
    this.name = NAMES[code] ?? "ViewError";
    this.view = view;
    this.type = type;
  }

  /** The classes that Python's exception is derived from, the nearest first. */
  get bases(): readonly string[] {
    return BASES[this.name];
  }
}
