"""A zone no longer wants a topic: nothing more is asked for it, and what is held of it is kept, cited as before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from datazones.catalogue import load
from datazones.catalogue.loading import SHIPPED
from infra.simulator.server import serving
from tests.journey.homes import FIRST, LATER, Home

GIVEN_UP = "worldbank_ai_race"


def test_what_a_zone_has_of_a_feed_that_it_gave_up_stays_with_its_terms(tmp_path: Path) -> None:
    zones = shutil.copytree(SHIPPED / "zones", tmp_path / "zones")
    home = Home(tmp_path, {"DATAZONES_ZONES_FOLDER": str(zones)})
    held = f"SELECT count(*), max(known_from) FROM observation WHERE feed_id = '{GIVEN_UP}'"
    cited = f"SELECT attribution, licence FROM citation WHERE feed_id = '{GIVEN_UP}'"
    for now in FIRST, LATER:
        with serving(f"{now}T00:00:00Z") as base:
            home.settings |= {"DATAZONES_PROVIDERS_BASE": base, "DATAZONES_NOW": f"{now}T00:00:00Z"}
            done = home.run("run", "--zone", "hunan")
        assert done.returncode == 0, done.stderr
        if now == FIRST:
            before = home.ask("hunan", held)
            text = (zones / "hunan.toml").read_text()
            (zones / "hunan.toml").write_text(text.replace(', "ai_race"]', "]"))
    terms = load().terms_of(load().feed(GIVEN_UP))
    assert home.ask("hunan", held) == before
    assert home.ask("hunan", cited) == [(terms.attribution, terms.licence)]
    assert home.ask(
        "hunan", "SELECT count(DISTINCT known_at) > 1 FROM vintage WHERE feed_id = 'nbs_province_year'"
    ) == [(True,)]
    verified = home.run("verify", "hunan", "--json")
    assert verified.returncode == 0, verified.stderr
    checked = home.run("rebuild", "hunan", "--check", "--json")
    assert checked.returncode == 0, checked.stderr
    assert {row["same"] for row in json.loads(checked.stdout)} == {True}
