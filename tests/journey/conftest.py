"""What the journeys share: the demo is run three times in one home, once for all of them."""

from __future__ import annotations

import pytest

from tests.journey.homes import LATER, ZONES, Home, Journey, held_figures


@pytest.fixture(scope="session")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Journey:
    home = Home(tmp_path_factory.mktemp("home"))
    first = home.run("demo")
    assert first.returncode == 0, first.stdout + first.stderr
    held, digests = {zone: held_figures(home, zone) for zone in ZONES}, home.digests()
    again = home.run("demo")
    later = home.run("demo", "--now", f"{LATER}T00:00:00Z")
    return Journey(home, first, held, digests, again, later)
