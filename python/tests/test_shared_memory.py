from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import numpy
import pytest
from exactly import exactly_equal
from hypothesis import given
from hypothesis import strategies as st
from msgspec.msgpack import Ext
from strategies import DTYPES

from slither_worker import answer_blocks, shared_memory
from slither_worker.batch import Batch, Step
from slither_worker.decode import Decoder
from slither_worker.encode import Encoder
from slither_worker.errors import CallFailure
from slither_worker.ndarray import array_extension
from slither_worker.protocol import Extension, Kind
from slither_worker.refs import Refs
from slither_worker.runtime import Runtime

FROM = 64
GOLDEN = json.loads(
    (Path(__file__).resolve().parents[2] / "protocol" / "golden" / "shared.json").read_text("utf-8")
)


@pytest.fixture(autouse=True)
def _sharing() -> Iterator[None]:
    answer_blocks.begin(FROM)
    yield
    answer_blocks.take_back()
    answer_blocks.drop(range(10_000))
    answer_blocks.begin(None)
    shared_memory.forget(range(10_000))


def _decode(extension: Ext) -> Any:
    return Decoder(Refs()).body_decoder(object)(msgspec.msgpack.encode(extension))


def _payload(*header: object, elements: bytes = b"") -> Ext:
    encoded = json.dumps(header, separators=(",", ":")).encode()
    return Ext(Extension.SHARED, len(encoded).to_bytes(2, "little") + encoded + elements)


def _block(data: bytes) -> int:
    """Stand for a file that Node has open."""
    descriptor = os.memfd_create("node")
    os.write(descriptor, data)
    return descriptor


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@given(
    st.sampled_from(DTYPES),
    st.lists(st.integers(0, 6), max_size=4),
    st.sampled_from(["C", "F"]),
    st.sampled_from(["<", ">"]),
    st.binary(min_size=8, max_size=8),
)
def test_arrays_of_every_kind_come_back_bit_by_bit_from_where_they_were_put(
    dtype: str, shape: list[int], order: Any, byte_order: Any, seed: bytes
) -> None:
    length = int(numpy.prod(shape))
    elements = numpy.resize(numpy.frombuffer(seed, "u1"), length * numpy.dtype(dtype).itemsize)
    if dtype == "bool":
        elements = elements % 2
    array = elements.view(numpy.dtype(dtype).newbyteorder(byte_order)).reshape(shape, order=order)
    extension = array_extension(array)

    assert extension.code == (Extension.SHARED if array.nbytes >= FROM else Extension.NDARRAY)
    assert exactly_equal(_decode(extension), array.astype(dtype))
    answer_blocks.take_back()


def test_a_copy_of_what_node_lends_is_writable_and_of_this_process_alone() -> None:
    block = _block(bytes(8) + numpy.arange(3.0).tobytes())
    array = _decode(_payload("float64", [3], os.getpid(), block, 8))
    os.pwrite(block, bytes(32), 0)
    array[0] = 7

    assert array.tolist() == [7, 1, 2]
    assert array.flags.owndata
    os.close(block)


def test_an_array_that_stays_is_mapped_once_and_cannot_be_written_to() -> None:
    block = _block(numpy.arange(3.0).tobytes())
    first, second = (_decode(_payload("float64", [3], os.getpid(), block, 0, 5)) for _ in range(2))

    assert numpy.shares_memory(first, second)
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1
    with pytest.raises(ValueError, match="cannot set WRITEABLE"):
        first.flags.writeable = True
    os.pwrite(block, numpy.float64(9).tobytes(), 0)
    assert second[0] == 9
    os.close(block)


def test_an_array_that_is_forgotten_lives_as_long_as_somebody_holds_it() -> None:
    block = _block(numpy.arange(3.0).tobytes())
    array = _decode(_payload("float64", [3], os.getpid(), block, 0, 6))
    os.close(block)
    before = _descriptors()
    Runtime().read(Kind.DROP, msgspec.msgpack.encode([[], [6, 7]]))()

    assert array.tolist() == [0, 1, 2]
    del array
    assert _descriptors() == before - 1


def test_an_array_that_would_stay_if_there_were_shared_memory_cannot_be_written_to_either() -> None:
    array = _decode(_payload("int16", [2, 1], elements=b"\1\0\2\0"))

    assert array.tolist() == [[1], [2]]
    with pytest.raises(ValueError, match="cannot set WRITEABLE"):
        array.flags.writeable = True


@pytest.mark.parametrize(("offset", "key"), [(0, 0), (8, 0), (0, 8)])
def test_an_array_that_is_not_all_there_fails_with_protocol(offset: int, key: int) -> None:
    block = _block(bytes(16))
    with pytest.raises(CallFailure) as caught:
        _decode(_payload("float64", [3], os.getpid(), block, offset, key))

    assert caught.value.error["code"] == "protocol"
    os.close(block)


