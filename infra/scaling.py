"""Writes `infra/compose.yaml` and `infra/kubernetes/`: `python -m infra.scaling`. A test holds them to this.

The same settings of Prefect as on one machine (`infra/prefect_settings.py`), the same image for every part, and no
secret: those come from the environment of `docker compose`, or from the Kubernetes secret `datazones`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from infra import prefect_settings
from infra.deployments import POOL
from infra.upkeep.parts import RECONCILED_EVERY_S

IMAGE = "datazones"
PORT = 4200
FOLDER = Path(__file__).parent

HEAD = "# Written by `python -m infra.scaling`; not edited by hand. docs/scaling.md says how it is used.\n"

DATABASE = "postgresql+asyncpg://datazones:{password}@{host}:5432/prefect"
REDIS = "redis://:{password}@{host}:6379/0"

OURS = ("DATAZONES_STORE_URL", "DATAZONES_STORE_BUCKET", "DATAZONES_STORE_ACCESS_KEY", "DATAZONES_STORE_SECRET_KEY")
SIGNING_KEY = "DATAZONES_SIGNING_KEY"
AUTH, PASSWORD = "PREFECT_AUTH_STRING", "FOUNDATIONS_PASSWORD"

Document = dict[str, object]


def compose() -> Document:
    """All parts on one Docker: `docker compose -f infra/compose.yaml up --scale worker=4`."""
    password = f"${{{PASSWORD}:?}}"
    auth = f"${{{AUTH}:?}}"
    client = {
        "PREFECT_API_URL": f"http://server:{PORT}/api",
        "PREFECT_API_AUTH_STRING": auth,
        **prefect_settings.EVERY,
        **{name: f"${{{name}:?}}" for name in (*OURS, SIGNING_KEY)},
    }
    server = {
        **prefect_settings.EVERY,
        **prefect_settings.SERVER,
        **prefect_settings.on_redis(REDIS.format(password=password, host="redis")),
        **prefect_settings.origins([f"http://127.0.0.1:{PORT}"]),
        prefect_settings.DATABASE: DATABASE.format(password=password, host="postgres"),
        prefect_settings.SERVERS_AUTH: auth,
    }
    up = {"server": {"condition": "service_healthy"}}
    told = {**up, "deploy": {"condition": "service_completed_successfully"}}
    return {
        "name": "datazones",
        "services": {
            "postgres": {
                "image": "postgres:15",
                "environment": {"POSTGRES_USER": "datazones", "POSTGRES_DB": "prefect", "POSTGRES_PASSWORD": password},
                "volumes": ["postgres:/var/lib/postgresql/data"],
                "healthcheck": _probed("pg_isready", "-U", "datazones", "-d", "prefect"),
                "restart": "unless-stopped",
            },
            "redis": {
                "image": "redis:7",
                "command": ["redis-server", "--requirepass", password, "--appendonly", "yes"],
                "volumes": ["redis:/data"],
                "restart": "unless-stopped",
            },
            "server": {
                **_ours("prefect", "server", "start", "--host", "0.0.0.0", "--port", str(PORT)),
                "environment": server,
                "ports": [f"127.0.0.1:{PORT}:{PORT}"],
                "depends_on": {
                    "postgres": {"condition": "service_healthy"},
                    "redis": {"condition": "service_started"},
                },
                "healthcheck": _probed("python", "-c", _ready()),
                "mem_limit": "2g",
            },
            "deploy": {**_ours("datazones", "deploy"), "environment": client, "depends_on": up, "restart": "no"},
            "worker": {
                **_ours("prefect", "worker", "start", "--pool", POOL),
                "environment": client,
                "depends_on": told,
                "deploy": {"replicas": 2},
                "stop_grace_period": "60s",
            },
            "reconciler": {
                **_ours("datazones", "reconcile", "--every", str(RECONCILED_EVERY_S)),
                "environment": client,
                "depends_on": told,
            },
        },
        "volumes": {"postgres": {}, "redis": {}},
    }


def _ours(*command: str) -> Document:
    return {
        "image": IMAGE,
        "build": {"context": "..", "dockerfile": "infra/Dockerfile"},
        "command": list(command),
        "restart": "unless-stopped",
    }


def _probed(*command: str) -> Document:
    return {"test": ["CMD", *command], "interval": "5s", "timeout": "5s", "retries": 24}


def _ready() -> str:
    return f"import urllib.request; urllib.request.urlopen('http://127.0.0.1:{PORT}/api/ready')"


def server_values() -> Document:
    """Values of Prefect's chart `prefect-server`: https://github.com/PrefectHQ/prefect-helm."""
    settings = {
        **prefect_settings.EVERY,
        **prefect_settings.SERVER,
        **{name: text for name, text in prefect_settings.on_redis("").items() if text},
    }
    secret = {
        prefect_settings.DATABASE: "database-url",
        prefect_settings.SERVERS_AUTH: "auth-string",
        **{name: "redis-url" for name, text in prefect_settings.on_redis("").items() if not text},
    }
    return {
        "server": {
            "replicaCount": 1,
            "env": [*_plain(settings), *_from_secret(secret)],
            "resources": {"requests": {"memory": "512Mi", "cpu": "500m"}, "limits": {"memory": "1536Mi"}},
        },
        "backgroundServices": {"runAsSeparateDeployment": True},
        "sqlite": {"enabled": False},
        "postgresql": {"enabled": False},
        "redis": {"enabled": False},
    }


