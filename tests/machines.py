"""Machines of a test: network namespaces on a wire of their own, each with folders that no other one sees.

Nothing leaves this computer: the wire is a bridge inside the first machine, and no address of it is routed anywhere.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from infra.children import start
from tests.parts import needs

NETWORK = "10.77.0"
CLONE_NEWNET = 0x40000000


@dataclass(frozen=True)
class Machine:
    """One namespace and its address on the wire."""

    name: str
    address: str

    def starts(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str], *, own: Sequence[Path] = ()
    ) -> subprocess.Popen[bytes]:
        """A process on this machine, for which the folders in `own` are new and empty, and nobody else's."""
        mounts = " && ".join(["mount --make-rprivate /", *(f"mount -t tmpfs none {folder}" for folder in own)])
        words = ["ip", "netns", "exec", self.name, "sh", "-c", f'{mounts} && exec "$@"', "machine", *command]
        return start(words, log, environment)

    def pids(self) -> list[int]:
        told = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True, check=True)
        return [int(word) for word in told.stdout.split()]

    def loses_power(self) -> None:
        """Everything on it ends at once."""
        while pids := self.pids():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


@contextmanager
def at(machine: Machine) -> Iterator[None]:
    """What this thread and its children do on the wire in the block, they do from that machine."""
    with Path("/proc/thread-self/ns/net").open() as before, Path("/run/netns", machine.name).open() as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(before.fileno())


def _enter(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@contextmanager
def machines(count: int) -> Iterator[list[Machine]]:
    """So many of them, each of which reaches the others; gone with the block, and what runs on them too."""
    needs("ip", "iproute2")
    if os.geteuid():
        pytest.skip("network namespaces are made by root")
    made = [Machine(f"dz-{uuid4().hex[:8]}", f"{NETWORK}.{number}") for number in range(1, count + 1)]
    hub = made[0].name
    try:
        for machine in made:
            _ip("netns", "add", machine.name)
            _ip("-n", machine.name, "link", "set", "lo", "up")
        _ip("-n", hub, "link", "add", "wire", "type", "bridge")
        _ip("-n", hub, "addr", "add", f"{made[0].address}/24", "dev", "wire")
        _ip("-n", hub, "link", "set", "wire", "up")
        for number, machine in enumerate(made[1:]):
            here, there = ("name", f"port{number}", "netns", hub), ("name", "eth0", "netns", machine.name)
            _ip("link", "add", *here[1:], "type", "veth", "peer", *there)
            _ip("-n", hub, "link", "set", f"port{number}", "master", "wire", "up")
            _ip("-n", machine.name, "addr", "add", f"{machine.address}/24", "dev", "eth0")
            _ip("-n", machine.name, "link", "set", "eth0", "up")
        yield made
    finally:
        for machine in made:
            with suppress(subprocess.CalledProcessError):
                machine.loses_power()
                _ip("netns", "del", machine.name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
