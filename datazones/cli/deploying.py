"""Telling a Prefect server what it needs to know: pool, deployments, quotas, automations.

Done again, it changes nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound

from datazones.catalogue import installed
from datazones.cli.serving import refuse_no_server
from datazones.errors import CatalogueInvalid, PrefectUnavailable
from datazones.settings import settings
from infra import automations, deployments
from infra.automations import Automation
from infra.deployments import FLOWS, POOL
from infra.upkeep.parts import prefect
from infra.upkeep.plan import CODE
from tasks.quotas import limit_name

OURS = "datazones"
"""The tag by which an automation is known to be ours, so that it goes when nothing declares it any more."""


def deploy() -> Iterator[dict[str, object]]:
    """What was put on Prefect's server, one row a kind."""
    refuse_no_server()
    catalogue = installed(settings())
    with get_client(sync_client=True) as client, TemporaryDirectory() as folder:
        yield {"what": f"work pool {POOL}", "found": _pool(client)}
        told = Path(folder) / "prefect.yaml"
        told.write_text(deployments.rendered(catalogue), encoding="utf-8")
        _run("--no-prompt", "deploy", "--all", "--prefect-file", str(told))
        wanted = {deployment.name for deployment in deployments.declared(catalogue)}
        yield {"what": "deployments", "found": f"{len(wanted)} as declared"}
        for name in _undeployed(client, wanted):
            yield {"what": f"deployment {name}", "found": "taken away: nothing declares it any more"}
        for agency in catalogue.agencies.values():
            per_second = agency.calls_per_minute / 60
            client.upsert_global_concurrency_limit_by_name(limit_name(agency), 1, per_second)
            yield {"what": f"quota {limit_name(agency)}", "found": f"{agency.calls_per_minute:g} calls a minute"}
        declared = automations.declared(catalogue)
        for automation in declared:
            yield {"what": f"automation {automation.name}", "found": _put(client, automation)}
        for name in _forgotten(client, {automation.name for automation in declared}):
            yield {"what": f"automation {name}", "found": "taken away: nothing declares it any more"}


def _pool(client: SyncPrefectClient) -> str:
    """One of processes, unless its owner has made it of another type."""
    try:
        return f"there, of type {client.read_work_pool(POOL).type}"
    except ObjectNotFound:
        _run("work-pool", "create", POOL, "--type", "process")
        return "made, of type process"


def _run(*words: str) -> None:
    """A command of Prefect's, run where `prefect.yaml` is."""
    environment = {**os.environ, "DATAZONES_CODE": str(CODE)}
    done = subprocess.run(
        prefect(*words), cwd=CODE, env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    sys.stderr.write(done.stderr)
    if done.returncode:
        raise PrefectUnavailable(
            f"`prefect {' '.join(words)}`",
            found=(done.stdout.strip().splitlines() or ["an end without a word"])[-1],
            expected="exit code 0",
            next_step=f"see that a server answers at PREFECT_API_URL, {os.environ.get('PREFECT_API_URL', 'unset')}",
        )


def _put(client: SyncPrefectClient, automation: Automation) -> str:
    """Make or change the automation of that name."""
    actions = [_action(client, automation, action) for action in automation.actions]
    missing = [str(action["block"]) for action in actions if "block" in action]
    if missing:
        return f"left out: no block named {', '.join(missing)} on the server"
    wanted = AutomationCore.model_validate(
        {**automation.model_dump(), "tags": [OURS], "actions": actions}, strict=False
    )
    held = client.read_automations_by_name(automation.name)
    if held:
        client.update_automation(held[0].id, wanted)
        return "as declared"
    client.create_automation(wanted)
    return "made"


def _action(client: SyncPrefectClient, automation: Automation, action: Mapping[str, Any]) -> dict[str, Any]:
    """The action with the ids of this server in place of names; one whose block is not there keeps its name."""
    found = dict(action)
    if "deployment" in found:
        found["deployment_id"] = str(_deployment(client, automation, found.pop("deployment")))
    blocks = {block.name: block.id for block in client.read_block_documents()} if "block" in found else {}
    if found.get("block") in blocks:
        found["block_document_id"] = str(blocks[found.pop("block")])
    return found


def _deployment(client: SyncPrefectClient, automation: Automation, name: str) -> UUID:
    try:
        return client.read_deployment_by_name(name).id
    except ObjectNotFound as error:
        raise CatalogueInvalid(
            f"infra/automations/{automation.name}.toml, key actions.deployment",
            found=name,
            expected="flow/deployment of a deployment on the server",
            next_step=f"correct actions.deployment in {automation.name}.toml",
        ) from error


def _undeployed(client: SyncPrefectClient, wanted: Container[str]) -> Iterator[str]:
    """Of zones and hubs that the catalogue has no more. What somebody made of our flows by a name of his own stays."""
    for kind in FLOWS:
        tagged = DeploymentFilter(tags=DeploymentFilterTags(all_=[kind]))
        for held in client.read_deployments(deployment_filter=tagged):
            if held.name in held.tags and held.name not in wanted:
                client.delete_deployment(held.id)
                yield held.name


def _forgotten(client: SyncPrefectClient, wanted: Container[str]) -> Iterator[str]:
    for held in client.read_automations():
        if OURS in held.tags and held.name not in wanted:
            client.delete_automation(held.id)
            yield held.name
