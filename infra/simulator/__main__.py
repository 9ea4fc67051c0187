"""`python -m infra.simulator --port 8900 --now 2020-12-01T00:00:00Z --state FOLDER`"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from infra.simulator import facts
from infra.simulator.clock import Clock, moment
from infra.simulator.server import Simulator
from infra.simulator.volume import widened


def main() -> None:
    """Serves until it is interrupted; the first line on stdout is the base url."""
    parser = argparse.ArgumentParser(prog="python -m infra.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--now", type=moment, default=datetime.now(UTC), help="the world's first moment")
    parser.add_argument("--state", type=Path, help="folder in which the clock is kept; a kept clock wins over --now")
    parser.add_argument("--facts", type=Path, default=facts.PUBLISHED, help="folder of facts; see facts/README.md")
    parser.add_argument("--volume", type=int, default=0, help="so many made-up indicators more, of 17,000 figures each")
    options = parser.parse_args()
    world = widened(facts.load(options.facts), options.volume)
    simulator = Simulator(world, Clock(options.now, options.state), options.port)
    sys.stdout.write(simulator.base_url + "\n")
    sys.stdout.flush()
    try:
        simulator.serve_forever()
    except KeyboardInterrupt:
        simulator.server_close()


if __name__ == "__main__":
    main()
