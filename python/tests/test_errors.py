from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from typing import Any

import pytest

from slither_worker.errors import CallFailure, exception_map, traceback_text
from slither_worker.functions import find_attribute, load_module


def _raised(function: Callable[[], object]) -> BaseException:
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def _raise(error: BaseException) -> Callable[[], object]:
    def function() -> object:
        raise error

    return function


def _described(error: BaseException) -> dict[str, Any]:
    return exception_map(_raised(_raise(error)))


class Loud(Exception):
    pass


class Silent(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


def test_an_exception_is_described_by_class_module_message_and_traceback() -> None:
    error = _described(Loud("too loud"))

    assert error["code"] == "exception"
    assert error["type"] == "Loud"
    assert error["module"] == __name__
    assert error["message"] == "too loud"
    assert error["cause"] is None
    assert error["traceback"].startswith("Traceback (most recent call last):\n")
    assert error["traceback"].rstrip().endswith("Loud: too loud")


class Text(str):
    """Text of a class of its own, which has no form on the wire."""

    __slots__ = ()

    def __str__(self) -> str:
        return self


class ShortOrder(type):
    def mro(cls) -> list[type]:
        return [Exception, cls, BaseException]


class Unordered(LookupError, metaclass=ShortOrder):
    pass


class Lying(Exception):
    __module__: Any = property(lambda _: "nowhere")


class Mixin:
    pass


class Mixed(Mixin, Loud, ConnectionError):
    pass


@pytest.mark.parametrize(
    ("error", "bases"),
    [
        (ConnectionResetError(), ["builtins.ConnectionError", "builtins.OSError", "builtins.Exception"]),
        (Exception(), []),
        (KeyboardInterrupt(), []),
        (Loud(), ["builtins.Exception"]),
        (
            Mixed(),
            [
                f"{__name__}.Mixin",
                f"{__name__}.Loud",
                "builtins.ConnectionError",
                "builtins.OSError",
                "builtins.Exception",
            ],
        ),
    ],
)
def test_the_classes_that_the_class_is_derived_from_are_told_the_nearest_first(
    error: BaseException, bases: list[str]
) -> None:
    assert _described(error)["bases"] == bases


def test_at_most_twenty_bases_are_told() -> None:
    kind: type[Exception] = Exception
    for number in range(30):
        kind = type(f"Kind{number}", (kind,), {"__module__": "made"})

    assert _described(kind())["bases"] == [f"made.Kind{number}" for number in range(28, 8, -1)]


def test_a_metaclass_that_hides_everything_hides_no_names() -> None:
    class NoNames(type):
        def __getattribute__(cls, name: str) -> Any:
            raise SystemExit(f"{name} is private")

        def __eq__(cls, other: object) -> bool:
            raise SystemExit("not comparable")

        def __hash__(cls) -> int:
            return 1

    class Nameless(OSError, metaclass=NoNames):
        pass

    error = _described(Nameless(5, "no disk"))

    assert (error["type"].rpartition(".")[2], error["module"]) == ("Nameless", __name__)
    assert error["bases"] == ["builtins.OSError", "builtins.Exception"]
    assert error["message"] == "[Errno 5] no disk"


def test_a_class_that_orders_its_bases_itself_is_no_base_of_itself() -> None:
    assert _described(Unordered())["bases"] == ["builtins.Exception"]


def test_a_module_that_is_no_text_is_unknown() -> None:
    class Derived(Lying):
        pass

    assert _described(Lying())["module"] == "?"
    assert _described(Derived())["bases"] == ["?.Lying", "builtins.Exception"]


def test_text_of_a_class_of_its_own_is_told_as_text() -> None:
    class Worded(Exception):
        def __str__(self) -> str:
            return Text("words")

    Worded.__qualname__ = Text("Worded")
    Worded.__module__ = Text("words")
    error = _described(Worded())

    assert (error["message"], error["type"], error["module"]) == ("words", "Worded", "words")
    assert {type(error[field]) for field in ("message", "type", "module")} == {str}


def test_a_message_of_many_lines_is_kept_as_it_is() -> None:
    error = _described(ValueError("first\n\n  second\r\nthird"))

    assert error["message"] == "first\n\n  second\r\nthird"


def test_the_reason_is_the_cause_else_the_context_unless_that_is_suppressed() -> None:
    def explicit() -> None:
        try:
            raise KeyError("a")
        except KeyError as error:
            raise ValueError("b") from error

    def implicit() -> None:
        try:
            raise KeyError("a")
        except KeyError:
            raise ValueError("b")  # noqa: B904

    def suppressed() -> None:
        try:
            raise KeyError("a")
        except KeyError:
            raise ValueError("b") from None

    for function in (explicit, implicit):
        cause = exception_map(_raised(function))["cause"]
        assert isinstance(cause, dict)
        assert (cause["type"], cause["message"], cause["cause"]) == ("KeyError", "'a'", None)
    assert exception_map(_raised(suppressed))["cause"] is None


def test_a_long_chain_is_cut_after_ten_reasons() -> None:
    error = Exception("0")
    for number in range(1, 100):
        following = Exception(str(number))
        following.__cause__, error = error, following

    messages = []
    described: Any = exception_map(error)
    while described is not None:
        messages.append(described["message"])
        described = described["cause"]
    assert messages == [str(number) for number in range(99, 88, -1)]


def test_a_chain_that_leads_back_to_itself_ends() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first

    described: Any = exception_map(first)
    assert described["cause"]["message"] == "second"
    assert described["cause"]["cause"] is None


def test_an_exception_that_is_false_is_still_a_reason() -> None:
    class Empty(Exception):
        def __bool__(self) -> bool:
            return False

    error = ValueError("b")
    error.__cause__ = Empty("a")
    described: Any = exception_map(error)
    assert described["cause"]["message"] == "a"


def test_a_message_that_cannot_be_made_does_not_hide_the_exception() -> None:
    error = _described(Silent())

    assert error["type"] == "Silent"
    assert error["message"] == "<no message: SystemExit in __str__ of Silent>"
    assert "Silent" in error["traceback"]


def test_a_traceback_that_cannot_be_made_does_not_hide_the_exception() -> None:
    class Hostile(Exception):
        @property
        def __cause__(self) -> BaseException:  # type: ignore[override]
            raise RuntimeError("no cause for you")

    assert "Hostile: away" in traceback_text(Hostile("away"))


def test_a_traceback_has_no_frames_of_the_worker() -> None:
    class Hostile:
        @property
        def attribute(self) -> int:
            raise ValueError("read")

    failure = _raised(lambda: find_attribute(Hostile(), "attribute", "Hostile"))
    assert isinstance(failure, CallFailure)
    text = str(failure.error["traceback"])

    assert "in attribute" in text
    assert "find_attribute" not in text


def test_a_traceback_has_no_frames_of_the_worker_in_any_link_of_the_chain() -> None:
    def outer() -> None:
        try:
            load_module("slither_no_such_module")
        except CallFailure as error:
            raise ValueError("outer") from error

    text = traceback_text(_raised(outer))
    assert "in outer" in text
    assert "direct cause" in text
    assert "in load_module" not in text


def test_a_text_over_64_kib_is_cut_in_the_middle_and_says_how_much() -> None:
    error = _described(ValueError("<" + "é" * 100_000 + ">"))

    message = error["message"]
    assert message.startswith("<é")
    assert message.endswith("é>")
    assert "134466 bytes are left out here" in message
    assert len(message.encode()) < 66_000
    assert len(error["traceback"].encode()) < 66_000
    assert error["traceback"].startswith("Traceback")
    assert error["traceback"].endswith("é>\n")


def test_a_lone_surrogate_in_a_message_is_kept() -> None:
    assert _described(ValueError("a\ud800"))["message"] == "a\ud800"


def test_recursion_without_end_is_described_like_any_exception() -> None:
    def forever() -> object:
        return forever()

    error = exception_map(_raised(forever))
    assert error["type"] == "RecursionError"
    assert "repeated" in str(error["traceback"])


if sys.version_info >= (3, 11):

    def test_notes_stand_in_the_traceback_as_python_prints_them() -> None:
        error = ValueError("bad")
        error.add_note("record 17")

        assert _described(error)["message"] == "bad"
        assert _described(error)["traceback"].endswith("ValueError: bad\nrecord 17\n")

    def test_the_members_of_a_group_stand_in_the_traceback() -> None:
        group = builtins.ExceptionGroup("both", [ValueError("one"), KeyError("two")])

        error = _described(group)
        assert error["bases"] == ["builtins.BaseExceptionGroup", "builtins.Exception"]
        text = error["traceback"]
        assert "ValueError: one" in text
        assert "KeyError: 'two'" in text


def test_the_text_of_a_failure_is_one_line() -> None:
    failure = CallFailure("protocol", "a\nb")

    assert failure.error == {"code": "protocol", "message": "a b"}


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_exceptions_that_end_programs_are_described_like_any(error: BaseException) -> None:
    assert _described(error)["type"] == type(error).__name__