def manifests() -> list[Document]:
    """What is ours on Kubernetes: one deployment of workers for the pool, one reconciler, and one job that deploys."""
    deploying: Document = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "datazones-deploy"},
        "spec": {"backoffLimit": 6, "template": {"spec": _pod("datazones", "deploy", restart="OnFailure")}},
    }
    worker = _pod("prefect", "worker", "start", "--pool", POOL)
    reconciler = _pod("datazones", "reconcile", "--every", str(RECONCILED_EVERY_S))
    return [deploying, _deployment("worker", 2, worker), _deployment("reconciler", 1, reconciler)]


def _deployment(name: str, replicas: int, pod: Document) -> Document:
    labels = {"app": f"datazones-{name}"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"datazones-{name}", "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _pod(*command: str, restart: str = "Always") -> Document:
    """Nothing of a pod is kept: a working copy that is lost is pulled again."""
    secret = {
        "PREFECT_API_AUTH_STRING": "auth-string",
        **{name: name.removeprefix("DATAZONES_").lower().replace("_", "-") for name in (*OURS, SIGNING_KEY)},
    }
    plain = {"PREFECT_API_URL": f"http://prefect-server:{PORT}/api", **prefect_settings.EVERY}
    return {
        "restartPolicy": restart,
        "terminationGracePeriodSeconds": 60,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 1000},
        "containers": [
            {
                "name": "datazones",
                "image": IMAGE,
                "command": list(command),
                "env": [*_plain(plain), *_from_secret(secret)],
                "resources": {"requests": {"memory": "1Gi", "cpu": "1"}, "limits": {"memory": "4Gi"}},
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [{"name": "home", "mountPath": "/home/datazones/home"}],
            }
        ],
        "volumes": [{"name": "home", "emptyDir": {"sizeLimit": "20Gi"}}],
    }


def _plain(settings: Mapping[str, str]) -> list[Document]:
    return [{"name": name, "value": text} for name, text in settings.items()]


def _from_secret(settings: Mapping[str, str]) -> list[Document]:
    return [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": "datazones", "key": key}}}
        for name, key in settings.items()
    ]


def rendered() -> dict[Path, str]:
    """Every file, by where it stands."""

    def text(*documents: Document) -> str:
        return HEAD + yaml.safe_dump_all(documents, sort_keys=False, width=120)

    return {
        FOLDER / "compose.yaml": text(compose()),
        FOLDER / "kubernetes" / "prefect-server-values.yaml": text(server_values()),
        FOLDER / "kubernetes" / "datazones.yaml": text(*manifests()),
    }


if __name__ == "__main__":
    for path, content in rendered().items():
        path.write_text(content, encoding="utf-8")
