/** The exceptions that every Python has, each under the one that it is derived from. Names of `builtins`; what ends Python itself is derived from none of these. */
const DERIVED: Readonly<Record<string, readonly string[]>> = {
  Exception: [
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BufferError",
    "EOFError",
    "ImportError",
    "LookupError",
    "MemoryError",
    "NameError",
    "OSError",
    "ReferenceError",
    "RuntimeError",
    "StopAsyncIteration",
    "StopIteration",
    "SyntaxError",
    "SystemError",
    "TypeError",
    "ValueError",
    "Warning",
  ],
  ArithmeticError: ["FloatingPointError", "OverflowError", "ZeroDivisionError"],
  ImportError: ["ModuleNotFoundError"],
  LookupError: ["IndexError", "KeyError"],
  NameError: ["UnboundLocalError"],
  OSError: [
    "BlockingIOError",
    "ChildProcessError",
    "ConnectionError",
    "FileExistsError",
    "FileNotFoundError",
    "InterruptedError",
    "IsADirectoryError",
    "NotADirectoryError",
    "PermissionError",
    "ProcessLookupError",
    "TimeoutError",
  ],
  ConnectionError: [
    "BrokenPipeError",
    "ConnectionAbortedError",
    "ConnectionRefusedError",
    "ConnectionResetError",
  ],
  RuntimeError: ["NotImplementedError", "PythonFinalizationError", "RecursionError"],
  SyntaxError: ["IndentationError"],
  IndentationError: ["TabError"],
  ValueError: ["UnicodeError"],
  UnicodeError: ["UnicodeDecodeError", "UnicodeEncodeError", "UnicodeTranslateError"],
  Warning: [
    "BytesWarning",
    "DeprecationWarning",
    "EncodingWarning",
    "FutureWarning",
    "ImportWarning",
    "PendingDeprecationWarning",
    "ResourceWarning",
    "RuntimeWarning",
    "SyntaxWarning",
    "UnicodeWarning",
    "UserWarning",
  ],
};

const PARENTS: ReadonlyMap<string, string> = new Map(
  Object.entries(DERIVED).flatMap(([parent, children]) => children.map((child) => [child, parent] as const)),
);

/** Exceptions whose bases are not one above the other, or are none that a worker tells. */
const OTHERS: ReadonlyMap<string, readonly string[]> = new Map([
  ["Exception", []],
  ["BaseException", []],
  ["GeneratorExit", []],
  ["KeyboardInterrupt", []],
  ["SystemExit", []],
  ["BaseExceptionGroup", []],
  ["ExceptionGroup", ["BaseExceptionGroup", "Exception"]],
]);

/** The classes that an exception of Python is derived from, the nearest first, with their module; undefined for one that is not of `builtins`. */
export function basesOfBuiltin(name: string): readonly string[] | undefined {
  const others = OTHERS.get(name);
  if (others === undefined && !PARENTS.has(name)) return undefined;
  return (others ?? ancestors(name)).map((base) => `builtins.${base}`);
}

function ancestors(name: string): string[] {
  const parent = PARENTS.get(name);
  return parent === undefined ? [] : [parent, ...ancestors(parent)];
}
