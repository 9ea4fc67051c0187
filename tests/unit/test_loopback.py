"""What is said to servers of this machine goes through no proxy of the network."""

from __future__ import annotations

import subprocess
import sys
from urllib.request import proxy_bypass_environment

import pytest

from datazones.loopback import HERE, unproxied
from infra.children import free_port

OTHERS = {"NO_PROXY": "example.net", "no_proxy": "example.org"}


@pytest.mark.parametrize(
    "given", [{}, {"NO_PROXY": "example.org"}, {"no_proxy": "example.org"}, OTHERS, {"NO_PROXY": "*"}]
)
def test_servers_here_are_asked_directly_and_others_as_before(given: dict[str, str]) -> None:
    proxies = {name.lower().removesuffix("_proxy"): text for name, text in (given | unproxied(given)).items()}
    assert all(proxy_bypass_environment(f"{host}:4200" if ":" not in host else host, proxies) for host in HERE)
    assert bool(proxy_bypass_environment("example.org", proxies)) == bool(given)
    assert bool(proxy_bypass_environment("example.com", proxies)) == (given == {"NO_PROXY": "*"})


def test_a_command_asks_its_own_servers_though_the_environment_names_a_proxy() -> None:
    away = f"http://127.0.0.1:{free_port()}"
    script = (
        "import threading, http.server, sys\n"
        "from datazones.cli import main\n"
        "sys.argv = ['datazones', '--version']\n"
        "try: main.main()\n"
        "except SystemExit: pass\n"
        "from infra.children import answers\n"
        "server = http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)\n"
        "threading.Thread(target=server.serve_forever, daemon=True).start()\n"
        "sys.exit(0 if answers(f'http://127.0.0.1:{server.server_port}/') else 'no answer')"
    )
    environment = {"PATH": "/usr/bin:/bin", **dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), away)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
