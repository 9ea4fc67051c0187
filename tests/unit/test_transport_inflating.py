"""Our inflate against Python's gzip and zlib: the same bytes, or an error."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datazones.errors import DatazonesError, ProviderUnavailable, ResponseMalformed
from datazones.transport.inflating import Body, Caps, inflate

CAPS = Caps(wire_bytes=1 << 24, inflated_bytes=1 << 26, ratio=2_000.0)
TEXT = b"DATAFLOW,LAST UPDATE,freq,geo,TIME_PERIOD,OBS_VALUE\r\n" * 60


def pieces(wire: bytes, size: int) -> Iterator[bytes]:
    return (wire[at : at + size] for at in range(0, len(wire), size))


def inflated(wire: bytes, coding: str = "gzip", size: int = 7, caps: Caps = CAPS) -> Body:
    return inflate(pieces(wire, size), coding, "the answer", caps)


def raw_deflate(content: bytes) -> bytes:
    maker = zlib.compressobj(wbits=-15)
    return maker.compress(content) + maker.flush()


WHOLE = {
    "gzip": ("gzip", gzip.compress(TEXT)),
    "gzip by its old name, in capitals": ("X-GZIP", gzip.compress(TEXT)),
    "gzip with name and comment": (
        "gzip",
        b"\x1f\x8b\x08\x18\x00\x00\x00\x00\x00\x03name\x00why\x00"
        + raw_deflate(TEXT)
        + struct.pack("<II", zlib.crc32(TEXT), len(TEXT)),
    ),
    "gzip of stored blocks": ("gzip", gzip.compress(TEXT, compresslevel=0)),
    "gzip of two members": ("gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
    "gzip with empty members": ("gzip", gzip.compress(b"") * 3 + gzip.compress(TEXT) + gzip.compress(b"")),
    "deflate with its zlib header": ("deflate", zlib.compress(TEXT)),
    "deflate without header": ("deflate", raw_deflate(TEXT)),
    "identity": ("identity", TEXT),
    "no coding at all": ("", TEXT),
}


@pytest.mark.parametrize(("coding", "wire"), WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("size", [1, 2, 10, 100_000])
def test_a_whole_body_is_what_was_meant_however_it_is_cut_into_pieces(coding: str, wire: bytes, size: int) -> None:
    assert inflated(wire, coding, size).content == TEXT


def test_gzip_that_does_not_say_so_stays_as_it_is() -> None:
    wire = gzip.compress(TEXT)
    assert inflated(wire, "") == Body(wire, len(wire), proven=False)


def test_only_one_member_proves_that_nothing_is_missing() -> None:
    assert inflated(gzip.compress(TEXT)).proven
    assert inflated(zlib.compress(TEXT), "deflate").proven
    assert not inflated(gzip.compress(TEXT) * 2).proven


@pytest.mark.parametrize(
    "name", ["gzip", "gzip of two members", "deflate with its zlib header", "deflate without header"]
)
def test_a_stream_that_is_cut_anywhere_is_no_answer(name: str) -> None:
    coding, wire = WHOLE[name]
    members = {len(gzip.compress(TEXT[:100]))} if name == "gzip of two members" else set()
    for end in set(range(len(wire))) - members:
        with pytest.raises(ProviderUnavailable):
            inflated(wire[:end], coding, 1_000)


BROKEN = {
    "garbage behind the end": ("gzip", gzip.compress(TEXT) + b"<html>"),
    "zeros behind the end": ("gzip", gzip.compress(TEXT) + b"\0" * 512),
    "bytes behind deflate": ("deflate", zlib.compress(TEXT) + b"x"),
    "deflate twice over": ("deflate", zlib.compress(TEXT) * 2),
    "a wrong checksum": ("gzip", gzip.compress(TEXT)[:-8] + b"\0\0\0\0" + gzip.compress(TEXT)[-4:]),
    "a wrong length": ("gzip", gzip.compress(TEXT)[:-4] + b"\0\0\0\0"),
    "a wrong Adler-32": ("deflate", zlib.compress(TEXT)[:-4] + b"\0\0\0\0"),
    "plain text called gzip": ("gzip", TEXT),
    "zlib called gzip": ("gzip", zlib.compress(TEXT)),
    "gzip called deflate": ("deflate", gzip.compress(TEXT)),
    "an unknown method": ("gzip", b"\x1f\x8b\x07" + gzip.compress(TEXT)[3:]),
    "brotli, which nobody asked for": ("br", TEXT),
    "two codings": ("gzip, gzip", gzip.compress(gzip.compress(TEXT))),
    "a coding that lists identity": ("identity, gzip", gzip.compress(TEXT)),
}


@pytest.mark.parametrize(("coding", "wire"), BROKEN.values(), ids=BROKEN)
def test_a_broken_body_is_named_as_such(coding: str, wire: bytes) -> None:
    with pytest.raises(ResponseMalformed):
        inflated(wire, coding)


def test_a_bomb_ends_at_the_ratio_and_long_before_it_is_inflated() -> None:
    wire = gzip.compress(bytes(64 << 20), compresslevel=9)
    fed = 0

    def feed() -> Iterator[bytes]:
        nonlocal fed
        for piece in pieces(wire, 4_096):
            fed += len(piece)
            yield piece

    with pytest.raises(ResponseMalformed, match="200 to 1"):
        inflate(feed(), "gzip", "the answer", Caps(1 << 30, 1 << 30, 200.0))
    assert fed < len(wire) * 0.3


def test_a_small_body_may_be_of_zeros_alone() -> None:
    assert inflated(gzip.compress(bytes(1 << 20)), caps=Caps(1 << 20, 1 << 30, 5.0)).content == bytes(1 << 20)


@pytest.mark.parametrize("coding", ["gzip", ""])
def test_a_cap_is_the_last_size_that_passes(coding: str) -> None:
    wire = gzip.compress(TEXT) if coding else TEXT
    exact = Caps(len(wire), len(TEXT), 1e9)
    assert inflated(wire, coding, caps=exact).content == TEXT
    with pytest.raises(ResponseMalformed, match="inflated"):
        inflated(wire, coding, caps=Caps(exact.wire_bytes, exact.inflated_bytes - 1, 1e9))
    with pytest.raises(ResponseMalformed, match="on the wire"):
        inflated(wire, coding, caps=Caps(exact.wire_bytes - 1, exact.inflated_bytes, 1e9))


@given(
    contents=st.lists(st.binary(max_size=400) | st.integers(0, 600_000).map(bytes), min_size=1, max_size=4),
    level=st.integers(0, 9),
    size=st.integers(200, 70_000),
)
@settings(deadline=None, max_examples=60)
def test_any_gzip_of_any_members_in_any_pieces_is_what_python_reads(
    contents: list[bytes], level: int, size: int
) -> None:
    wire = b"".join(gzip.compress(content, level) for content in contents)
    assert inflated(wire, "gzip", size).content == gzip.decompress(wire) == b"".join(contents)


@given(
    content=st.binary(max_size=200),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=3),
    cut=st.integers(0, 300),
)
@settings(deadline=None, max_examples=400)
def test_a_damaged_gzip_is_an_error_or_what_python_reads_never_something_else(
    content: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    wire = bytearray(gzip.compress(content))
    for at, new in changes:
        wire[at % len(wire)] = new
    damaged = bytes(wire[: len(wire) - cut % len(wire)])
    try:
        ours = inflated(damaged, "gzip", 50).content
    except DatazonesError:
        return
    assert ours == gzip.decompress(damaged)
