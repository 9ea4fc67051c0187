"""What a provider has answered one zone is not asked for another, as long as this machine still has the answer."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from datazones.backfilling.answered import Answered
from datazones.landing import Landing
from datazones.model import Request, Window
from datazones.publishing import Store, StoreAddress
from datazones.transport import Answer

AT = datetime(2026, 4, 1, tzinfo=UTC)
WINDOW = Window("2010", "2015")
REQUEST = Request("https://data.example/table", (("from", "2010"), ("to", "2015")))
ANSWER = Answer(200, {}, b"figures", AT)


def _of(store: Store, prefix: str, folder: Path) -> Answered:
    return Answered(store, Landing(store, prefix, folder), prefix, folder, "gdp")


def test_a_zone_takes_what_another_zone_of_its_machine_was_answered(embedded: StoreAddress, tmp_path: Path) -> None:
    with Store.at(embedded) as store:
        one, other = (_of(store, f"{uuid4().hex}/{zone}", tmp_path) for zone in ("one", "other"))
        landed = one.keep(WINDOW, REQUEST, ANSWER, "first")
        assert other.find(WINDOW, REQUEST, "second", force=False) == (landed, ANSWER)


def test_what_the_machine_has_forgotten_is_asked_for_again_but_not_by_the_zone_that_has_it(
    embedded: StoreAddress, tmp_path: Path
) -> None:
    with Store.at(embedded) as store:
        one, other = (_of(store, f"{uuid4().hex}/{zone}", tmp_path) for zone in ("one", "other"))
        landed = one.keep(WINDOW, REQUEST, ANSWER, "first")
        (tmp_path / landed.digest).unlink()
        assert other.find(WINDOW, REQUEST, "second", force=False) is None
        assert one.find(WINDOW, REQUEST, "second", force=False) == (landed, ANSWER)
