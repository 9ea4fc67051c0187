"""Whether a worker has told Prefect's server that it is there: one that merely runs may be about to fail."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

from infra.children import ANSWER_S
from infra.deployments import POOL
from infra.prefect_settings import AUTH


class Reporting:
    """Of one worker, since it was begun last. Once heard of it is not asked for again: that the server is away is no
    fault of the worker's, which goes on when it is back."""

    def __init__(self, name: str, api_url: str, environment: Mapping[str, str]) -> None:
        self._name, self._api_url = name, api_url
        auth = environment.get(AUTH)
        self._client = str(uuid4())
        self._said = {"Content-Type": "application/json", "Prefect-Csrf-Client": self._client}
        if auth:
            self._said["Authorization"] = f"Basic {b64encode(auth.encode()).decode()}"
        self.begin()

    def begin(self) -> None:
        """What was heard until now is of another process."""
        self._since, self._heard = datetime.now(UTC), False

    def heard(self) -> bool:
        """Whether it has reported since."""
        if not self._heard:
            try:
                found = self._workers()
            except (OSError, ValueError):  # no server yet, or one that is busy: asked again at the next look
                return False
            self._heard = any(
                each["name"] == self._name and datetime.fromisoformat(each["last_heartbeat_time"]) >= self._since
                for each in found
            )
        return self._heard

    def _workers(self) -> list[dict[str, str]]:
        """Those that the server knows."""
        said = self._said | {"Prefect-Csrf-Token": self._token()}
        request = Request(f"{self._api_url}/work_pools/{POOL}/workers/filter", b"{}", said)
        with urlopen(request, timeout=ANSWER_S) as answer:
            found: list[dict[str, str]] = json.load(answer)
        return found

    def _token(self) -> str:
        """Without one the server takes no question that has a body."""
        request = Request(f"{self._api_url}/csrf-token?client={self._client}", headers=self._said)
        try:
            with urlopen(request, timeout=ANSWER_S) as answer:
                token: str = json.load(answer)["token"]
        except HTTPError as error:
            if error.code != 422:
                raise
            return ""  # its owner has switched that off
        return token
