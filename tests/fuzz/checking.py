"""What the bytes say themselves, found without any dialect: every figure and text that is read must stand in them."""

from __future__ import annotations

import gzip
import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from typing import NamedTuple

import polars as pl

from datazones import dialects
from datazones.errors import DatazonesError
from datazones.model import Hints
from tests.fuzz.seeds import HINTS, SEEDS

TEXTS = ("time_period", "obs_status", "conf_status", "comment_obs")
"""Columns that dialects hand on as published."""

_FIGURE = re.compile(rb"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_DECIMAL = re.compile(r"[+-]?((?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][+-]?[0-9]+)?)")
_GROUPED = re.compile(rb"\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_COMMA = re.compile(rb"\d+,\d+")
_UNPACKED = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, UnicodeDecodeError)
_LINE_END = re.compile(r"\r\n|[\r\n\t]")
"""What is a blank in an attribute of XML."""
_AROUND = 12
_ENCODINGS = ("utf-8", "gb18030", "cp1252")


class _Figure(NamedTuple):
    """A figure of a seed as it stands there, with what is around it and, of a table, all that is above its row."""

    text: str
    around: bytes
    above: bytes


def unexplained(dialect: str, frames: list[pl.DataFrame], body: bytes) -> list[object]:
    """The figures and texts of what was read that the bytes do not hold, and the figures they hold that were not."""
    plain = _plain(body)
    return [*_figures(frames, plain), *_texts(frames, plain), *_dropped(dialect, frames, plain)]


def _dropped(dialect: str, frames: Sequence[pl.DataFrame], plain: bytes) -> Iterator[object]:
    """Figures of the seeds that no mutation touched, where they are in no cell of what was read."""
    there = [figure for figure in _figures_of(dialect) if figure.around in plain and plain.startswith(figure.above)]
    if there:
        cells = {str(cell) for frame in frames for column in frame for cell in column.unique().to_list()}
        missing = [figure.text for figure in there if figure.text not in cells]
        yield from (f"dropped {text}" for text in missing if not any(_same(text, cell) for cell in cells))


def _same(figure: str, cell: str) -> bool:
    """Whether the cell is the figure with other digits after the last that counts: an answer may have it twice."""
    return _DECIMAL.fullmatch(cell) is not None and Decimal(cell) == Decimal(figure)


@cache
def _figures_of(dialect: str) -> tuple[_Figure, ...]:
    return tuple(figure for seed in SEEDS[dialect] for figure in _figures_in(dialect, seed))


def _figures_in(dialect: str, seed: bytes) -> Iterator[_Figure]:
    try:
        cubes = list(dialects.named(dialect).read(seed, HINTS.get(dialect, Hints())))
    except DatazonesError:
        return
    plain = _plain(seed)
    table = not plain.lstrip().startswith((b"{", b"[", b"<"))
    for text in {str(figure) for cube in cubes for figure in cube.frame["obs_value"].drop_nulls().to_list()}:
        token = re.search(rb"(?<![\d.])" + re.escape(text.encode()) + rb"(?![\d.])", plain)
        if token:
            begin, end = token.span()
            above = plain[: plain.rfind(b"\n", 0, begin) + 1] if table else b""
            yield _Figure(text, plain[max(0, begin - _AROUND) : end + _AROUND], above)


def _plain(body: bytes) -> bytes:
    """The bytes inflated by Python's own modules, in one-byte characters; as they are where those cannot read them."""
    try:
        if body.startswith(b"\x1f\x8b"):
            return gzip.decompress(body)
        if body.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                return b"\n".join(archive.read(name) for name in archive.namelist())
        if body[1:2] == b"\x00":
            return body.decode("utf-16-le", "replace").encode() + b"\n" + body
        return body.decode("utf-16").encode() if body[:2] in (b"\xff\xfe", b"\xfe\xff") else body
    except _UNPACKED:
        return body


def _figures(frames: list[pl.DataFrame], plain: bytes) -> Iterator[object]:
    read = [figure for frame in frames for figure in frame["obs_value"].drop_nulls().to_list()]
    if not read:
        return
    said = {float(token) for token in _FIGURE.findall(plain)}
    said |= {float(token.replace(b",", b"")) for token in _GROUPED.findall(plain)}
    said |= {float(token.replace(b",", b".")) for token in _COMMA.findall(plain)}
    for figure in read:
        size = _size(figure)
        if size is not None and size not in said:
            yield figure


def _size(figure: object) -> float | None:
    """Without its sign; None for text that is no figure, which conforming refuses."""
    written = _DECIMAL.fullmatch(str(figure))
    return float(written[1]) if written else None


def _texts(frames: list[pl.DataFrame], plain: bytes) -> Iterator[object]:
    read = {text for frame in frames for name in TEXTS if name in frame.columns for text in frame[name].to_list()}
    missing = {text for text in read if text and text.encode() not in plain}
    for text in missing:
        if not any(text in form for form in _forms(plain)):
            yield text


def _forms(plain: bytes) -> Iterator[str]:
    """The text in the encodings that providers use, then with the escapes of XML, of JSON and of CSV taken out."""
    for encoding in _ENCODINGS:
        text = plain.decode(encoding, "replace")
        yield text
        yield html.unescape(_LINE_END.sub(" ", text)).replace('""', '"')
    yield "\n".join(_strings(plain))


def _strings(plain: bytes) -> Iterator[str]:
    for token in re.findall(r'"(?:[^"\\]|\\.)*"', plain.decode("utf-8", "replace")):
        try:
            yield str(json.loads(token, strict=False))
        except ValueError:
            continue
