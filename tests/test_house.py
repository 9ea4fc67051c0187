"""The house rules that a machine can hold."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import yaml

from datazones import columns, errors
from datazones.catalogue import load
from infra import automations
from infra.deployments import declared, rendered

ROOT = Path(__file__).parents[1]
PACKAGES = ("datazones", "flows", "tasks", "expectations", "infra")
NOT_OUR_WORDS = {
    *("country", "geo", "region", "date", "year", "time", "value", "amount"),
    *("flag", "status", "version", "source", "dataset"),
}


def _kinds() -> dict[str, type[errors.DatazonesError]]:
    found = inspect.getmembers(
        errors, lambda thing: inspect.isclass(thing) and issubclass(thing, errors.DatazonesError)
    )
    branches = {errors.DatazonesError, errors.Transient, errors.Permanent}
    return {name: kind for name, kind in found if kind not in branches}


def test_every_error_has_a_heading_in_the_docs_and_every_heading_an_error() -> None:
    headings = re.findall(r"^### (\w+)$", (ROOT / "docs/errors.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(_kinds())


def test_every_error_is_either_transient_or_permanent_and_stands_under_its_branch() -> None:
    transient, permanent = (ROOT / "docs/errors.md").read_text().split("## Permanent")
    for name, kind in _kinds().items():
        assert f"### {name}\n" in (transient if issubclass(kind, errors.Transient) else permanent)


def test_no_column_of_ours_has_a_name_outside_the_glossary() -> None:
    ours = {column.name for column in (*columns.OBSERVATION, *columns.SERIES)}
    sql = "\n".join(path.read_text() for path in (ROOT / "datazones/warehouse/sql").glob("*.sql"))
    in_tables = set(
        re.findall(r"^\s+(\w+) (?:VARCHAR|INTEGER|BIGINT|DOUBLE|DATE|TIMESTAMP|SMALLINT)", sql, re.MULTILINE)
    )
    assert in_tables
    assert not (ours | in_tables) & NOT_OUR_WORDS


def test_every_column_handed_on_is_in_the_output_contract() -> None:
    contract = (ROOT / "docs/output-contract.md").read_text()
    assert [c.name for c in (*columns.OBSERVATION, *columns.SERIES) if c.name not in contract] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_the_deployments_are_exactly_the_zones_of_the_catalogue() -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    zones = {d["parameters"]["zone"]: d for d in deployments if d["entrypoint"].startswith("flows/refresh.py")}
    catalogue = load()
    assert sorted(zones) == sorted(catalogue.zones)
    for zone_id, zone in catalogue.zones.items():
        assert zones[zone_id]["schedules"] == [{"cron": zone.schedule, "timezone": "UTC"}]


def test_every_hub_is_built_on_its_own_schedule_and_when_a_member_has_published() -> None:
    catalogue = load()
    deployed = {d.parameters["hub"]: d for d in declared(catalogue) if d.entrypoint == "flows/unite.py:unite"}
    automatic = {automation.name: automation for automation in automations.declared(catalogue)}
    assert list(deployed) == list(catalogue.hubs) != []
    for name, hub in catalogue.hubs.items():
        assert deployed[name].schedules == (hub.schedule,)
        watched = automatic[name].trigger["match"]["prefect.resource.id"]
        assert watched == [f"datazones.zone.{zone.zone_id}" for zone in catalogue.members_of(hub)] != []


def test_a_catalogue_without_a_hub_has_none_deployed() -> None:
    alone = replace(load(), hubs={})
    assert not [d.name for d in declared(alone) if d.entrypoint == "flows/unite.py:unite"]
    assert [automation.name for automation in automations.declared(alone)] == ["notify"]


def test_prefect_yaml_is_what_the_catalogue_and_the_deployment_files_say() -> None:
    assert (ROOT / "prefect.yaml").read_text() == rendered(load()), "run `python -m infra.deployments`"


def test_every_declared_deployment_gives_parameters_that_its_flow_has() -> None:
    from prefect.flows import load_flow_from_entrypoint

    for deployment in declared(load()):
        flow = load_flow_from_entrypoint(str(ROOT / deployment.entrypoint), use_placeholder_flow=False)
        assert set(deployment.parameters) <= set(inspect.signature(flow.fn).parameters), deployment.name


def test_every_automation_waits_for_and_does_what_prefect_knows() -> None:
    from prefect.events.schemas.automations import AutomationCore

    for automation in automations.declared(load()):
        ids = {"deployment": "deployment_id", "block": "block_document_id"}
        actions = [
            {ids.get(name, name): str(UUID(int=0)) if name in ids else given for name, given in action.items()}
            for action in automation.actions
        ]
        AutomationCore.model_validate({**automation.model_dump(), "actions": actions})


def test_every_entrypoint_loads_strictly() -> None:
    from prefect.flows import load_flow_from_entrypoint

    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    for entrypoint in sorted({deployment["entrypoint"] for deployment in deployments}):
        flow = load_flow_from_entrypoint(str(ROOT / entrypoint), use_placeholder_flow=False)
        assert flow.fn.__module__


def test_no_file_of_flows_or_tasks_is_named_as_a_package_is() -> None:
    names = {path.stem for folder in ("flows", "tasks") for path in (ROOT / folder).glob("*.py")} - {"__init__"}
    assert not names & {*PACKAGES, "tests", "bench"}


def test_the_versions_that_work_together_stay_bounded() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {"prefect==3.8.8", "fastapi>=0.139,<=0.150", "sqlalchemy>=2.0,<2.1", "duckdb==1.5.5"} <= set(dependencies)


def test_the_layers_of_the_import_contract_are_the_modules_of_the_core() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = {name.strip() for layer in contracts[0]["layers"] for name in layer.split("|")}
    modules = {p.stem for p in (ROOT / "datazones").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert layers == modules - {"__init__"}


def test_every_decision_is_in_the_index_and_numbered_once() -> None:
    files = sorted(path.name for path in (ROOT / "docs/adr").glob("[0-9]*.md"))
    index = re.findall(r"\((\d{4}-[\w-]+\.md)\)", (ROOT / "docs/adr/README.md").read_text())
    assert sorted(index) == files
    assert len({name[:4] for name in files}) == len(files)


def test_a_zone_and_a_feed_are_chosen_from_those_that_there_are() -> None:
    from prefect.flows import load_flow_from_entrypoint

    flow = load_flow_from_entrypoint(str(ROOT / "flows/refresh.py:refresh"), use_placeholder_flow=False)
    offered = flow.parameters.properties
    assert offered["zone"]["enum"] == sorted([*load().zones, *load().hubs])
    assert offered["feeds"]["anyOf"][0]["items"]["enum"] == sorted(load().feeds)
