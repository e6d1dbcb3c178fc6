"""What to do about a value that cannot be carried, by the name of its type."""

from __future__ import annotations

from typing import Final

from slither_worker.class_names import type_name

_KEEP: Final = "use session.create(...) to keep it in Python and get a ref"

# Looked up by name along the bases of a type, so that no library has to be imported for its hint.
_HINTS: Final = {
    "bytearray": "convert it with bytes(value)",
    "memoryview": "convert it with bytes(value)",
    "complex": "send value.real and value.imag",
    "coroutine": "run it with asyncio.run(...) and give back its result",
    "frozenset": "convert it with sorted(...) or list(...)",
    "set": "convert it with sorted(...) or list(...)",
    "async_generator": "collect it into a list and give that back",
    "generator": "convert it with list(...)",
    "filter": "convert it with list(...)",
    "map": "convert it with list(...)",
    "range": "convert it with list(...)",
    "zip": "convert it with list(...)",
    "dict_items": "convert it with list(...)",
    "dict_keys": "convert it with list(...)",
    "dict_values": "convert it with list(...)",
    "collections.deque": "convert it with list(value)",
    "datetime.date": "convert it with value.isoformat()",
    "datetime.time": "convert it with value.isoformat()",
    "datetime.timedelta": "convert it with value.total_seconds()",
    "decimal.Decimal": "convert it with float(value), or str(value) to keep every digit",
    "enum.Enum": "send value.value",
    "fractions.Fraction": "convert it with float(value)",
    "numpy.datetime64": "convert it with str(value)",
    "numpy.timedelta64": "convert it with value.astype('int64')",
    "numpy.complexfloating": "send value.real and value.imag",
    "numpy.longdouble": "convert it with float(value)",
    "numpy.MaskedArray": "convert it with value.filled(...)",
    "numpy.ndarray": "convert it with numpy.asarray(value)",
    "pandas.DataFrame": "convert it with value.to_dict('records')",
    "pandas.Series": "convert it with value.tolist(), or value.to_numpy()",
    "pandas.Index": "convert it with value.tolist()",
    "pathlib.PurePath": "convert it with str(value)",
    "polars.DataFrame": "convert it with value.to_dicts()",
    "polars.Series": "convert it with value.to_list()",
    "scipy.sparray": "convert it with value.toarray()",
    "scipy.spmatrix": "convert it with value.toarray()",
    "torch.Tensor": "convert it with value.detach().cpu().numpy()",
    "slither_worker.Rejected": "it may only stand in place of the result of a record; or raise it",
    "uuid.UUID": "convert it with str(value)",
    "tuple": "convert it with tuple(value)",
    "list": "convert it with list(value)",
    "dict": "convert it with dict(value)",
    "str": "convert it with str(value)",
    "bytes": "convert it with bytes(value)",
    "int": "convert it with int(value)",
    "float": "convert it with float(value)",
}


def hint_for(value: object) -> str:
    """Return one line of advice; it always names a way that works."""
    kind = type(value)
    if hasattr(kind, "__dataclass_fields__"):
        return "convert it with dataclasses.asdict(value)"
    # An enum of integers is an enum first, and an integer last.
    for base in sorted(kind.__mro__, key=lambda base: base.__module__ == "builtins"):
        name = type_name(base)
        found = _HINTS.get(name) or _HINTS.get(_public_name(name))
        if found:
            return found
    return _KEEP


def _public_name(name: str) -> str:
    # Libraries define classes in inner modules: pandas.core.frame.DataFrame is known as pandas.DataFrame.
    return f"{name.partition('.')[0]}.{name.rpartition('.')[2]}"
