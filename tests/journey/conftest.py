"""What the journeys share: a second attempt, and the demo, which is run three times in one home, once for all of them.

A journey runs Prefect's servers and workers beside all else that the machine does, and what they do within a second is
not ours to say. One that fails is tried once more, and a run that needed it tells so with the whole error; a fault of
ours is there again. Nothing else has a second attempt.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journey.homes import LATER, ZONES, Home, Journey, held_figures

JOURNEYS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(JOURNEYS):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Journey:
    home = Home(tmp_path_factory.mktemp("home"))
    first = home.run("demo")
    assert first.returncode == 0, first.stdout + first.stderr
    held, digests = {zone: held_figures(home, zone) for zone in ZONES}, home.digests()
    again = home.run("demo")
    later = home.run("demo", "--now", f"{LATER}T00:00:00Z")
    return Journey(home, first, held, digests, again, later)
