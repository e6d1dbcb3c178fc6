"""The trace that a batch belongs to."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, strategies
from opentelemetry import context, trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import slither_worker
from slither_worker import Cancelled
from slither_worker.tracing import follow, traced

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
def spans() -> Iterator[Callable[[], list[ReadableSpan]]]:
    """Make spans with `_make_span`; gives what the SDK was told of."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    _Tracer.current = provider.get_tracer("user code")
    yield lambda: list(exporter.get_finished_spans())
    provider.shutdown()


class _Tracer:
    current: trace.Tracer


def _make_span() -> None:
    with _Tracer.current.start_as_current_span("work"):
        pass


def _parents(spans: list[ReadableSpan]) -> list[tuple[str, str] | None]:
    return [
        span.parent
        and (trace.format_trace_id(span.parent.trace_id), trace.format_span_id(span.parent.span_id))
        for span in spans
    ]


def test_code_of_a_batch_is_told_its_traceparent() -> None:
    assert traced(PARENT, slither_worker.traceparent) == PARENT


def test_threads_of_a_batch_are_told_its_traceparent() -> None:
    told: list[str | None] = []

    def in_a_thread() -> None:
        thread = threading.Thread(target=lambda: told.append(slither_worker.traceparent()))
        thread.start()
        thread.join()

    traced(PARENT, in_a_thread)

    assert told == [PARENT]


def test_there_is_no_traceparent_outside_of_batches_and_without_a_trace() -> None:
    before = slither_worker.traceparent()
    during = traced(None, slither_worker.traceparent)
    traced(PARENT, slither_worker.traceparent)

    assert (before, during, slither_worker.traceparent()) == (None, None, None)


def test_what_the_work_gives_comes_back() -> None:
    assert [traced(PARENT, lambda: 3), traced(None, lambda: 4)] == [3, 4]


def test_spans_of_a_batch_are_children_of_its_span(spans: Callable[[], list[ReadableSpan]]) -> None:
    traced(PARENT, _make_span)

    assert _parents(spans()) == [(TRACE, SPAN)]


def test_spans_after_a_batch_and_without_a_trace_are_children_of_none(
    spans: Callable[[], list[ReadableSpan]],
) -> None:
    traced(PARENT, lambda: None)
    _make_span()
    traced(None, _make_span)

    assert _parents(spans()) == [None, None]


@pytest.mark.parametrize("error", [ValueError("no"), Cancelled("stop"), SystemExit(1), KeyboardInterrupt()])
def test_what_the_work_raises_comes_out_as_it_is_and_ends_the_trace(error: BaseException) -> None:
    before = context.get_current()

    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        traced(PARENT, fail)

    assert raised.value is error
    assert slither_worker.traceparent() is None
    assert context.get_current() == before


@given(strategies.text(max_size=60))
def test_a_traceparent_that_is_none_disturbs_nothing(text: str) -> None:
    before = context.get_current()

    assert traced(text, slither_worker.traceparent) == text
    assert context.get_current() == before


def test_a_traceparent_that_is_none_has_no_children(spans: Callable[[], list[ReadableSpan]]) -> None:
    traced("00-nonsense", _make_span)

    assert _parents(spans()) == [None]


def test_opentelemetry_is_not_imported_for_code_that_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "opentelemetry"]:
        monkeypatch.delitem(sys.modules, name)

    told = traced(PARENT, slither_worker.traceparent)

    assert told == PARENT
    assert not [name for name in sys.modules if name.split(".")[0] == "opentelemetry"]


def test_code_that_imports_opentelemetry_in_its_first_batch_is_followed_from_then_on(
    spans: Callable[[], list[ReadableSpan]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def import_and_work() -> None:
        monkeypatch.undo()
        follow()
        _make_span()

    monkeypatch.delitem(sys.modules, "opentelemetry.trace")
    traced(PARENT, import_and_work)
    _make_span()

    assert _parents(spans()) == [(TRACE, SPAN), None]


def test_outside_of_batches_there_is_nothing_to_follow(spans: Callable[[], list[ReadableSpan]]) -> None:
    follow()
    _make_span()

    assert _parents(spans()) == [None]


def test_a_batch_is_followed_once(spans: Callable[[], list[ReadableSpan]]) -> None:
    before = context.get_current()

    def work() -> None:
        follow()
        _make_span()

    traced(PARENT, work)

    assert _parents(spans()) == [(TRACE, SPAN)]
    assert context.get_current() == before


@pytest.mark.parametrize("broken", ["attach", "detach"])
def test_an_opentelemetry_that_fails_fails_no_batch(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    before = context.get_current()
    working = context.detach
    tokens: list[object] = []

    def fail(value: object) -> None:
        tokens.append(value)
        raise RuntimeError("broken")

    monkeypatch.setattr(context, broken, fail)

    told = traced(PARENT, slither_worker.traceparent)

    assert (told, len(tokens)) == (PARENT, 1)
    if broken == "detach":
        working(tokens[0])  # type: ignore[arg-type]
    assert context.get_current() == before


def test_an_opentelemetry_without_a_propagator_fails_no_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.trace.propagation.tracecontext", None)

    assert traced(PARENT, slither_worker.traceparent) == PARENT
