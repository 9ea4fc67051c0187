"""Archives that are written as they are sent."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator

_DAY = (1980, 1, 1, 0, 0, 0)
"""Every file's, so that the same content is the same bytes."""


class _Sent:
    """What has been written since it was last taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def zipped(files: Iterable[tuple[str, Iterable[str]]]) -> Iterator[bytes]:
    """An archive of files by their names, each in parts, which are asked for only as they are sent."""
    sent = _Sent()
    with zipfile.ZipFile(sent, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, parts in files:
            about = zipfile.ZipInfo(name, _DAY)
            about.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(about, "w", force_zip64=True) as inside:
                for part in parts:
                    inside.write(part.encode())
                    yield sent.take()
    yield sent.take()
