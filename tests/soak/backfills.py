"""`python -m tests.soak.backfills`: ten zones by 120 months on a real installation, undisturbed and killed.

counts             1,200 slices, on SQLite and PostgreSQL: counted in the ledger, at the provider, by readers
killed             the same with the command, workers, runs and the server killed in between: the same snapshots
overlapping        twenty by four people over one another, and a schedule every two minutes: as if one after the other
throttled          a quota of sixty calls an hour, an hour a minute: nothing refused in storms, the end known half-way
"""

from __future__ import annotations

import argparse
import json
import sys

from tests.soak.overlapping import overlapping, throttled
from tests.soak.site import FIRST, LAST, SLICES, ZONES, site

Digests = dict[str, dict[str, str]]
"""By zone, the digest of each table of its snapshot."""


def counts(*words: str) -> Digests:
    """Undisturbed; the digests."""
    with site(*words) as here:
        backfill = here.begin()
        here.until_over(backfill)
        found = here.counted(backfill)
        here.say(words or "SQLite", json.dumps(found))
        expected: dict[str, object] = {"state": "done", "slices done in the ledger": SLICES, "questions asked": SLICES}
        expected |= {"asked more than once": 0, "observations published": SLICES}
        assert found.items() >= expected.items(), found
        return here.digests()


def killed(undisturbed: Digests, *words: str) -> None:
    """The command, workers, runs and the server die; what comes of it is the same."""
    with site(*words) as here:
        command = here.command("backfill", "all", "--feed", "months", "--from", FIRST, "--to", LAST)
        assert command.stderr
        line = next(line for line in command.stderr if line.startswith("Backfill "))
        command.kill()
        backfill = line.split()[1].rstrip(":")
        here.say("killed the command that began", backfill)
        here.run("backfill", "resume", backfill)
        kills = 0
        for asked, who in ((150, "worker"), (350, "runs"), (550, "prefect"), (750, "all"), (950, "runs")):
            here.after(asked)
            if who in ("runs", "all"):
                kills += 1
                here.kill_runs()
            here.kill(*{"runs": (), "all": ("worker", "prefect", "standby")}.get(who, (who,)))
            here.run("backfill", "resume", backfill)
        here.until_over(backfill, resumed_every_s=20.0)
        found = here.counted(backfill)
        here.say(json.dumps(found))
        assert (found["state"], found["slices done in the ledger"], found["questions asked"]) == (
            "done",
            SLICES,
            SLICES,
        )
        assert found["observations published"] == SLICES
        more = found["asked more than once"]
        assert isinstance(more, int)
        assert more <= 2 * kills, "at most what was in flight when its run was killed"
        others = unlike(here.digests(), undisturbed)
        here.say(f"{len(ZONES) - len(others)} of {len(ZONES)} zones have the snapshot of the undisturbed run", others)
        assert not others


def unlike(found: Digests, expected: Digests) -> dict[str, list[str]]:
    """The tables of each zone that are not the same in both."""
    tables = {zone: {**found[zone], **expected[zone]} for zone in ZONES}
    differing = {
        zone: [t for t in names if found[zone].get(t) != expected[zone].get(t)] for zone, names in tables.items()
    }
    return {zone: names for zone, names in differing.items() if names}


def main() -> None:
    """Print what was counted; an assertion ends it with 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.backfills", description=__doc__)
    parser.add_argument("cases", nargs="*", default=["sqlite", "postgres", "killed", "overlapping", "throttled"])
    cases = parser.parse_args().cases
    undisturbed: Digests = {}
    if "sqlite" in cases:
        undisturbed = counts()
    if "postgres" in cases:
        on_postgres = counts("--postgres")
        others = unlike(on_postgres, undisturbed)
        same = len(ZONES) - len(others)
        print(f"{same} of {len(ZONES)} zones have the same snapshot on SQLite and on PostgreSQL", others, flush=True)
        undisturbed = undisturbed or on_postgres
    if "killed" in cases:
        killed(undisturbed or counts())
    if "overlapping" in cases:
        overlapping()
    if "throttled" in cases:
        throttled()
    sys.exit()


if __name__ == "__main__":
    main()
