"""What a question to a view raises."""

from __future__ import annotations


class ViewError(Exception):
    """A view has failed, or its answer cannot be made in Python; the text is what the view said.

    `view` is its name. `type` is the name of the class of the error in TypeScript, where it has one.
    """

    def __init__(self, message: str, view: str = "", type: str | None = None) -> None:
        """Describe the failure of a view."""
        super().__init__(message)
        self.view = view
        self.type = type


class ViewRefusedError(ViewError):
    """A view may not be asked here.

    It is not known, was not listed, or would wait for the session that asks; or this code does not belong to
    a call that is running.
    """


class ViewTimeoutError(ViewError, TimeoutError):
    """A view has not answered in its time."""


for _error in (ViewError, ViewRefusedError, ViewTimeoutError):
    _error.__module__ = "slither_worker"
