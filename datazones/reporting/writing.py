"""The report written out, by templates that escape whatever they are given."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from datazones.reporting import plotting
from datazones.reporting.report import Report, headings
from datazones.reporting.summary import Summary, state
from datazones.reporting.words import in_html, in_json, in_markdown

SAMPLE = 8
"""Rows of a finding that a page shows; the JSON has all that the gate kept."""


def as_html(report: Report) -> str:
    """One page that needs nothing but itself: no script, no request, and a policy that would forbid both."""
    style = _source("report.css")
    hashed = b64encode(sha256(style.encode()).digest()).decode()
    # the style is ours and must reach the browser byte for byte: its hash is what the policy allows
    return _template("report.html", in_html).render(report=report, style=Markup(style), hashed=hashed)


def as_markdown(report: Report) -> str:
    """The same in short, as Prefect shows it in the page of a run."""
    return _template("artifact.md", in_markdown).render(report=report)


def summarised(summary: Summary) -> str:
    """What a run did, as Prefect shows it in the page of the run."""
    return _template("summary.md", in_markdown).render(summary=summary)


def as_json(report: Report) -> str:
    """All of it, for programs."""
    return in_json(report.plain())


def _template(name: str, escaped: Callable[[object], Markup]) -> Template:
    return _environment(escaped).get_template(name)


def _source(name: str) -> str:
    return resources.files(__package__ or "").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment(escaped: Callable[[object], Markup]) -> Environment:
    """Every value passes `escaped`, in this one place; what a template itself says does not."""
    environment = Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=True,
        finalize=lambda given: given if isinstance(given, Markup) else escaped(given),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = _figure
    environment.globals.update(plotted=plotting.plotted, sparkline=plotting.sparkline, picture=plotting, most=SAMPLE)
    environment.globals.update(headings=headings, state=state)
    return environment


def _figure(given: float | None) -> str:
    """A figure as a person reads it."""
    if given is None:
        return ""
    return f"{given:,.10g}" if 1e-4 <= abs(given) < 1e12 else f"{given:.6g}"
