import {
  BatchResultError,
  ForkRefusedError,
  ProtocolError,
  PythonError,
  PythonFunctionError,
  PythonImportError,
  RefError,
  ValueNotSupportedError,
} from "slither-ts";
import { describe, expect, test } from "vitest";
import { CancelledError } from "../../src/errors/session.js";
import { type ErrorMap, type ExceptionMap, errorFromMap, preloadError } from "../../src/wire/error-map.js";

const site = { session: "a", target: "scorer.predict", stage: "score" };

const exception: ExceptionMap = {
  code: "exception",
  message: "bad",
  type: "ValueError",
  module: "builtins",
  bases: ["builtins.Exception"],
  traceback: "Traceback …",
  cause: null,
};

test("an exception becomes a PythonError with its class, text, traceback and place", () => {
  const error = errorFromMap(exception, site);

  expect(error).toBeInstanceOf(PythonError);
  expect(error).toMatchObject({
    message: "session a: stage score: scorer.predict raised ValueError: bad",
    pythonType: "ValueError",
    pythonModule: "builtins",
    pythonBases: ["builtins.Exception"],
    pythonMessage: "bad",
    traceback: "Traceback …",
    session: "a",
    target: "scorer.predict",
    stage: "score",
    cause: undefined,
  });
});

test.each([
  ["ConnectionResetError", true],
  ["builtins.ConnectionResetError", true],
  ["OSError", true],
  ["builtins.OSError", true],
  ["Error", false],
  ["other.OSError", false],
  ["ValueError", false],
])("an exception knows whether it is a %s by its bases", (name, expected) => {
  const reset: ExceptionMap = {
    ...exception,
    type: "ConnectionResetError",
    bases: ["builtins.ConnectionError", "builtins.OSError", "builtins.Exception"],
  };

  expect((errorFromMap(reset, site) as PythonError).isA(name)).toBe(expected);
});

test("the causes of an exception become the causes of the error", () => {
  const error = errorFromMap({ ...exception, cause: { ...exception, type: "KeyError" } }, site);

  expect(error.cause).toBeInstanceOf(PythonError);
  expect(error.cause).toMatchObject({ pythonType: "KeyError", cause: undefined });
});

describe("a module that is not found", () => {
  const notFound = (module: string, missing: string): ErrorMap => {
    return { code: "module_not_found", message: "…", module, missing, traceback: "…" };
  };

  test("is named, with what to do when it is the caller's and when it is a package", () => {
    const error = errorFromMap(notFound("scorer.inner", "scorer"), site);

    expect(error).toBeInstanceOf(PythonImportError);
    expect(error.message).toBe(
      "session a: stage score: scorer.predict: there is no Python module scorer; if it is yours, name its folder in pythonPath; " +
        "if it is a package, install it: `npx slither setup scorer` or `pip install scorer`",
    );
  });

  test.each([
    ["./python/fn", "./python/fn", "fn"],
    ["/x/fn.py", "/x/fn", "fn"],
    ["fn.py", "fn.py", "fn"],
    ["no_such.py", "no_such", "no_such"],
    ["python/fn/", "python/fn/", "fn"],
    [".\\python\\fn", ".\\python\\fn", "fn"],
    [".fn", ".fn", "fn"],
  ])("given as the path %s is not called a package to install", (module, missing, name) => {
    expect(errorFromMap(notFound(module, missing), site).message).toBe(
      `session a: stage score: scorer.predict: expected the dotted name of a module (\`${name}\`), got a path or file name (\`${module}\`); ` +
        "name its folder in pythonPath",
    );
  });

  test("given as a path without a name is told what was expected, without an example", () => {
    expect(errorFromMap(notFound("..", ".."), site).message).toContain(
      "expected the dotted name of a module, got a path or file name (`..`)",
    );
  });

  test("is what a file given as a path needs, where that was found by it", () => {
    expect(errorFromMap(notFound("fn.py", "lightgbm"), site).message).toContain(
      "module fn.py needs lightgbm, which is not installed",
    );
  });

  test("is told apart from a package that the module needs", () => {
    const error = errorFromMap(notFound("scorer", "lightgbm.basic"), site);

    expect(error.message).toBe(
      "session a: stage score: scorer.predict: module scorer needs lightgbm.basic, which is not installed: " +
        "`npx slither setup lightgbm` or `pip install lightgbm`",
    );
    expect(error).toMatchObject({ module: "scorer", missing: "lightgbm.basic" });
  });

  test.each([
    ["sklearn.linear_model", "scikit-learn"],
    ["cv2", "opencv-python"],
    ["PIL.Image", "pillow"],
    ["yaml", "pyyaml"],
    ["bs4", "beautifulsoup4"],
    ["dateutil.parser", "python-dateutil"],
    ["constructor", "constructor"],
  ])("%s is installed by the name %s", (missing, distribution) => {
    expect(errorFromMap(notFound("scorer", missing), site).message).toMatch(
      `\`npx slither setup ${distribution}\` or \`pip install ${distribution}\``,
    );
  });
});

