"""How every process of Prefect that we start is set, in one place: what it does when it is hurt is answered here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from dotenv import dotenv_values

UNTOLD = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
"""Nothing is sent away: neither by a server, nor by whatever imports Prefect on a terminal."""

EVERY = UNTOLD | {
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "datazones",
    "PREFECT_WORKER_QUERY_SECONDS": "5",
}
"""Nothing is sent away, asked or pickled; what we say of a run stands in its log. Workers look for what is due twice as
often as they would, because a run of ours lasts seconds."""

SERVER = {
    "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
    "PREFECT_SERVER_API_CORS_ALLOWED_METHODS": "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT",
    "PREFECT_SERVER_API_CORS_ALLOWED_HEADERS": "authorization,content-type,prefect-csrf-client,prefect-csrf-token",
    "PREFECT_SERVER_UI_API_URL": "/api",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # Leases held in memory are lost with the server, and block a deployment for good.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    # Connections to a database that was killed take their time to go: with the usual 15 all of them can be such.
    "PREFECT_SERVER_DATABASE_SQLALCHEMY_POOL_SIZE": "20",
    "PREFECT_SERVER_DATABASE_SQLALCHEMY_MAX_OVERFLOW": "40",
    # A slot that has become free is taken within seconds: the default leaves a chunk's workers idle for thirty.
    "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "10",
    # A busy machine is slow, not broken.
    "PREFECT_SERVER_DATABASE_TIMEOUT": "30",
    "PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT": "30",
    # A year of runs: what is old goes, and what waits in memory is bounded.
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P7D",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "7776000",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_QUEUE_MAX_SIZE": "10000",
}
"""A server that runs for a year: guarded against other pages of a browser, what it keeps bounded."""

DATABASE = "PREFECT_SERVER_DATABASE_CONNECTION_URL"

URL, AUTH, SERVERS_AUTH = "PREFECT_API_URL", "PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING"

_SERVERS_OWN = ("PREFECT_SERVER_", "PREFECT_API_DATABASE_", "PREFECT_REDIS_")


def guarded(auth: str) -> dict[str, str]:
    """A server that lets in whoever knows this `user:password`, and clients that do."""
    return {SERVERS_AUTH: auth, AUTH: auth}


def auth_in(given: Mapping[str, str]) -> str | None:
    """The auth string that the owner has chosen: whoever says it to the server or to its clients means both."""
    return given.get(SERVERS_AUTH) or given.get(AUTH)


def called(url: str, auth: str | None) -> dict[str, str]:
    """A client of the server whose API is there, with what it asks of whoever calls."""
    return {URL: url, **({AUTH: auth} if auth else {})}


def environment() -> dict[str, str]:
    """What was set for commands that are typed here: the environment, and the file `.env` beneath it."""
    return {name: text for name, text in dotenv_values(".env").items() if text is not None} | os.environ


def origins(addresses: Iterable[str]) -> dict[str, str]:
    """The pages from which a browser may call the server."""
    return {"PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": ",".join(addresses)}


def on_redis(url: str) -> dict[str, str]:
    """Leases, messages, the order of events and background work of a server in this Redis."""
    return {
        "PREFECT_REDIS_MESSAGING_URL": url,
        "PREFECT_REDIS_WORKER_CLEANUP_QUEUE_URL": url,
        "PREFECT_SERVER_DOCKET_URL": url,
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
        "PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE": "prefect_redis.cleanup_queue",
        "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
        "PREFECT_SERVER_EVENTS_MESSAGING_BROKER": "prefect_redis.messaging",
        "PREFECT_SERVER_EVENTS_MESSAGING_CACHE": "prefect_redis.messaging",
    }


def clients(environment: Mapping[str, str]) -> dict[str, str]:
    """The same environment without what is the server's alone: a worker and its runs need no password of a database."""
    return {name: text for name, text in environment.items() if not name.startswith(_SERVERS_OWN)}
