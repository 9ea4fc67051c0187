"""Which faults meet which questions, and how often."""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from datazones.errors import UnknownCode
from infra.simulator.exchange import Answer, Asked, Provider
from infra.simulator.faults import OF_ANSWERS, OF_QUESTIONS

_OWN = ("match", "fault", "times")


@dataclass(slots=True)
class Rule:
    """`fault` with `options` for questions in whose `METHOD path?query form` the expression `match` is found.

    `times` counts down; None is always.
    """

    match: re.Pattern[str]
    fault: str
    times: int | None = None
    options: Mapping[str, object] = field(default_factory=dict)

    def plain(self) -> dict[str, object]:
        return {"match": self.match.pattern, "fault": self.fault, "times": self.times, **self.options}


def rule(said: object) -> Rule:
    """The rule that an object such as {"match": "page=2", "fault": "cut", "at": 100} says. UnknownCode for no rule."""
    known = {**OF_ANSWERS, **OF_QUESTIONS}
    try:
        if not isinstance(said, dict) or not isinstance(said.get("times"), int | None):
            raise TypeError("a rule is an object; times is a whole number")
        options = {name: option for name, option in said.items() if name not in _OWN}
        inspect.signature(known[said["fault"]]).bind(None, **options)
        return Rule(re.compile(said["match"]), said["fault"], said.get("times"), options)
    except (LookupError, TypeError, re.error) as error:
        raise UnknownCode(
            "a rule of the script",
            found=f"{said!r:.200}: {error}",
            expected=f"match, fault (one of {', '.join(known)}), its options, and times",
            next_step="see infra/simulator/faults.py for what each fault takes",
        ) from error


class Script:
    """The rules in force. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def replace(self, rules: list[Rule]) -> None:
        with self._lock:
            self._rules = rules

    def plain(self) -> list[dict[str, object]]:
        with self._lock:
            return [each.plain() for each in self._rules]

    def played(self, question: str, asked: Asked, provider: Provider) -> tuple[Answer, tuple[str, ...]]:
        """The answer as it leaves with every fault that meets the question, and the names of those."""
        met = self._met(question)
        for each in met:
            if each.fault in OF_QUESTIONS:
                asked = OF_QUESTIONS[each.fault](asked, **each.options)
        answer = provider(asked)
        for each in met:
            if each.fault in OF_ANSWERS:
                answer = OF_ANSWERS[each.fault](answer, **each.options)
        return answer, tuple(each.fault for each in met)

    def _met(self, question: str) -> list[Rule]:
        with self._lock:
            met = [each for each in self._rules if each.times != 0 and each.match.search(question)]
            for each in met:
                each.times = None if each.times is None else each.times - 1
            return met