test("a module that failed at import becomes a PythonImportError, caused by the exception", () => {
  const map: ErrorMap = {
    code: "module_failed",
    message: "…",
    module: "scorer",
    traceback: "T",
    cause: exception,
  };

  const error = errorFromMap(map, site);

  expect(error).toBeInstanceOf(PythonImportError);
  expect(error.message).toMatch(/module scorer failed while it was imported: ValueError: bad$/);
  expect(error).toMatchObject({ module: "scorer", missing: undefined, traceback: "T" });
  expect(error.cause).toBeInstanceOf(PythonError);
});

test.each([
  ["missing", ["predict", "predict_all"], "does not exist, did you mean predict or predict_all?"],
  ["missing", [], "does not exist"],
  ["not callable", [], "cannot be called"],
])("a function that is %s becomes a PythonFunctionError (suggestions: %j)", (reason, suggestions, says) => {
  const map: ErrorMap = {
    code: "function_not_found",
    message: "…",
    target: "scorer.prdict",
    reason,
    suggestions,
  };

  const error = errorFromMap(map, site);

  expect(error).toBeInstanceOf(PythonFunctionError);
  expect(error.message).toBe(`session a: stage score: scorer.prdict ${says}`);
  expect(error).toMatchObject({ target: "scorer.prdict", suggestions });
});

test.each([
  [2, "list", "got 2"],
  [null, "NoneType", "got a NoneType"],
])("a batch result of length %s becomes a BatchResultError", (got, type, says) => {
  const error = errorFromMap({ code: "batch_result", message: "…", expected: 3, got, type }, site);

  expect(error).toBeInstanceOf(BatchResultError);
  expect(error.message).toBe(
    `session a: stage score: scorer.predict: expected a list of 3 results, one for each record and in their order, ${says}`,
  );
  expect(error).toMatchObject({ expected: 3, got: got ?? undefined, stage: "score" });
});

test("a value that cannot be carried becomes a ValueNotSupportedError with the whole path", () => {
  const map: ErrorMap = {
    code: "value",
    message: "…",
    direction: "result",
    path: "[17].score",
    type: "decimal.Decimal",
    hint: "",
  };

  const error = errorFromMap(map, site);

  expect(error).toBeInstanceOf(ValueNotSupportedError);
  expect(error.message).toBe(
    "session a: stage score: scorer.predict: expected result[17].score to be a value that can be sent to JavaScript, got decimal.Decimal",
  );
  expect(error).toMatchObject({ path: "result[17].score", typeName: "decimal.Decimal", direction: "result" });
});

test("a ref that Python does not hold becomes a RefError", () => {
  const error = errorFromMap({ code: "ref", message: "not held", ref: 9 }, site);

  expect(error).toBeInstanceOf(RefError);
  expect(error).toMatchObject({ message: "session a: stage score: scorer.predict: not held", session: "a" });
});

test.each(["protocol", "a code of a later version"])("%s becomes a ProtocolError", (code) => {
  const error = errorFromMap({ code, message: "what" } as ErrorMap, site);

  expect(error).toBeInstanceOf(ProtocolError);
  expect(error.message).toBe("session a: stage score: scorer.predict: what");
});

test("a call that was cancelled says where its code was", () => {
  const error = errorFromMap({ code: "cancelled", message: "the call was cancelled", traceback: "…" }, site);

  expect(error).toBeInstanceOf(CancelledError);
  expect(error).toMatchObject({
    message: "session a: stage score: scorer.predict: the call was cancelled",
    traceback: "…",
  });
});

test("a copy that is refused says why", () => {
  const error = errorFromMap({ code: "fork_refused", message: "your code left threads running: t" }, site);

  expect(error).toBeInstanceOf(ForkRefusedError);
  expect(error).toMatchObject({ session: "a", reason: "your code left threads running: t" });
});

describe("a module of preload", () => {
  test("that is not found is named, with what was printed last", () => {
    const map: ErrorMap = {
      code: "module_not_found",
      message: "…",
      module: "scorer",
      missing: "cv2",
      traceback: "…",
    };

    const error = preloadError(map, ["looking for cv2"]);

    expect(error).toBeInstanceOf(PythonImportError);
    expect(error.message).toBe(
      "preload: module scorer needs cv2, which is not installed: `npx slither setup opencv-python` or `pip install opencv-python`; " +
        "it last wrote:\n  looking for cv2",
    );
    expect(error).toMatchObject({ module: "scorer", missing: "cv2", traceback: "…" });
  });

  test("that raises has what it raised as its cause", () => {
    const map: ErrorMap = {
      code: "module_failed",
      message: "…",
      module: "scorer",
      traceback: "…",
      cause: exception,
    };

    const error = preloadError(map, []);

    expect(error.message).toBe("preload: module scorer failed while it was imported: ValueError: bad");
    expect(error).toMatchObject({ module: "scorer", missing: undefined });
    expect(error.cause).toBeInstanceOf(PythonError);
  });

  test("is not what another error is about", () => {
    const error = preloadError({ code: "protocol", message: "a message cannot be read" }, []);

    expect(error).toBeInstanceOf(ProtocolError);
    expect(error.message).toBe("preload: a message cannot be read");
  });
});
