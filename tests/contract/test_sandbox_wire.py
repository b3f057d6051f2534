"""Frames: what goes in comes out, and what is no frame is refused."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentcore.sandbox import wire

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters())
    | st.binary()
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def through_a_pipe(send: Any) -> Any:
    """What the reader makes of what the writer does."""
    reader, writer = os.pipe()

    def write() -> None:
        send(writer)
        os.close(writer)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        return wire.receive(reader)
    finally:
        thread.join()
        os.close(reader)


@given(VALUES)
def test_values_survive(value: Any) -> None:
    assert through_a_pipe(lambda fd: wire.send(fd, value)) == value


def test_lone_surrogates_survive() -> None:
    assert through_a_pipe(lambda fd: wire.send(fd, ["a\udcff", "\ud800"])) == ["a\udcff", "\ud800"]


def test_large_values_survive() -> None:
    value = [os.urandom(3_000_000), b"x", os.urandom(2_000_000)]

    assert through_a_pipe(lambda fd: wire.send(fd, value)) == value


@given(st.binary(max_size=64))
def test_noise_is_refused(noise: bytes) -> None:
    frame = len(noise).to_bytes(8, "big") + noise
    try:
        value = through_a_pipe(lambda fd: wire.write_all(fd, frame))
    except ValueError:
        return
    parts: list[bytes] = []
    wire._encode(value, parts)
    assert len(b"".join(parts)) <= len(noise)


@pytest.mark.parametrize("data", [b"", b"\0\0", (5).to_bytes(8, "big") + b"n"])
def test_an_end_in_mid_frame_is_eof(data: bytes) -> None:
    with pytest.raises(EOFError):
        through_a_pipe(lambda fd: wire.write_all(fd, data) if data else None)


def test_a_frame_of_absurd_length_is_refused_unread() -> None:
    with pytest.raises(ValueError, match="bytes; at most"):
        through_a_pipe(lambda fd: wire.write_all(fd, (1 << 60).to_bytes(8, "big")))


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(TypeError, match="object cannot be sent"):
        wire.send(1, object())
