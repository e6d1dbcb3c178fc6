"""The objects that Node holds a handle on."""

from __future__ import annotations

from collections.abc import Iterable

from slither_worker.errors import CallFailure


class Refs:
    """Objects by number.

    Every handle that is given out has a number of its own, also for the same object, so that releasing one
    handle never takes the object away from another. Numbers are never used twice.
    """

    def __init__(self) -> None:
        """Start with no objects."""
        self._objects: dict[int, object] = {}
        self._numbers: dict[int, list[int]] = {}
        self._last = 0

    def hold(self, value: object) -> int:
        """Keep an object alive until its number is released."""
        self._last += 1
        self._objects[self._last] = value
        self._numbers.setdefault(id(value), []).append(self._last)
        return self._last

    def get(self, number: int) -> object:
        """Return the object with this number, or fail with the error `ref`."""
        try:
            return self._objects[number]
        except KeyError:
            message = f"this session does not hold an object under ref {number}; it may have been released"
            raise CallFailure("ref", message, ref=number) from None

    def number_of(self, value: object) -> int | None:
        """Return the oldest number under which this very object is held, if any."""
        numbers = self._numbers.get(id(value))
        return numbers[0] if numbers else None

    def release(self, numbers: Iterable[int]) -> None:
        """Forget these numbers; unknown ones are ignored."""
        for number in numbers:
            if number not in self._objects:
                continue
            value = self._objects.pop(number)
            siblings = self._numbers[id(value)]
            siblings.remove(number)
            if not siblings:
                del self._numbers[id(value)]
