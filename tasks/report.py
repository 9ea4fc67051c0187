"""Write down what the gate saw: the report beside the candidate, and in short in the page of the run."""

from __future__ import annotations

from hashlib import sha256
from importlib.metadata import version

from prefect import task
from prefect.artifacts import create_markdown_artifact

from datazones.model import Beside, Candidate, Verdict
from datazones.reporting import Report, as_html, as_json, as_markdown, places
from datazones.warehouse import around
from expectations.told import told
from tasks.display import display
from tasks.equip import Equipment, equipped


@task(task_run_name="report {candidate.zone_id}")
def report(candidate: Candidate, verdict: Verdict) -> tuple[Beside, ...]:
    """The report as HTML and JSON in files, and as an artifact of this run."""
    with equipped() as equipment, equipment.spending("report"):
        told = _told(equipment, candidate, verdict)
        display(
            create_markdown_artifact,
            as_markdown(told),
            f"gate-{candidate.zone_id}",
            f"{told.zone_name}: {told.outcome}",
        )
        folder = equipment.settings.home / "reports" / candidate.zone_id
        folder.mkdir(parents=True, exist_ok=True)
        written = {"report.html": as_html(told).encode(), "report.json": as_json(told).encode()}
        for name, content in written.items():
            (folder / name).write_bytes(content)
    return tuple(Beside(name, str(folder / name), sha256(content).hexdigest()) for name, content in written.items())


def _told(equipment: Equipment, candidate: Candidate, verdict: Verdict) -> Report:
    zone = equipment.catalogue.zone(candidate.zone_id)
    wanted = dict.fromkeys(place for finding in verdict.findings for place in places(finding))
    published = equipment.published(zone) if candidate.parent else None
    return Report(
        zone_name=f"{zone.name_en} {zone.name_zh}",
        examined_at=equipment.settings.clock(),
        candidate=candidate,
        verdict=verdict,
        curves=around(candidate.file, published, list(wanted), equipment.limits),
        code_version=version("datazones"),
        next_steps={rule.rule: rule.next_step for rule in told()} if verdict.findings else {},
    )
