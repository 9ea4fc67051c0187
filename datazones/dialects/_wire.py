"""What several wire formats share: bytes into text, strict CSV and strict JSON. Nothing here knows a provider."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, TypeVar

import numpy as np
import orjson
import polars as pl

from datazones.columns import PATTERN
from datazones.errors import ResponseMalformed

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

T = TypeVar("T")

_STEP = 1 << 22
_CACHED = 1 << 18


def malformed(subject: str, *, found: str, expected: str) -> ResponseMalformed:
    """The error of a dialect that cannot go on without losing something."""
    return ResponseMalformed(
        subject,
        found=found,
        expected=expected,
        next_step="look at the raw response; if the provider changed its format, the dialect must learn it",
    )


def utf8(body: bytes, subject: str, *, fallbacks: Sequence[str] = ()) -> bytes:
    """The body as UTF-8 without a byte order mark; `fallbacks` are the encodings this provider is known to use.

    ResponseMalformed when the bytes are none of them: nothing is ever replaced by a question mark.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            rest = body[len(mark) :]
            return rest if encoding == "utf-8" and _is_utf8(rest) else _recode(rest, encoding, subject)
    if _is_utf8(body):
        return body
    for encoding in fallbacks:
        try:
            return body.decode(encoding).encode()
        except UnicodeDecodeError:
            continue
    raise malformed(
        subject,
        found=f"bytes that are not {' or '.join(('UTF-8', *fallbacks))}: {body[:40]!r}",
        expected="text in an encoding this provider uses",
    )


def text_line(head: bytes) -> str:
    """The first line of a response as far as it can be read: enough to recognise a format by."""
    mark, encoding = next(((mark, name) for mark, name in _BOMS if head.startswith(mark)), (b"", "utf-8"))
    return head[len(mark) :].decode(encoding, "replace").partition("\n")[0].rstrip("\r")


def _is_utf8(body: bytes) -> bool:
    """Looked at in steps, because a large body decoded as a whole would take up to four times its size."""
    if body.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(body), _STEP):
            step = body[start : start + _STEP]
            decoder.decode(step, final=start + _STEP >= len(body))
    except UnicodeDecodeError:
        return False
    return True


def _recode(body: bytes, encoding: str, subject: str) -> bytes:
    try:
        return body.decode(encoding).encode()
    except UnicodeError as error:
        raise malformed(subject, found=f"broken {encoding}: {error}", expected="well-formed text") from error


def json_of(body: bytes, subject: str) -> object:
    """The parsed JSON. NaN, infinities, numbers past double, lone surrogates, deep nesting and a key twice in one
    object are refused.
    """
    text = utf8(body, subject)
    try:
        parsed: object = orjson.loads(text)
        strings = _strings(orjson.dumps(parsed))
    except orjson.JSONDecodeError as error:
        raise malformed(subject, found=f"{error} in {text[:60]!r}", expected="one JSON value") from error
    except orjson.JSONEncodeError as error:
        raise malformed(subject, found=str(error), expected="JSON that is not nested so deeply") from error
    if _strings(text) != strings:
        raise malformed(subject, found="a key that stands twice in one object", expected="each key once")
    return parsed


def _strings(text: bytes) -> int:
    """Twice the number of strings in a JSON text; written again it has fewer only if a doubled key was dropped."""
    return text.replace(b"\\\\", b"").replace(b'\\"', b"").count(b'"')


def header_of(body: bytes, subject: str, *, separator: str = ",") -> list[str]:
    """The cells of the first line; ResponseMalformed when a name stands twice or the body is empty."""
    end = body.find(b"\n")
    line = body[: end if end >= 0 else len(body)].rstrip(b"\r").decode()
    if not line.strip():
        raise malformed(subject, found="no header line", expected=f"a header of names parted by {separator!r}")
    cells = cells_of(line, subject, separator=separator)
    twice = sorted(name for name, times in Counter(cells).items() if times > 1)
    if twice:
        raise malformed(subject, found=f"the columns {twice} twice in the header", expected="each column once")
    patterns = [name for name in cells if PATTERN.fullmatch(name)]
    if patterns:
        raise malformed(subject, found=f"{patterns} in the header", expected="names of columns, not patterns of names")
    return cells


def cells_of(line: str, subject: str, *, separator: str = ",") -> list[str]:
    """The cells of one line; none where it is empty."""
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error as error:
        raise malformed(subject, found=f"{error} in {line[:60]!r}", expected="a line of cells") from error


