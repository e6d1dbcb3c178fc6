"""Messages and their answers, over a real socket pair."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from batches import batch
from msgspec.msgpack import Ext
from node_side import NodeSide

from slither_worker.birth import Connections
from slither_worker.channel import Channel
from slither_worker.protocol import Kind
from slither_worker.runtime import Runtime
from slither_worker.worker import Worker


@pytest.fixture
def node() -> Iterator[NodeSide]:
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    worker = Worker(Connections(channel, None), Runtime(), "", None)
    thread = threading.Thread(target=worker.serve)
    thread.start()
    node = NodeSide(theirs)
    yield node
    node.close()
    thread.join()
    channel.close()


def _ref(number: int) -> Ext:
    return Ext(0x57, number.to_bytes(4, "little"))


def test_a_call_is_answered_with_its_value_and_the_time_inside_the_function(node: NodeSide) -> None:
    kind, (value, nanoseconds) = node.call("arguments", 1, "a", [2.5], strict=True)

    assert kind == Kind.RESULT
    assert value == [[1, "a", [2.5]], {"strict": True}]
    assert type(nanoseconds) is int
    assert nanoseconds >= 0


def test_messages_sent_ahead_are_answered_in_their_order(node: NodeSide) -> None:
    for call in range(1, 50):
        node.send(Kind.CALL, ["sample", "identity", [call], {}, "value"], call)

    answers = [node.receive() for _ in range(1, 50)]
    assert [(answer[1], answer[2][0]) for answer in answers if answer] == [
        (call, call) for call in range(1, 50)
    ]


def test_state_of_a_module_stays_between_calls(node: NodeSide) -> None:
    node.value("keep", "key", [1, 2])

    assert node.value("recall", "key") == [1, 2]


def test_a_call_that_raises_is_answered_with_the_exception_and_the_next_one_works(node: NodeSide) -> None:
    error = node.error(Kind.CALL, "sample", "raise_from", ["bad age"], {}, "value")

    assert (error["code"], error["type"], error["message"]) == ("exception", "LookupError", "no such record")
    assert (error["cause"]["type"], error["cause"]["message"]) == ("ValueError", "bad age")
    assert "sample.py" in error["traceback"]
    assert "runtime.py" not in error["traceback"]
    assert node.value("identity", 1) == 1


@pytest.mark.parametrize(
    ("function", "args", "kind"), [("exit_with", [3], "SystemExit"), ("interrupt", [], "KeyboardInterrupt")]
)
def test_user_code_cannot_end_the_worker_by_raising(
    function: str, args: list[object], kind: str, node: NodeSide
) -> None:
    assert node.error(Kind.CALL, "sample", function, args, {}, "value")["type"] == kind
    assert node.value("identity", 1) == 1


def test_arguments_that_do_not_fit_are_the_exception_of_the_call(node: NodeSide) -> None:
    error = node.error(Kind.CALL, "sample", "identity", [1, 2], {}, "value")

    assert error["type"] == "TypeError"
    assert "TypeError: identity() takes 1 positional argument but 2 were given" in error["traceback"]
    assert "File" not in error["traceback"]


def test_a_module_or_function_that_does_not_exist_fails_its_own_call(node: NodeSide) -> None:
    assert node.error(Kind.CALL, "slither_none", "a", [], {}, "value")["code"] == "module_not_found"
    assert node.error(Kind.CALL, "sample", "idenity", [], {}, "value")["suggestions"] == ["identity"]
    assert node.value("identity", 1) == 1


def test_a_batch_gives_one_result_for_each_payload(node: NodeSide) -> None:
    kind, (table, stamps, left, taps) = node.ask(Kind.BATCH, *batch("double_batch", [1, 2, 3]))

    assert (kind, table, left, taps) == (Kind.ROWS, [3, None, [2, 4, 6]], [], [])
    assert stamps == sorted(stamps)
    assert node.ask(Kind.BATCH, *batch("double_batch", []))[1][0] == [0, None, []]


@pytest.mark.parametrize(
    ("given_back", "got", "name"),
    [
        ("tuple", None, "tuple"),
        ("generator", None, "generator"),
        ("dict", None, "dict"),
        ("None", None, "NoneType"),
        ("not really a list", None, "sample.Pretender"),
        ("short list", 1, "list"),
        ("the list, made longer", 4, "list"),
        ("a Rejected", None, "slither_worker.Rejected"),
        ("a Rejected in a tuple", None, "tuple"),
        ("a short list with a Rejected", 1, "list"),
    ],
)
def test_a_batch_that_gives_back_anything_else_is_named(
    given_back: str, got: int | None, name: str, node: NodeSide
) -> None:
    error = node.error(Kind.BATCH, *batch("give_back", [given_back, "second"]))

    assert error["code"] == "batch_result"
    assert (error["expected"], error["got"], error["type"]) == (2, got, name)
    assert error["message"].startswith("sample.give_back must give back a list of 2 results")


def test_a_batch_may_give_back_a_subclass_of_list(node: NodeSide) -> None:
    rows = node.ask(Kind.BATCH, *batch("give_back", ["list subclass", 2]))[1][0]

    assert rows == [2, None, ["list subclass", 2]]


def test_a_batch_function_that_shortens_its_own_list_is_found_out(node: NodeSide) -> None:
    error = node.error(Kind.BATCH, *batch("shorten", [1, 2, 3]))

    assert (error["code"], error["expected"], error["got"]) == ("batch_result", 3, 2)


def test_a_result_that_cannot_be_carried_fails_its_own_call(node: NodeSide) -> None:
    node.ask(Kind.CALL, "decimal", "Decimal", ["1.5"], {}, "ref")
    error = node.error(Kind.CALL, "decimal", "Decimal", ["1.5"], {}, "value")

    assert error["code"] == "value"
    assert (error["direction"], error["path"], error["type"]) == ("result", "", "decimal.Decimal")
    assert node.value("identity", 1) == 1


def test_an_object_stays_in_python_behind_its_ref(node: NodeSide) -> None:
    kind, (ref, name, nanoseconds) = node.call("Counter", start=5, returns="ref")

    assert (kind, name) == (Kind.REF, "sample.Counter")
    assert nanoseconds >= 0
    assert node.ask(Kind.REF_GET, ref, "value", "value")[1][0] == 5
    assert node.ask(Kind.REF_CALL, ref, "", [3], {}, "value")[1][0] == 15
    assert node.ask(Kind.REF_CALL, ref, "named", [], {"name": "a"}, "value")[1][0] == "a"
    assert node.ask(Kind.REF_GET, ref, "owner.owner.step", "value")[1][0] == 1
    assert node.ask(Kind.CALL, "builtins", "callable", [_ref(ref)], {}, "value")[1][0] is True


def test_a_method_that_gives_back_its_own_object_gives_its_ref(node: NodeSide) -> None:
    _, (ref, *_) = node.call("Counter", returns="ref")

    assert node.ask(Kind.REF_CALL, ref, "add", [2], {}, "value")[1][0] == _ref(ref)
    _, (second, name, _) = node.ask(Kind.REF_CALL, ref, "add", [2], {}, "ref")
    assert (name, second != ref) == ("sample.Counter", True)
    assert node.ask(Kind.REF_GET, second, "value", "value")[1][0] == 4


def test_a_value_may_be_kept_behind_a_ref_too(node: NodeSide) -> None:
    _, (ref, name, _) = node.call("identity", [1, 2], returns="ref")

    assert name == "list"
    assert node.value("identity", _ref(ref)) == [1, 2]


def test_a_released_ref_is_no_longer_held(node: NodeSide) -> None:
    _, (ref, *_) = node.call("Counter", returns="ref")
    node.send(Kind.RELEASE, [ref, 12345])
    error = node.error(Kind.REF_GET, ref, "value", "value")

    assert (error["code"], error["ref"]) == ("ref", ref)
    assert node.error(Kind.REF_CALL, ref, "add", [1], {}, "value")["code"] == "ref"
    assert node.error(Kind.CALL, "sample", "identity", [_ref(ref)], {}, "value")["code"] == "ref"
    assert node.value("identity", 1) == 1


def test_a_missing_attribute_of_a_held_object_is_named_with_its_type(node: NodeSide) -> None:
    _, (ref, *_) = node.call("Counter", returns="ref")
    error = node.error(Kind.REF_CALL, ref, "ad", [], {}, "value")

    assert (error["code"], error["target"]) == ("function_not_found", "sample.Counter.ad")
    assert error["suggestions"] == ["add"]
    assert node.error(Kind.REF_GET, ref, "valu", "value")["suggestions"] == ["value"]
    assert node.error(Kind.REF_CALL, ref, "value", [], {}, "value")["reason"] == "not callable"
    assert node.error(Kind.REF_GET, ref, "broken", "value")["code"] == "exception"


@pytest.mark.parametrize("kind", [0x00, Kind.CANCEL, 0x7F, 0xFF, Kind.HELLO, Kind.WELCOME, Kind.RESULT])
def test_an_unknown_kind_is_answered_with_protocol(kind: int, node: NodeSide) -> None:
    assert node.error(kind)["code"] == "protocol"
    assert node.value("identity", 1) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"\xc1",
        b"",
        b"\x92\x01",
        msgspec.msgpack.encode(None),
        msgspec.msgpack.encode(["sample", "identity"]),
        msgspec.msgpack.encode(["sample", "identity", [1], {}, "something else"]),
        msgspec.msgpack.encode(["sample", 5, [1], {}, "value"]),
        msgspec.msgpack.encode(["sample", "identity", [Ext(0x10, b"")], {}, "value"]),
    ],
)
def test_a_body_that_cannot_be_read_fails_its_own_call(body: bytes, node: NodeSide) -> None:
    node.send(Kind.CALL, body, 77)
    answer: Any = node.receive()

    assert answer[:2] == (Kind.ERROR, 77)
    assert answer[2]["code"] == "protocol"
    assert node.value("identity", 1) == 1


_STEPS = [["sample", "double_batch", "list"]]


@pytest.mark.parametrize(
    "body",
    [
        ["sample", "double_batch", [1]],
        [[], [1, None, [1]], [], None, None],
        [[["sample", "double_batch", "rows"]], [1, None, [1]], [], None, None],
        [_STEPS, [1, None, [1]], [[0]], None, None],
        [_STEPS, [2, None, [1]], [], None, None],
        [_STEPS, [1, None, None], [], None, None],
        [_STEPS, [1, None, {"a": 1}], [], None, None],
        [_STEPS, [1, [], []], [], None, None],
        [_STEPS, [1, ["a"], [[1], [2]]], [], None, None],
        [_STEPS, [1, ["a", "b"], [[1]]], [], None, None],
        [_STEPS, [2, ["a"], [[1]]], [], None, None],
        [_STEPS, [1, ["a"], ["b"]], [], None, None],
        [_STEPS, [1, [5], [[1]]], [], None, None],
        [_STEPS, [1, [["a", "b"]], [[1]]], [], None, None],
        [_STEPS, [1, [["a", []]], []], [], None, None],
        [_STEPS, [1, None, [1]], [], None, [[1, [0]]]],
        [_STEPS * 2, [1, None, [1]], [], None, [[0, [0]]]],
        [_STEPS * 2, [1, None, [1]], [], None, [[1, [1]]]],
        [_STEPS * 2, [1, None, [1]], [], None, [[1, [-1]]]],
        [_STEPS * 2, [1, None, [1]], [], None, [[1, [0, 0]]]],
        [[["sample", "double_batch", "columns"]] * 2, [1, ["a"], [[1]]], [], None, [[1, [0]]]],
        [_STEPS, [1, [[5, ["b"]]], [[1]]], [], None, None],
    ],
)
def test_a_batch_that_cannot_be_read_fails_its_own_call(body: list[Any], node: NodeSide) -> None:
    assert node.error(Kind.BATCH, *body)["code"] == "protocol"
    assert node.value("identity", 1) == 1


def test_a_shape_that_nests_for_ever_fails_its_own_call(node: NodeSide) -> None:
    shape: list[Any] = ["a"]
    for _ in range(400):
        shape = [["a", shape]]

    assert node.error(Kind.BATCH, _STEPS, [1, shape, [[1]]], [], None, None)["code"] == "protocol"
    assert node.value("identity", 1) == 1


def test_running_out_of_memory_while_rows_are_made_fails_the_call_alone(
    node: NodeSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object) -> list[Any]:
        raise MemoryError("no memory for the rows")

    with monkeypatch.context() as patch:
        patch.setattr("slither_worker.runtime.rows_of", no_memory)
        error = node.error(Kind.BATCH, *batch("double_batch", [1]))

    assert (error["code"], error["type"]) == ("exception", "MemoryError")
    assert node.value("identity", 1) == 1


def test_running_out_of_memory_while_answering_fails_the_call_alone(
    node: NodeSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object) -> bytes:
        raise MemoryError("no memory for the answer")

    with monkeypatch.context() as patch:
        patch.setattr("slither_worker.encode.encode_plain", no_memory)
        error = node.error(Kind.CALL, "sample", "identity", [1], {}, "value")

    assert (error["code"], error["type"]) == ("exception", "MemoryError")
    assert node.value("identity", 1) == 1
