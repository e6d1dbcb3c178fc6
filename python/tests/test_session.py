from __future__ import annotations

import pytest

import slither_worker
from slither_worker import session


def test_a_process_that_is_no_worker_has_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_session", None)
    with pytest.raises(RuntimeError, match="not started by slither-ts"):
        slither_worker.session_id()


def test_a_worker_knows_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_session", None)
    session.begin("a")

    assert slither_worker.session_id() == "a"
