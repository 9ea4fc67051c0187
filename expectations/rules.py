"""What a rule of the gate is, and the list of them: every rule in every file of `suites/`.

A rule is a function that gives one expectation of Great Expectations. Its name, with the name of its file before it,
is the rule's id. Its docstring says what was expected, in words for whoever reads the report, and after "Next:" what
to look at when it fails; where it does not, the docstring of the file does.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from great_expectations.expectations.expectation import Expectation

from expectations import suites

Severity = Literal["critical", "warning", "info"]
Build = Callable[[], Expectation]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: how much its failure matters, what it expects, and the expectation, of the observations known now."""

    rule_id: str
    severity: Severity
    expected: str
    build: Build
    alone: bool = False


def rule(severity: Severity, *, alone: bool = False) -> Callable[[Build], Rule]:
    """Make a rule of a function: 'critical' holds the candidate back, 'warning' is shown, 'info' is recorded.

    `alone` says that an observation which breaks it is wrong by itself: it may be set aside and the rest go on.
    """

    def made(build: Build) -> Rule:
        subject = build.__module__.rpartition(".")[2]
        return Rule(f"{subject}.{build.__name__}", severity, _expected(build), build, alone)

    return made


def _expected(build: Build) -> str:
    """The first paragraph; the next says what to do, for docs/gate.md."""
    return " ".join((build.__doc__ or "").partition("\n\n")[0].split())


def rules() -> list[Rule]:
    """Every rule there is, by id."""
    modules = [import_module(f"{suites.__name__}.{found.name}") for found in pkgutil.iter_modules(suites.__path__)]
    found = [thing for module in modules for thing in vars(module).values() if isinstance(thing, Rule)]
    return sorted(found, key=lambda each: each.rule_id)
