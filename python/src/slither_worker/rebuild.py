"""Values in a form that plain MessagePack carries exactly, or refused by path and type name."""

from __future__ import annotations

import struct
from itertools import chain
from typing import Any, Final

import msgspec
from msgspec.msgpack import Ext

from slither_worker.class_names import type_name
from slither_worker.errors import CallFailure
from slither_worker.hints import hint_for
from slither_worker.ndarray import array_extension, dtype_problem, encode_array, is_array, scalar_item
from slither_worker.plain import SCALARS
from slither_worker.protocol import FORBIDDEN_KEY, MAX_DEPTH, Extension
from slither_worker.refs import Refs
from slither_worker.value_path import Path, path_text

_KEY_TYPES: Final = frozenset({type(None), bool, int, float, str})
_REF: Final = struct.Struct("<I")
_encode: Final = msgspec.msgpack.Encoder().encode


def rebuild(
    value: object,
    refs: Refs,
    *,
    check_scalars: bool,
    path: Path = None,
    shares: bool = True,
    levels: int = MAX_DEPTH,
) -> Any:
    """Return a value with extension types in place of all that plain MessagePack would change or lose.

    Fails with the error `value` when some part of it cannot be carried; `path` is where the value stands,
    and `levels` is how deep it may nest there.
    Large arrays are put into the shared memory of the answer that is made, but not if it `shares` none.
    Looking at every integer and text is slow: it is left out until encoding has raised `OverflowError` or
    `UnicodeEncodeError` (as this does too).
    """
    unchanged = SCALARS - {int, str} if check_scalars else SCALARS
    return _Rebuild(refs, unchanged, shares, levels).value(value, path)


class _Rebuild:
    def __init__(self, refs: Refs, unchanged: frozenset[type], shares: bool, levels: int) -> None:
        self._refs = refs
        self._shares = shares
        self._levels = levels
        self._unchanged = unchanged
        self._open: set[int] = set()  # The containers around the current value, by identity.

    def value(self, value: Any, path: Path) -> Any:
        # Calls itself directly: 200 levels must fit well into Python's limit of 1000 calls.
        kind = type(value)
        unchanged = self._unchanged
        rebuilt: Any
        if kind in unchanged:
            return value
        if kind is list or kind is tuple:
            self._enter(value, path)
            rebuilt = [
                item if type(item) in unchanged else self.value(item, (path, index))
                for index, item in enumerate(value)
            ]
            if kind is tuple:
                rebuilt = Ext(Extension.TUPLE, _encode(rebuilt))
        elif kind is dict:
            self._enter(value, path)
            rebuilt = {
                key: item if type(item) in unchanged else self.value(item, (path, key))
                for key, item in value.items()
            }
            rebuilt = self._keys(rebuilt, value, path)
        else:
            return self._leaf(value, path)
        self._open.discard(id(value))
        return rebuilt

    def _enter(self, value: object, path: Path) -> None:
        if id(value) in self._open:
            raise _refused(
                value, path, "it contains itself", "it contains itself; give back one without cycles"
            )
        if len(self._open) >= self._levels:
            problem = f"it is nested deeper than {MAX_DEPTH} levels"
            raise _refused(value, path, problem, f"{problem}; give back a flatter value")
        self._open.add(id(value))

    def _keys(self, items: dict[Any, Any], owner: object, path: Path) -> dict[str, Any] | Ext:
        if str in self._unchanged and set(map(type, items)) <= {str} and FORBIDDEN_KEY not in items:
            return items
        keys = [self._key(key, owner, path) for key in items]
        if sum(key != key for key in keys) > 1:
            problem = "it has the key nan more than once"
            raise _refused(owner, path, problem, f"{problem}, which is one key in JavaScript")
        if set(map(type, keys)) <= {str}:
            return dict(zip(keys, items.values(), strict=True))
        return Ext(Extension.DICT, _encode([*chain.from_iterable(zip(keys, items.values(), strict=True))]))

    def _key(self, key: object, owner: object, path: Path) -> Any:
        plain = key if type(key) in _KEY_TYPES else scalar_item(key)
        if type(plain) not in _KEY_TYPES or (plain is None and key is not None):
            problem = f"it has a key of type {type_name(type(key))}"
            hint = f"{problem}; use keys of type str, int, float, bool or None"
            raise _refused(owner, path, problem, hint)
        if plain == FORBIDDEN_KEY:
            problem = f"it has the key {FORBIDDEN_KEY}"
            raise _refused(owner, path, problem, f"{problem}; use another key")
        return self._leaf(plain, path)

    def _leaf(self, value: Any, path: Path) -> Any:
        item = scalar_item(value)
        if item is not None:
            value = item
        kind = type(value)
        if kind in self._unchanged:
            return value
        if kind is str:
            return _text(value)
        if kind is int:
            return _integer(value)
        return self._other(value, path)

    def _other(self, value: Any, path: Path) -> Any:
        unsupported = dtype_problem(value) if is_array(value) else None
        if is_array(value) and unsupported is None:
            return array_extension(value) if self._shares else Ext(Extension.NDARRAY, encode_array(value))
        number = self._refs.number_of(value)
        if number is not None:
            return Ext(Extension.REF, _REF.pack(number))
        if unsupported is not None:
            name, hint = unsupported
            raise _refused(value, path, "its elements have no form on the wire", hint, name)
        raise _refused(value, path, "its type has no form on the wire", hint_for(value))


def _integer(value: int) -> int | Ext:
    if -(2**63) <= value < 2**64:
        return value
    magnitude = value if value >= 0 else ~value
    payload = value.to_bytes(magnitude.bit_length() // 8 + 1, "little", signed=True)
    return Ext(Extension.INTEGER, payload)


def _text(value: str) -> str | Ext:
    try:
        value.encode()
    except UnicodeEncodeError:
        return Ext(Extension.TEXT, value.encode("utf-16-le", "surrogatepass"))
    return value


def _refused(value: object, path: Path, problem: str, hint: str, name: str | None = None) -> CallFailure:
    kind = name or type_name(type(value))
    where = path_text(path)
    message = f"the result{' at ' if where else ''}{where}, of type {kind}, cannot be carried: {problem}"
    return CallFailure("value", message, direction="result", path=where, type=kind, hint=hint)
