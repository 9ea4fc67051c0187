"""The text of others as a terminal or a log may be given it."""

from __future__ import annotations

_UNSEEN = (*range(32), *range(127, 160), 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
"""Control characters, ends of lines, and what turns the direction of writing round."""

_ESCAPES = {code: repr(chr(code))[1:-1] for code in _UNSEEN}


def visible(text: str) -> str:
    """The same on one line, with an escape (`\\n`, `\\x1b`) for each character that would do something unseen."""
    return text.translate(_ESCAPES)
