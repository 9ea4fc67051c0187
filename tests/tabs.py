"""A tab of a real browser that a test drives as a person does: it goes somewhere, reads, types, takes pictures.

Chromium's own protocol over a websocket: https://chromedevtools.github.io/devtools-protocol/tot/Page/
"""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from websockets.sync.client import ClientConnection, connect

from infra.children import start, stop_all
from tests.parts import needs

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--hide-scrollbars",
    "--remote-debugging-port=0",
)  # fmt: skip
PATIENCE_S = 120.0
LOOK_S = 0.2
MOST_BYTES = 64 * 2**20


@dataclass
class Tab:
    """One page that is shown."""

    _wire: ClientConnection
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def go(self, url: str) -> None:
        self._tell("Page.navigate", url=url)

    def text(self) -> str:
        """All that can be read on the page now."""
        return str(self.value("document.body ? document.body.innerText : ''"))

    def value(self, script: str) -> object:
        """What a script says on this page."""
        return self._tell("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def read(self, *words: str) -> str:
        """The text of the page once all of these words are on it."""
        return self._until(lambda text: all(word in text for word in words), f"{', '.join(words)} to be read")

    def press(self, words: str) -> None:
        """Click what has exactly this text, once it is there, as a mouse would."""
        script = (
            "(() => { const all = [...document.querySelectorAll('button, a, [role=tab]')];"
            f"const one = all.find(e => e.innerText.trim() === {json.dumps(words)}); if (!one) return null;"
            "one.scrollIntoView({block: 'center'}); const at = one.getBoundingClientRect();"
            "return [at.x + at.width / 2, at.y + at.height / 2]; })()"
        )
        self._until(lambda _: bool(self.value(script)), f"{words} to press")
        x, y = cast("list[float]", self.value(script))
        for kind in ("mousePressed", "mouseReleased"):
            self._tell("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, selector: str, words: str) -> None:
        """Put words into a field, as keys would."""
        focus = (
            f"(() => {{ const one = document.querySelector({json.dumps(selector)}); one?.focus(); return !!one; }})()"
        )
        self._until(lambda _: bool(self.value(focus)), f"a field {selector}")
        self._tell("Input.insertText", text=words)

    def photograph(self, into: Path, width: int = 1280, height: int = 800) -> None:
        self._tell("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        time.sleep(1.0)  # for what moves until it stands where it belongs
        into.write_bytes(base64.b64decode(self._tell("Page.captureScreenshot", format="png")["data"]))

    def _until(self, seen: Callable[[str], bool], wanted: str) -> str:
        until = time.monotonic() + PATIENCE_S
        while not seen(text := self.text()):
            if time.monotonic() > until:
                raise AssertionError(f"waited for {wanted}; the page says: {text}")
            time.sleep(LOOK_S)
        return text

    def _tell(self, method: str, **params: object) -> dict[str, Any]:
        number = next(self._numbers)
        self._wire.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(self._wire.recv(timeout=PATIENCE_S))).get("id") != number:
            pass
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result


@contextmanager
def tab(profile: Path) -> Iterator[Tab]:
    """A new browser with one empty page, closed with the block."""
    chromium = needs("chromium", "chromium")
    child = start([chromium, *FLAGS, f"--user-data-dir={profile}", "about:blank"], profile / "chromium.log")
    try:
        with connect(_page(profile, child), max_size=MOST_BYTES) as wire:
            yield Tab(wire)
    finally:
        stop_all([child], 5.0)


def _page(profile: Path, child: subprocess.Popen[bytes]) -> str:
    """Where the empty page is driven; Chromium writes its port once it listens."""
    said = profile / "DevToolsActivePort"
    until = time.monotonic() + PATIENCE_S
    while not said.exists() or not said.read_text().strip():
        assert child.poll() is None, (profile / "chromium.log").read_text()
        assert time.monotonic() < until
        time.sleep(LOOK_S)
    port = said.read_text().split()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=30) as answer:
        pages = [page for page in json.load(answer) if page["type"] == "page"]
    return str(pages[0]["webSocketDebuggerUrl"])
