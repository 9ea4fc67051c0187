"""The gate on real vintages, as they came and spoilt in every way: what it says of each, counted.

    python -m tests.trials [--held-out]

A trial is one vintage that comes to a zone in which all earlier ones are known and the last of them is published.
Damage counts as told when a critical rule or a warning fails at more places than on the same vintage as it came.
`--held-out` tries the successions and the damage that no bound of the gate was found with.
"""

from __future__ import annotations

import shutil
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.damages import KINDS, STALE, Damage, damaged
from tests.more_damages import MORE
from tests.more_vintages import held_out
from tests.unit.expectations_zone import Zone, examined
from tests.vintages import SEQUENCES, Vintage

LATELY = 30
"""Vintages of each sequence that are looked at, from the end."""


HANDS = 9
"""Into how many hands the kinds of damage that were held out are dealt; each succession gets one hand."""


class Trial(NamedTuple):
    """What the gate says of one vintage; `kind` is the damage, None for the vintage as it came.

    `critical` and `warning` are the places at which each rule fails, by rule.
    """

    sequence: str
    known_at: str
    kind: str | None
    critical: dict[str, int]
    warning: dict[str, int]

    def says_more_than(self, other: Trial) -> bool:
        """Whether it tells of damage that the other has not."""
        return _more(self.critical, other.critical) or _more(self.warning, other.warning)

    def holds_more_than(self, other: Trial) -> bool:
        return _more(self.critical, other.critical)


def _more(these: dict[str, int], those: dict[str, int]) -> bool:
    return any(places > those.get(rule, 0) for rule, places in these.items())


def as_they_came(sequence: str, vintages: Sequence[Vintage], first: int = 1) -> Iterator[Trial]:
    """Every vintage from number `first` on."""
    with TemporaryDirectory() as name:
        zone = _knowing(vintages[:first], Path(name) / "zone")
        published = zone.candidate("published")
        for vintage in vintages[first:]:
            yield _trial(sequence, None, zone, vintage, published)
            published = (Path(name) / "zone" / "candidate.duckdb").replace(published)


def spoilt(
    sequence: str, vintages: Sequence[Vintage], kinds: Iterable[str], of: Mapping[str, Damage] = KINDS
) -> Iterator[Trial]:
    """The last vintage as it came, and then with each kind of damage that it can come to."""
    with TemporaryDirectory() as name:
        zone = _knowing(vintages[:-1], Path(name) / "zone")
        published = zone.candidate("published")
        for kind in (None, *kinds):
            vintage = damaged(kind, vintages, of) if kind else vintages[-1]
            if vintage is not None:
                yield _trial(sequence, kind, zone.branch(Path(name) / "branch"), vintage, published)
                shutil.rmtree(Path(name) / "branch")


def _knowing(vintages: Sequence[Vintage], folder: Path) -> Zone:
    folder.mkdir()
    zone = Zone(folder)
    for vintage in vintages:
        zone.load_frames(vintage.observations, vintage.series, vintage.known_at)
    return zone


def _trial(sequence: str, kind: str | None, zone: Zone, vintage: Vintage, published: Path) -> Trial:
    zone.load_frames(vintage.observations, vintage.series, vintage.known_at)
    findings = examined(zone.candidate("candidate"), published, vintage.known_at.date() + timedelta(days=1)).findings
    critical, warning = (
        {finding.rule: finding.count for finding in findings if finding.severity == severity}
        for severity in ("critical", "warning")
    )
    return Trial(sequence, vintage.known_at.date().isoformat(), kind, critical, warning)


class Count(NamedTuple):
    """How many trials there were, of how many the gate told, and how many it held back."""

    trials: int
    told: int
    held: int

    def __str__(self) -> str:
        share = f"{100 * self.told / self.trials:.1f} %" if self.trials else ""
        return f"{self.trials:6} {self.told:6} {self.held:6} {self.trials - self.told:7} {share:>8}"


def counted(trials: Sequence[Trial]) -> dict[str, Count]:
    """By cause of damage; what came unspoilt is 'as it came', and told of when anything is said at all."""
    came = {(trial.sequence, trial.known_at): trial for trial in trials if trial.kind is None}
    causes = dict.fromkeys(trial.kind.partition(",")[0] for trial in trials if trial.kind)
    table = {"as it came": _count([(trial, _SILENT) for trial in came.values()])}
    for cause in causes:
        of_cause = [trial for trial in trials if trial.kind and trial.kind.partition(",")[0] == cause]
        table[cause] = _count([(trial, came[trial.sequence, trial.known_at]) for trial in of_cause])
    spoilt_trials = [(trial, came[trial.sequence, trial.known_at]) for trial in trials if trial.kind]
    return {**table, "all damage": _count(spoilt_trials)}


_SILENT = Trial("", "", None, {}, {})


def _count(pairs: Sequence[tuple[Trial, Trial]]) -> Count:
    return Count(
        len(pairs),
        sum(trial.says_more_than(beside) for trial, beside in pairs),
        sum(trial.holds_more_than(beside) for trial, beside in pairs),
    )


def table(trials: Sequence[Trial]) -> str:
    """The confusion table, and every trial of damage of which nothing was said."""
    came = {(trial.sequence, trial.known_at): trial for trial in trials if trial.kind is None}
    rows = [f"{cause:45} {count}" for cause, count in counted(trials).items()]
    missed = [
        f"not told: {trial.sequence} {trial.known_at}: {trial.kind}"
        for trial in trials
        if trial.kind and not trial.says_more_than(came[trial.sequence, trial.known_at])
    ]
    falsely = [
        f"held: {trial.sequence} {trial.known_at}: {', '.join(trial.critical)}"
        for trial in trials
        if trial.kind is None and trial.critical
    ]
    missed += falsely
    return "\n".join([f"{'':45} trials   told   held  silent     told", *rows, *missed])


def all_there_is() -> Iterator[Trial]:
    """Every vintage of every sequence as it came, and the last of each with every kind of damage."""
    for name, read in SEQUENCES.items():
        vintages = read()[-LATELY:]
        yield from as_they_came(name, vintages)
        yield from spoilt(name, vintages, (*KINDS, *STALE))


def held_out_trials() -> Iterator[Trial]:
    """Every vintage of every succession that was held out as it came; the kinds of damage dealt out to them in turn."""
    for number, (name, vintages) in enumerate(held_out()):
        yield from as_they_came(name, vintages)
        yield from spoilt(name, vintages, list(MORE)[number % HANDS :: HANDS], MORE)


def main() -> None:
    """Print the confusion table."""
    parser = ArgumentParser(prog="python -m tests.trials")
    parser.add_argument("--held-out", action="store_true")
    trials: list[Trial] = []
    for trial in held_out_trials() if parser.parse_args().held_out else all_there_is():
        trials.append(trial)
        print(
            f"{len(trials)}: {trial.sequence} {trial.known_at} {trial.kind or 'as it came'}",
            file=sys.stderr,
            flush=True,
        )
    print(table(trials))


if __name__ == "__main__":
    main()