def csv_frame(body: bytes, subject: str, *, separator: str = ",", quoted: bool = True) -> pl.DataFrame:
    """A CSV body (UTF-8, header first) with every cell as text: '' where it is empty, never null.

    ResponseMalformed for a duplicate header, a row with more or fewer cells than the header, or broken quoting.
    """
    names = header_of(body, subject, separator=separator)
    return csv_rows(body[line_end(body) :], names, subject, separator=separator, quoted=quoted)


def csv_rows(
    rows: bytes,
    names: Sequence[str],
    subject: str,
    *,
    separator: str = ",",
    quoted: bool = True,
    empty: Literal["", None] = "",
) -> pl.DataFrame:
    """The rows of a CSV body below its header, every cell as text, `empty` where there is nothing in it.

    polars pads short rows without a word, so the separators are counted against the cells that came out.
    """
    schema = dict.fromkeys(names, pl.String())
    if not rows or rows.isspace():
        return pl.DataFrame(schema=schema)
    try:
        frame = pl.read_csv(
            rows,
            has_header=False,
            schema=schema,
            separator=separator,
            quote_char='"' if quoted else None,
            empty_string_is_null=empty is None,
            credential_provider=None,
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        said = str(error).partition("\n")[0].partition(". ")[0]
        raise malformed(subject, found=said, expected=f"well-formed CSV, {len(names)} cells in every row") from error
    if quoted and b'"' in rows:
        _refuse_stray_quotes(rows, subject, separator)
    _refuse_ragged(rows, frame, subject, separator, quoted)
    return frame


def _refuse_stray_quotes(rows: bytes, subject: str, separator: str) -> None:
    """A quote may only open or close a cell, or stand twice inside one: polars would take the rest for that cell's."""
    codes = np.frombuffer(rows, np.uint8)
    quotes = np.flatnonzero(codes == ord('"'))
    opening, closing = quotes[::2], quotes[1::2]
    before = codes[np.maximum(opening, 1) - 1]
    after = codes[np.minimum(closing + 1, len(codes) - 1)]
    opens = np.isin(before, _codes(f'{separator}\n"')) | (opening == 0)
    closes = np.isin(after, _codes(f'{separator}\r\n"')) | (closing == len(codes) - 1)
    if len(opening) > len(closing) or not opens.all() or not closes.all():
        at = next(iter([*opening[~opens], *closing[~closes], *opening[-1:]]))
        shown = rows[max(0, at - 20) : at + 20].decode("utf-8", "replace")
        raise malformed(subject, found=f"a quote within a cell: {shown!r}", expected="quotes around cells")


def _codes(characters: str) -> list[int]:
    return list(characters.encode())


def _refuse_ragged(rows: bytes, frame: pl.DataFrame, subject: str, separator: str, quoted: bool) -> None:
    in_cells = 0
    if quoted and b'"' in rows:
        in_cells = sum(frame.select(pl.all().str.count_matches(separator, literal=True).sum()).row(0))
    expected = (frame.width - 1) * frame.height
    found = _count(rows, ord(separator)) - in_cells
    if found != expected:
        raise malformed(
            subject,
            found=f"{found} separators in {frame.height} rows",
            expected=f"{expected}: {frame.width} cells in every row",
        )


def _count(text: bytes, code: int) -> int:
    """How often a byte occurs, in steps that stay in the processor's cache."""
    codes = np.frombuffer(text, np.uint8)
    return sum(int(np.count_nonzero(codes[at : at + _CACHED] == code)) for at in range(0, len(codes), _CACHED))


def line_end(text: bytes, start: int = 0) -> int:
    """Where the line that holds `start` ends, its line break included."""
    return text.find(b"\n", start) + 1 or len(text)


def pieces(text: bytes, start: int, size: int) -> Iterator[bytes]:
    """The rows from `start` on, in pieces of about `size` bytes that end where a row does; one empty piece if none."""
    while True:
        end = _row_end(text, start, size)
        yield text[start:end]
        if end == len(text):
            return
        start = end


def ahead(steps: Iterator[T]) -> Iterator[T]:
    """The same, where each is worked out in a second thread while the one before it is used."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        coming = thread.submit(next, steps, None)
        while (found := coming.result()) is not None:
            coming = thread.submit(next, steps, None)
            yield found


def _row_end(text: bytes, start: int, size: int) -> int:
    """The end of the last row of a piece: a line end before which every quote is closed."""
    end = line_end(text, start + size)
    quotes = text.count(b'"', start, end) if text.find(b'"', start, end) >= 0 else 0
    while quotes % 2 and end < len(text):
        begun, end = end, line_end(text, end)
        quotes += text.count(b'"', begun, end)
    return end