def test_memory_that_cannot_be_opened_fails_with_protocol() -> None:
    with pytest.raises(CallFailure) as caught:
        _decode(_payload("float64", [3], os.getpid(), 9_999, 0))

    assert caught.value.error["code"] == "protocol"
    assert "cannot be opened" in str(caught.value.error["message"])


def test_the_arrays_of_one_answer_are_in_one_block_until_node_has_read_it() -> None:
    before = _descriptors()
    arrays = [numpy.full(20, index) for index in range(3)]
    body = Encoder(Refs()).encode_result(arrays, 0)
    answer_blocks.give()

    assert _descriptors() == before + 1
    assert exactly_equal(Decoder(Refs()).body_decoder(object)(body), [arrays, 0])
    (block,) = {json.loads(payload[2:])[3] for payload in _shared_payloads(body)}
    Runtime().read(Kind.DROP, msgspec.msgpack.encode([[block, 9_999], []]))()
    assert _descriptors() == before


def _shared_payloads(body: bytes) -> list[bytes]:
    (arrays, _) = msgspec.msgpack.decode(body)
    return [bytes(array.data) for array in arrays]


def test_the_block_of_an_answer_that_fails_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("made")
    vars(module)["make"] = lambda: [numpy.ones(20), object()]
    monkeypatch.setitem(sys.modules, "made", module)
    before = _descriptors()
    body = msgspec.msgpack.encode(["made", "make", [], {}, "value"])
    answer = Runtime().read(Kind.CALL, body)()

    assert answer is not None
    assert answer[0] == Kind.ERROR
    assert _descriptors() == before


def test_the_block_of_rows_that_have_all_failed_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("made")
    vars(module)["make"] = lambda _: [numpy.ones(20), object()]
    monkeypatch.setitem(sys.modules, "made", module)
    before = _descriptors()
    encoder = Encoder(Refs())
    batch = Batch([1, 2], fails_by_row=True)
    batch.carry_out([Step("made", "make", "each")], lambda _: None)
    encoder.encode_batch(batch, 0, [0.0, 0.0], [])
    answer_blocks.give()

    assert len(batch.left) == 2
    assert _descriptors() == before


def test_the_place_of_an_array_that_is_encoded_again_is_used_again() -> None:
    value = [numpy.ones(20), 2**70]  # The integer is met when the array has its place.
    body = Encoder(Refs()).encode_result(value, 0)
    (place,) = (bytes(item.data) for item in msgspec.msgpack.decode(body)[0] if item.code == Extension.SHARED)

    assert json.loads(place[2:])[4] == 0


def test_arrays_are_sent_where_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    assert array_extension(numpy.ones(20)).code == Extension.NDARRAY


def test_arrays_are_sent_where_node_could_not_open_them(monkeypatch: pytest.MonkeyPatch) -> None:
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)

    assert array_extension(numpy.ones(20)).code == Extension.NDARRAY


def test_arrays_are_sent_where_node_has_not_read_many_answers() -> None:
    codes = []
    for _ in range(65):
        codes.append(array_extension(numpy.ones(20)).code)
        answer_blocks.give()

    assert codes == [Extension.SHARED] * 64 + [Extension.NDARRAY]


def test_a_process_that_is_forked_holds_no_block_of_its_original() -> None:
    given_away = array_extension(numpy.ones(20))
    answer_blocks.give()
    blocks = [json.loads(bytes(each.data)[2:])[3] for each in (given_away, array_extension(numpy.ones(20)))]
    child = os.fork()
    if child == 0:
        os._exit(sum(_is_open(block) for block in blocks))

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert [_is_open(block) for block in blocks] == [True, True]


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_a_process_that_may_not_see_into_node_says_so() -> None:
    assert shared_memory.can_read(os.getpid())
    assert not shared_memory.can_read(2**22 + 1)


@pytest.mark.parametrize("golden", [pytest.param(each, id=each["name"]) for each in GOLDEN])
def test_every_golden_array_is_read_and_written(golden: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    name, shape, *place = golden["header"]
    data = bytes.fromhex(golden["data"])
    payload = bytes.fromhex(golden["hex"])
    expected = numpy.frombuffer(data, name).reshape(shape)

    @contextlib.contextmanager
    def opened(node: int, descriptor: int) -> Iterator[int]:
        assert [node, descriptor] == place[:2]
        block = _block(bytes(place[2]) + data)
        yield block
        os.close(block)

    monkeypatch.setattr(shared_memory, "_opened", opened)
    array = _decode(Ext(Extension.SHARED, payload))

    assert exactly_equal(array, expected)
    assert array.flags.writeable == (len(place) == 3)
    if golden["from"] == "worker":
        monkeypatch.setattr(answer_blocks, "put", lambda _: tuple(place))
        answer_blocks.begin(1)
        assert bytes(array_extension(expected).data) == payload
