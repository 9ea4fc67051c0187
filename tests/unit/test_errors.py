"""Several errors of one run as one."""

from __future__ import annotations

from datazones.errors import DatazonesError, ProviderUnavailable, ResponseMalformed, StructureChanged, together

_PARTS = {"expected": "an answer", "next_step": "look"}


def test_of_several_errors_the_first_that_may_pass_decides_and_tells_the_others() -> None:
    malformed = ResponseMalformed("cpi", found="a page of HTML", **_PARTS)
    down = ProviderUnavailable("gdp", found="503", **_PARTS)
    assert together([malformed, down]) is down
    assert down.found == "503; besides, ResponseMalformed in cpi: a page of HTML"


def test_of_errors_that_will_not_pass_the_first_one_decides() -> None:
    errors: list[DatazonesError] = [
        StructureChanged("trade", found="2 units", **_PARTS),
        ResponseMalformed("cpi", found="a page of HTML", **_PARTS),
    ]
    assert together(errors) is errors[0]
    assert errors[0].found == "2 units; besides, ResponseMalformed in cpi: a page of HTML"


def test_one_error_is_told_as_it_is() -> None:
    assert together([StructureChanged("trade", found="2 units", **_PARTS)]).found == "2 units"
