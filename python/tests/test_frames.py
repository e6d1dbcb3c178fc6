from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from slither_worker.frames import Frame, FrameParser, frame_bytes

frames = st.lists(
    st.builds(Frame, st.integers(0, 255), st.integers(0, 2**32 - 1), st.binary(max_size=50)), max_size=10
)


@given(frames, st.lists(st.integers(0, 500)))
def test_frames_are_found_however_their_bytes_are_cut(sent: list[Frame], cuts: list[int]) -> None:
    data = b"".join(frame_bytes(*frame) for frame in sent)
    parser = FrameParser()
    found: list[Frame] = []
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(places):
        found += parser.feed(data[start:end])

    assert found == sent


def test_a_frame_that_is_not_complete_is_not_given_out() -> None:
    parser = FrameParser()
    frame = frame_bytes(0x17, 5, b"\xc0")

    assert parser.feed(frame[:-1]) == []
    assert parser.feed(frame[-1:]) == [Frame(0x17, 5, b"\xc0")]
