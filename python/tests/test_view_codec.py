"""Questions to views as they travel."""

from __future__ import annotations

from typing import Any

import pytest

from slither_worker.protocol import MAX_DEPTH
from slither_worker.refs import Refs
from slither_worker.view_codec import Question, ViewCodec


def _nested(levels: int, kind: type) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = kind([value])
    return value


@pytest.mark.parametrize("kind", [list, tuple])
@pytest.mark.parametrize("named", [True, False])
def test_an_argument_and_a_key_may_nest_as_deep_as_the_result_of_a_call(kind: type, named: bool) -> None:
    def encode(levels: int) -> bytes:
        value = _nested(levels, kind)
        question = Question(1, "v", {"a": value}, None, 0) if named else Question(1, "v", {}, [value], 0)
        return ViewCodec(Refs()).encode(question)

    assert encode(MAX_DEPTH)
    with pytest.raises(TypeError, match="deeper than 200 levels"):
        encode(MAX_DEPTH + 1)
