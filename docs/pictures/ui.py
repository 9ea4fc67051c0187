"""Two pictures of Prefect's UI, of an installation that is up with --auth: `python docs/pictures/ui.py FOLDER`.

FOLDER is where `datazones up` was typed; beijing has to have been published there. A font with Chinese characters helps
(Debian's fonts-wqy-zenhei).
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.journey.installed import Installation
from tests.tabs import tab

HERE = Path(__file__).parent


def main() -> None:
    """Log in, look at the deployments and at the run that published, and keep what is seen."""
    found = Installation(Path(sys.argv[1]).resolve())
    ended = {"state": {"type": {"any_": ["COMPLETED"]}}, "name": {"like_": "beijing"}}
    run = found.asked("flow_runs/filter", {"flow_runs": ended, "sort": "START_TIME_ASC"})[0]
    with TemporaryDirectory() as profile, tab(Path(profile)) as browser:
        browser.go(found.state.ui_url)
        browser.type("input[type=password]", found.auth)
        browser.press("Login")
        browser.read("Dashboard")
        browser.go(f"{found.state.ui_url}/v2/deployments?limit=50")
        browser.read("anhui", "zhejiang")
        browser.photograph(HERE / "prefect-deployments.png", 1280, 860)
        browser.go(f"{found.state.ui_url}/v2/runs/flow-run/{run['id']}")
        browser.press("Artifacts")
        browser.read("gate-beijing")
        browser.photograph(HERE / "prefect-run.png", 1280, 960)


if __name__ == "__main__":
    main()
