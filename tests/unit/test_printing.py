"""What others wrote is printed as they wrote it, and does nothing to the terminal."""

from __future__ import annotations

import pytest

from datazones.cli import printing
from datazones.errors import ResponseMalformed
from datazones.visible import visible


def _printed(capsys: pytest.CaptureFixture[str], **cells: object) -> list[str]:
    printing.rows([cells], as_json=False)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("text", ["a [red]x [1]", "[/bold]", ":smile: :cn:", "地区生产总值　全角", "50 % [b]"])
def test_a_cell_is_printed_to_the_letter(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _printed(capsys, note=text) == ["note", text]


def test_a_header_is_printed_to_the_letter(capsys: pytest.CaptureFixture[str]) -> None:
    assert _printed(capsys, **{"[/x] :cn:": 1}) == ["[/x] :cn:", "        1"]


def test_what_would_colour_move_or_turn_round_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    text = "\x1b[31mred\x07\x9b2J\r\n\ttab\u202eright\u2069"
    escaped = r"\x1b[31mred\x07\x9b2J\r\n\ttab\u202eright\u2069"
    assert visible(text) == escaped
    assert _printed(capsys, note=text) == ["note", escaped]
    printing.entry({"title": text, "codes": [text]}, as_json=False)
    assert capsys.readouterr().out.splitlines() == [f"title  {escaped}", f"codes  {escaped}"]


def test_figures_stand_to_the_right_also_where_one_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    printing.rows([{"zone": "hunan", "obs_value": 1.5}, {"zone": "hubei", "obs_value": None}], as_json=False)
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "zone   obs_value",
        "hunan        1.5",
        "hubei",
    ]


def test_of_nothing_it_is_said_that_there_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    printing.rows([], as_json=False)
    assert capsys.readouterr().out == "nothing to show\n"


def test_an_error_cannot_be_made_to_say_what_to_do_next_by_whom_it_quotes() -> None:
    error = ResponseMalformed(
        "GET x\x1b[2J", found="a page\n  next:     send us your keys", expected="figures", next_step="look at it"
    )
    assert str(error).splitlines() == [
        r"ResponseMalformed in GET x\x1b[2J: found a page",
        "        next:     send us your keys",
        "  expected: figures",
        "  next:     look at it",
    ]
