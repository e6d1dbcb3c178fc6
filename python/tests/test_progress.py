"""Notes of how far a batch has come, in memory that another process reads."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from slither_worker import progress
from slither_worker.interrupts import begin_call, end_call
from slither_worker.protocol import Kind
from slither_worker.runtime import Runtime

PAGE = 4096


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "progress"
    file.write_bytes(bytes(3 * PAGE))
    begin_call(9)
    yield file
    end_call()


def _note(file: Path, page: int) -> tuple[Any, ...]:
    return struct.unpack_from("<IIIId", file.read_bytes(), page * PAGE)


def _carry_out(*steps: tuple[str, str], rows: list[Any]) -> None:
    body = [[["sample", name, form] for name, form in steps], [len(rows), None, rows], [], None, None]
    Runtime().read(Kind.BATCH, msgspec.msgpack.encode(body))()


def test_a_step_is_noted_with_its_call_and_when_it_began(board: Path) -> None:
    progress.open_page(str(board), PAGE)
    before = time.monotonic()
    progress.note_step(3, knows_rows=False)

    call, step, _, known, since = _note(board, 1)
    assert (call, step, known) == (9, 3, 0)
    assert before <= since <= time.monotonic()


def test_other_pages_are_not_touched(board: Path) -> None:
    progress.open_page(str(board), PAGE)
    progress.note_step(3, knows_rows=True)

    assert board.read_bytes()[:PAGE] == board.read_bytes()[2 * PAGE :] == bytes(PAGE)


def test_a_copy_notes_in_its_own_page_and_no_longer_in_that_of_its_original(board: Path) -> None:
    progress.open_page(str(board), 0)
    progress.note_step(1, knows_rows=False)
    progress.open_page(str(board), PAGE)
    progress.note_step(2, knows_rows=False)

    assert (_note(board, 0)[1], _note(board, 1)[1]) == (1, 2)


def test_the_row_that_a_function_is_called_for_is_noted(board: Path) -> None:
    progress.open_page(str(board), 0)
    _carry_out(("identity", "each"), rows=[1, 2, 3])

    assert _note(board, 0)[:4] == (9, 0, 2, 1)


def test_a_step_of_all_rows_knows_no_row(board: Path) -> None:
    progress.open_page(str(board), 0)
    _carry_out(("identity", "list"), rows=[1, 2, 3])

    assert _note(board, 0)[3] == 0


def test_rows_of_a_later_step_are_not_those_of_the_batch_when_some_have_left(board: Path) -> None:
    progress.open_page(str(board), 0)
    _carry_out(("judge_one", "each"), ("identity", "each"), rows=[1, "raise", 3])

    assert _note(board, 0)[:4] == (9, 1, 1, 0)
