"""Failures of calls, and the error maps that tell Node about them."""

from __future__ import annotations

import os
import traceback
from typing import Final

from slither_worker.class_names import base_names, exact_text, module_of, name_of
from slither_worker.protocol import MAX_TEXT_BYTES, ErrorCode

_PACKAGE_FOLDER: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep
_MAX_CAUSES: Final = 10


class CallFailure(Exception):
    """The failure of one call; `error` is the error map that answers it."""

    def __init__(self, code: ErrorCode, message: str, **fields: object) -> None:
        """Describe a failure; `fields` are those that the protocol gives to this code."""
        super().__init__(message)
        self.error = _error_map(code, message, fields)

    @classmethod
    def of_user_code(cls, exception: BaseException) -> CallFailure:
        """Make the failure of a call in which user code raised."""
        failure = cls("exception", "")
        failure.error = exception_map(exception)
        return failure

    @classmethod
    def of_cancelled_code(cls, exception: BaseException) -> CallFailure:
        """Make the failure of a call that was cancelled, whatever its code then raised."""
        text = exception.error.get("traceback", "") if isinstance(exception, CallFailure) else None
        printed = traceback_text(exception) if text is None else text
        return cls("cancelled", "the call was cancelled", traceback=printed)


def exception_map(exception: BaseException) -> dict[str, object]:
    """Describe an exception, and the exceptions that it was raised from (at most 10)."""
    *reasons, first = _chain(exception)
    described = _describe(first, None)
    for reason in reversed(reasons):
        described = _describe(reason, described)
    return described


def traceback_text(exception: BaseException) -> str:
    """Return what Python prints for an exception and its causes, without the worker's own frames."""
    try:
        printed = traceback.TracebackException.from_exception(exception)
        _strip_worker_frames(printed)
        text = "".join(printed.format())
    except BaseException:  # Classes of user code take part in the formatting, and may raise anything.
        text = f"{name_of(type(exception))}: {text_of(exception)}\n"
    return _cut(text, "\n")


def text_of(exception: BaseException) -> str:
    """Return `str(exception)`, whatever that does."""
    try:
        return exact_text(str(exception))
    except BaseException as failure:
        # `__str__` is user code too, and its failure must not hide the first one.
        return f"<no message: {name_of(type(failure))} in __str__ of {name_of(type(exception))}>"


def message_of(exception: BaseException) -> str:
    """Return what an exception says, lines and all: only what the worker says itself is one line."""
    return _cut(text_of(exception), "\n")


def _error_map(code: ErrorCode, message: str, fields: dict[str, object]) -> dict[str, object]:
    return {"code": code, "message": _cut(_one_line(message), " "), **fields}


def _describe(exception: BaseException, cause: dict[str, object] | None) -> dict[str, object]:
    kind = type(exception)
    fields: dict[str, object] = {
        "type": name_of(kind),
        "module": module_of(kind),
        "bases": base_names(kind),
        "traceback": traceback_text(exception),
        "cause": cause,
    }
    return {"code": "exception", "message": message_of(exception), **fields}


def _chain(exception: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    link: BaseException | None = exception
    while link is not None and len(chain) <= _MAX_CAUSES and not any(link is seen for seen in chain):
        chain.append(link)
        hidden = link.__cause__ is not None or link.__suppress_context__
        link = link.__cause__ if hidden else link.__context__
    return chain


def _strip_worker_frames(printed: traceback.TracebackException) -> None:
    waiting: list[traceback.TracebackException | None] = [printed]
    while waiting:
        link = waiting.pop()
        if link is not None:
            link.stack[:] = [frame for frame in link.stack if not frame.filename.startswith(_PACKAGE_FOLDER)]
            # Python cuts cycles when it builds this tree, so the walk ends.
            waiting += [link.__cause__, link.__context__, *(getattr(link, "exceptions", None) or ())]


def _one_line(text: str) -> str:
    return " ".join(line.strip() for line in text.splitlines() if line.strip())


def _cut(text: str, separator: str) -> str:
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) <= MAX_TEXT_BYTES:
        return text
    half = MAX_TEXT_BYTES // 2
    start, end = (part.decode("utf-8", "replace") for part in (encoded[:half], encoded[-half:]))
    return f"{start}{separator}[... {len(encoded) - 2 * half} bytes are left out here ...]{separator}{end}"
