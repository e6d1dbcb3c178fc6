"""The names of classes, whatever their metaclasses and attributes do: nothing here runs user code."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

_MAX_BASES: Final = 20
_UNTOLD_BASES: Final = (object, BaseException)  # What every exception is derived from says nothing.
_UNKNOWN: Final = "?"

# The attributes as `type` itself has them: a metaclass may put others in their place.
_MODULE: Final[Any] = type.__dict__["__module__"]
_QUALNAME: Final[Any] = type.__dict__["__qualname__"]
_MRO: Final[Any] = type.__dict__["__mro__"]


def module_of(kind: type) -> str:
    """Return the name of the module that a class says it is from."""
    try:
        return exact_text(_MODULE.__get__(kind))
    except AttributeError:
        return _UNKNOWN


def name_of(kind: type) -> str:
    """Return the name of a class in its module, as in `Outer.Inner`."""
    return exact_text(_QUALNAME.__get__(kind))


def type_name(kind: type) -> str:
    """Return the name of a type with its module, as in `decimal.Decimal`; builtins go without."""
    module = module_of(kind)
    return name_of(kind) if module == "builtins" else f"{module}.{name_of(kind)}"


def base_names(kind: type) -> list[str]:
    """Return the names of what a class is derived from, with their modules, the nearest first; at most 20."""
    untold = (kind, *_UNTOLD_BASES)
    # Not with `in`: a metaclass may say what is equal.
    bases = (base for base in _MRO.__get__(kind) if not any(base is each for each in untold))
    return [f"{module_of(base)}.{name_of(base)}" for base in islice(bases, _MAX_BASES)]


def exact_text(value: object) -> str:
    """Return text as a plain `str`, as subclasses have no form on the wire; what is no text is unknown."""
    return str.__str__(value) if issubclass(type(value), str) else _UNKNOWN
