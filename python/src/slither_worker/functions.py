"""Finding what a call names: modules, and the functions and attributes in them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

from slither_worker.class_names import type_name
from slither_worker.errors import CallFailure, exception_map, text_of, traceback_text

_MAX_SUGGESTIONS: Final = 3


def load_module(name: str) -> ModuleType:
    """Import a module.

    Fails with `module_not_found` when it, or a module that it imports, does not exist, and with
    `module_failed` when it raises. A later call tries again.
    """
    if not all(name.split(".")):
        raise _not_found(name, name, f"{name!r} is not the full name of a module", "")
    try:
        # Not importlib.import_module: with this function Python keeps its import frames out of tracebacks.
        __import__(name)
        return sys.modules[name]
    except ModuleNotFoundError as error:
        if error.name is None:  # Raised by hand: nobody but the module knows what is missing.
            raise _failed(name, error) from None
        # The folder listings that Python keeps would hide a file that is written right after this failure.
        importlib.invalidate_caches()
        raise _not_found(name, str(error.name), text_of(error), traceback_text(error)) from None
    except BaseException as error:
        raise _failed(name, error) from None


def find_function(module: str, path: str) -> Callable[..., Any]:
    """Import a module and return a function in it; `path` may be dotted, as in `"Class.method"`."""
    return require_callable(find_attribute(load_module(module), path, module), f"{module}.{path}")


def find_attribute(owner: object, path: str, owner_name: str) -> object:
    """Follow a dotted path of attributes; fails with `function_not_found` where there is none."""
    for name in path.split("."):
        try:
            value = getattr(owner, name)
        except AttributeError as error:
            if error.name != name:  # The attribute exists; something else is missing in the code behind it.
                raise CallFailure.of_user_code(error) from None
            raise CallFailure(
                "function_not_found",
                text_of(error),
                target=f"{owner_name}.{path}",
                reason="missing",
                suggestions=_suggestions(owner, name),
            ) from None
        except BaseException as error:
            raise CallFailure.of_user_code(error) from None
        owner = value
    return owner


def require_callable(value: object, target: str) -> Callable[..., Any]:
    """Return the value when it can be called; else fails with `function_not_found`."""
    if callable(value):
        return value
    message = f"{target} is not callable: it is of type {type_name(type(value))}"
    raise CallFailure("function_not_found", message, target=target, reason="not callable", suggestions=[])


def _suggestions(owner: object, name: str) -> list[str]:
    import difflib  # Only needed here, where time no longer matters.

    try:
        names = [known for known in dir(owner) if name.startswith("_") or not known.startswith("_")]
    except BaseException:  # `__dir__` may be user code.
        return []
    return difflib.get_close_matches(name, names, n=_MAX_SUGGESTIONS)


def _not_found(module: str, missing: str, message: str, traceback: str) -> CallFailure:
    if missing != module and not module.startswith(f"{missing}."):
        message = f"{module} imports a module that does not exist: {message}"
    return CallFailure("module_not_found", message, module=module, missing=missing, traceback=traceback)


def _failed(module: str, error: BaseException) -> CallFailure:
    cause = exception_map(error)
    reason = f": {cause['message']}" if cause["message"] else ""
    message = f"{module} raised {cause['type']} while it was imported{reason}"
    return CallFailure("module_failed", message, module=module, traceback=cause["traceback"], cause=cause)
