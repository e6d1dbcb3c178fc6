from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import sample

from slither_worker.errors import CallFailure
from slither_worker.functions import find_attribute, find_function, load_module


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def _failure(module: str, function: str | None = None) -> dict[str, Any]:
    with pytest.raises(CallFailure) as caught:
        load_module(module) if function is None else find_function(module, function)
    return caught.value.error


def test_a_function_is_found_in_its_module() -> None:
    assert find_function("sample", "identity") is sample.identity
    assert find_function("sample", "Counter.named")("a") == "a"
    assert find_function("os.path", "join")("a", "b") == "a/b"


def test_a_module_that_does_not_exist_is_not_found() -> None:
    error = _failure("slither_no_such_module")

    assert error["code"] == "module_not_found"
    assert error["message"] == "No module named 'slither_no_such_module'"
    assert error["module"] == error["missing"] == "slither_no_such_module"
    assert error["traceback"].endswith("ModuleNotFoundError: No module named 'slither_no_such_module'\n")
    assert "File" not in error["traceback"]


@pytest.mark.parametrize(
    ("module", "missing"),
    [("slither_none.inner", "slither_none"), ("os.inner", "os.inner"), ("", ""), (".relative", ".relative")],
)
def test_a_part_of_the_name_that_does_not_exist_is_named(module: str, missing: str) -> None:
    error = _failure(module)

    assert error["code"] == "module_not_found"
    assert (error["module"], error["missing"]) == (module, missing)
    assert "imports" not in error["message"]


def test_a_module_that_imports_a_missing_one_is_not_found_for_its_sake(folder: Path) -> None:
    (folder / "needs_other.py").write_text("import slither_no_such_module\n")
    error = _failure("needs_other")

    assert error["code"] == "module_not_found"
    assert (error["module"], error["missing"]) == ("needs_other", "slither_no_such_module")
    assert error["message"] == (
        "needs_other imports a module that does not exist: No module named 'slither_no_such_module'"
    )
    assert 'needs_other.py", line 1' in error["traceback"]
    assert "importlib" not in error["traceback"]
    assert "slither_worker" not in error["traceback"]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("def (", "SyntaxError"),
        ("from os import nothing_like_this", "ImportError"),
        ("raise ModuleNotFoundError('install the extras')", "ModuleNotFoundError"),
        ("import sys; sys.exit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ],
)
def test_a_module_that_raises_has_failed(source: str, kind: str, folder: Path) -> None:
    (folder / "failing.py").write_text(source)
    error = _failure("failing")

    assert error["code"] == "module_failed"
    assert error["module"] == "failing"
    assert error["message"].startswith(f"failing raised {kind} while it was imported")
    assert error["cause"]["type"] == kind
    assert error["cause"]["code"] == "exception"
    assert error["traceback"] == error["cause"]["traceback"]
    assert "failing.py" in error["traceback"]
    assert "importlib" not in error["traceback"]


def test_a_module_that_failed_is_tried_again(folder: Path) -> None:
    (folder / "flaky.py").write_text("1 / 0")
    assert _failure("flaky")["code"] == "module_failed"
    assert _failure("flaky")["code"] == "module_failed"
    (folder / "flaky.py").write_text("value = 'now it can be imported'")

    assert load_module("flaky").value == "now it can be imported"


def test_a_module_that_is_written_after_it_was_missed_is_found(folder: Path) -> None:
    for number in range(20):
        assert _failure(f"late_{number}")["code"] == "module_not_found"
        (folder / f"late_{number}.py").write_text("value = 1")
        assert load_module(f"late_{number}").value == 1


def test_a_function_that_does_not_exist_comes_with_close_names() -> None:
    error = _failure("sample", "idenity")

    assert error["code"] == "function_not_found"
    assert error["target"] == "sample.idenity"
    assert error["reason"] == "missing"
    assert error["suggestions"] == ["identity"]
    assert error["message"] == "module 'sample' has no attribute 'idenity'"


def test_at_most_three_names_are_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("many")
    for number in range(5):
        setattr(module, f"predict_{number}", len)
    monkeypatch.setitem(sys.modules, "many", module)

    assert len(_failure("many", "predict")["suggestions"]) == 3


def test_a_missing_part_of_a_dotted_name_is_missing() -> None:
    error = _failure("sample", "Counter.adds")

    assert error["target"] == "sample.Counter.adds"
    assert error["suggestions"] == ["add"]


def test_what_cannot_be_called_is_no_function() -> None:
    error = _failure("sample", "not_callable")

    assert error["code"] == "function_not_found"
    assert error["reason"] == "not callable"
    assert error["suggestions"] == []
    assert error["message"] == "sample.not_callable is not callable: it is of type int"


def test_an_error_inside_a_property_is_an_exception_and_not_a_missing_attribute() -> None:
    with pytest.raises(CallFailure) as caught:
        find_attribute(sample.Counter(), "broken", "Counter")

    assert caught.value.error["code"] == "exception"
    assert caught.value.error["type"] == "AttributeError"
    assert "nothing" in str(caught.value.error["message"])


def test_an_attribute_that_an_object_hides_is_missing() -> None:
    class Delegate:
        def __getattr__(self, name: str) -> object:
            return getattr(SimpleNamespace(a=1), name)

    assert find_attribute(Delegate(), "a", "Delegate") == 1
    with pytest.raises(CallFailure) as caught:
        find_attribute(Delegate(), "b", "Delegate")
    assert caught.value.error["code"] == "function_not_found"


def test_a_dir_that_raises_leaves_no_suggestions() -> None:
    class Hostile:
        def __dir__(self) -> list[str]:
            raise ValueError("no")

    with pytest.raises(CallFailure) as caught:
        find_attribute(Hostile(), "a", "Hostile")
    assert caught.value.error["suggestions"] == []
