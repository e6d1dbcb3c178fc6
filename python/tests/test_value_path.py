from __future__ import annotations

from slither_worker.value_path import path_text


def test_a_path_is_written_as_in_code() -> None:
    assert path_text(None) == ""
    assert path_text((None, "a")) == ".a"
    assert path_text((((None, 17), "probabilities"), "x y")) == '[17].probabilities["x y"]'


def test_keys_that_are_no_text_are_written_as_python_shows_them() -> None:
    assert path_text(((None, 1.5), None)) == "[1.5][None]"


def test_keys_that_would_break_the_path_are_quoted() -> None:
    assert path_text((((None, 'a"b'), "0"), "ü")) == '["a\\"b"]["0"].ü'
    assert path_text((None, "\ud800")) == '["\ud800"]'
