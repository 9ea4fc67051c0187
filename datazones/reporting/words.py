"""A feed's strings made safe to look at: nothing invisible, nothing that turns the line around, nothing endless."""

from __future__ import annotations

import json
import re
from unicodedata import category, normalize

from markupsafe import Markup, escape

LONGEST = 300
"""Characters of one string that a report shows; it says how many there are. The JSON has them all."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's categories of what cannot be seen but may act: controls, bidirectional marks, tags, unassigned."""

_MARKUP = frozenset("<>&")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def shown(text: object) -> str:
    """The text composed (NFC), with each unseen character as its code point and an end."""
    whole = str(text)
    seen = "".join(_seen(character) for character in normalize("NFC", whole[:LONGEST]))
    return seen if len(whole) <= LONGEST else f"{seen} … ({len(whole):,} characters)"


def in_html(text: object) -> Markup:
    """As the text of an element or of a quoted attribute."""
    return escape(shown(text))


def in_markdown(text: object) -> Markup:
    """As text of CommonMark, also inside a table: every ASCII punctuation mark is one by its escape.

    Angle brackets are given by name, so that no tag is ever spelt; a space at an end would make a line code.
    https://spec.commonmark.org/0.31.2/#backslash-escapes
    """
    marked = _PUNCTUATION.sub(r"\\\1", shown(text).strip())
    return Markup(marked.replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;"))


def in_json(document: object) -> str:
    """JSON that reads back as it was, in which nothing acts even where it is taken for something else."""
    return "".join(_spelt(character) for character in json.dumps(document, ensure_ascii=False, indent=1))


def _seen(character: str) -> str:
    return f"[U+{ord(character):04X}]" if category(character) in _UNSEEN else character


def _spelt(character: str) -> str:
    if character in _MARKUP:
        return f"\\u{ord(character):04x}"
    acts = character != "\n" and category(character) in _UNSEEN
    return json.dumps(character)[1:-1] if acts else character
