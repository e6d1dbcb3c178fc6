"""The question that decides how a value is encoded: does plain MessagePack carry it exactly?"""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain
from typing import Any, Final

import msgspec

from slither_worker.protocol import FORBIDDEN_KEY, MAX_DEPTH

SCALARS: Final = frozenset({type(None), bool, int, float, str, bytes})
_PLAIN: Final = SCALARS | {list, dict}
_WIDE_LEVEL: Final = 1_000_000
_FORBIDDEN_KEY_BYTES: Final = msgspec.msgpack.encode(FORBIDDEN_KEY)
_encode: Final = msgspec.msgpack.Encoder().encode


def encode_plain(value: object, levels: int = MAX_DEPTH) -> bytes | None:
    """Encode a value that plain MessagePack carries exactly; `None` for any other."""
    return encode_exactly(value) if is_plain(value, levels) else None


def encode_exactly(plain: object) -> bytes | None:
    """Do the same with what is plain, but for integers over 64 bits, lone surrogates and forbidden keys."""
    try:
        body = _encode(plain)
    except (OverflowError, UnicodeEncodeError, ValueError):
        return None
    # These bytes may also stand inside a text; the rebuild, which sees the keys, finds out.
    return None if _FORBIDDEN_KEY_BYTES in body else body


def is_plain(value: object, levels: int = MAX_DEPTH) -> bool:
    """Tell whether a value is all None, bool, int, float, str, bytes, lists, and dicts with text keys.

    It may nest as many `levels` deep.
    msgspec encodes tuples, sets, decimals, dates, dataclasses and more without a word, so types are compared
    exactly. Only passes that run in C are used, one level of nesting at a time: a batch has few levels and
    many values. Integers over 64 bits and lone surrogates are left to the encoder, which raises on them.
    """
    level: Collection[Any] = (value,)
    for _ in range(levels + 1):
        types = set(map(type, level))
        if types <= SCALARS:
            return True
        if not types <= _PLAIN:
            return False
        lists = _only(list, level, types)
        dicts = _only(dict, level, types)
        if sum(map(len, lists)) + sum(map(len, dicts)) > _WIDE_LEVEL:
            # A list that contains itself twice would double with every level.
            lists, dicts = _distinct(lists), _distinct(dicts)
        if dicts and set(map(type, chain.from_iterable(dicts))) - {str}:
            return False
        level = [*chain.from_iterable(lists), *chain.from_iterable(map(dict.values, dicts))]
    return False


def _only(kind: type, level: Collection[Any], types: set[type]) -> Collection[Any]:
    if kind not in types:
        return ()
    return level if len(types) == 1 else [value for value in level if type(value) is kind]


def _distinct(values: Collection[Any]) -> Collection[Any]:
    return {id(value): value for value in values}.values()
