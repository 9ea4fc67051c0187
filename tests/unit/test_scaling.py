"""Image, compose file and manifests: as good as can be told without an engine."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema

from infra import prefect_settings
from infra.deployments import POOL
from infra.scaling import FOLDER, rendered

ROOT = Path(__file__).parents[2]
SECRETS = (
    "AUTH_STRING",
    "CONNECTION_URL",
    "SECRET_KEY",
    "SIGNING_KEY",
    "ACCESS_KEY",
    "PASSWORD",
    "REDIS",
    "DOCKET_URL",
)


def _compose() -> dict[str, dict[str, dict[str, dict[str, str]]]]:
    found: dict[str, dict[str, dict[str, dict[str, str]]]] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    return found


@pytest.mark.parametrize("path", rendered(), ids=lambda path: path.name)
def test_what_is_written_is_what_the_settings_say(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == rendered()[path]


def test_the_compose_file_is_one_by_its_schema() -> None:
    jsonschema.validate(_compose(), get_builtin_schema("vendor.compose-spec"))
    wrong = _compose()
    wrong["services"]["server"]["portz"] = {}
    with pytest.raises(jsonschema.ValidationError, match="portz"):
        jsonschema.validate(wrong, get_builtin_schema("vendor.compose-spec"))


def test_every_manifest_is_one_that_kubernetes_takes() -> None:
    documents = list(yaml.safe_load_all((FOLDER / "kubernetes" / "datazones.yaml").read_text()))
    assert [document["kind"] for document in documents] == ["Job", "Deployment", "Deployment"]
    for document in documents:
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
    documents[1]["spec"]["replica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        kubernetes_validate.validate(documents[1], kubernetes_validate.latest_version(), strict=True)


def test_the_image_is_prepared_as_a_clone_is() -> None:
    steps = re.findall(r"^RUN (.*)$", (FOLDER / "Dockerfile").read_text(), re.MULTILINE)
    assert "make setup" in steps
    assert "setup:" in (ROOT / "Makefile").read_text()
    assert not [step for step in steps if "pip" in step or "uv " in step], "a second way to install"
    assert "USER datazones" in (FOLDER / "Dockerfile").read_text()


def test_no_file_holds_a_secret_and_the_server_alone_is_told_where_its_database_is() -> None:
    services = _compose()["services"]
    for service in services.values():
        for name, text in service.get("environment", {}).items():
            assert "${" in text or not any(word in name for word in SECRETS), name
    knowing = {name for name, one in services.items() if prefect_settings.DATABASE in one.get("environment", {})}
    assert knowing == {"server"}
    assert services["server"]["ports"] == ["127.0.0.1:4200:4200"]
    assert POOL in services["worker"]["command"]
