"""A real S3 on loopback: Ceph's object gateway over one monitor and one disk in a file, in a folder of its own.

For tests of what an emulator does not show: enforced signatures, a server with habits of its own. It needs Debian's
packages radosgw, ceph-mon and ceph-osd (`infra/system_parts.sh`). About 20 s until it takes the first object.
Settings: https://docs.ceph.com/en/pacific/rados/configuration/
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from datazones.errors import DatazonesError, StoreUnavailable
from datazones.publishing import Store, StoreAddress, make_bucket
from infra.children import free_port, start, stop

START_S = 150.0
COMMAND_S = 60.0
MONITOR_REFUSALS = 10
DISK_STARTS = 5
"""About one start of the disk's process in ten fails while the monitor is settling."""

CONFIGURATION = """
[global]
fsid = {fsid}
mon host = v1:127.0.0.1:{monitor}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr2 = false
auth cluster required = none
auth service required = none
auth client required = none
run dir = {folder}/run
admin socket = {folder}/run/$name.$pid.asok
log file = {folder}/$name.log
crash dir = {folder}/crash
keyring = {folder}/keyring
mon data = {folder}/mon
osd data = {folder}/osd
osd objectstore = bluestore
bluestore block size = 10737418240
bluestore fsck quick fix on mount = false
osd memory target = 939524096
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd crush chooseleaf type = 0
osd class load list = *
osd class default list = *
osd class update on start = false
osd crush update on start = false
mon allow pool size one = true
mon warn on pool no redundancy = false
rgw enable usage log = false
rgw enable apis = s3, admin
rgw frontends = beast endpoint=127.0.0.1:{gateway} tcp_nodelay=1
[mon]
mon initial members = a
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster in a folder, and what it is told through."""

    folder: Path
    fsid: str
    monitor: int
    gateway: int

    def ask_monitor(self, *words: str) -> str:
        """What the monitor answers. One that is settling refuses now and then what it grants a moment later; every
        command that goes through here may be given twice."""
        for _ in range(MONITOR_REFUSALS):
            with suppress(StoreUnavailable):
                return self.tell("ceph", "--connect-timeout", "40", *words)
            time.sleep(1.0)
        return self.tell("ceph", "--connect-timeout", "40", *words)

    def tell(self, *words: str) -> str:
        """What one of Ceph's commands answers; StoreUnavailable with its last words when it fails."""
        program, *arguments = words
        command = [program, "-c", str(self.folder / "ceph.conf"), *arguments]
        try:
            told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=COMMAND_S)
        except subprocess.SubprocessError as error:
            said = error.stderr if isinstance(error, subprocess.CalledProcessError) else ""
            raise _failed(" ".join(words), said.strip().rpartition("\n")[2] or str(error)) from error
        return told.stdout

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start one of Ceph's servers in the foreground of a child."""
        program, *arguments = words
        command = [program, "-c", str(self.folder / "ceph.conf"), "-f", *arguments]
        return start(command, self.folder / f"{program}.out")

    def admit(self, user: str, address: StoreAddress) -> None:
        """A user with the address's key pair, who may do nothing in others' buckets until their policies say so."""
        keys = (f"--access-key={address.access_key}", f"--secret-key={address.secret_key}")
        self.tell("radosgw-admin", "user", "create", f"--uid={user}", f"--display-name={user}", *keys)


@contextmanager
def running(folder: Path, bucket: str) -> Iterator[StoreAddress]:
    """The bucket of a new cluster in an empty folder, for as long as the block lasts."""
    with clustered(folder, bucket) as (_, address):
        yield address


@contextmanager
def clustered(folder: Path, bucket: str) -> Iterator[tuple[Cluster, StoreAddress]]:
    """The same, with the cluster, which can admit other users."""
    cluster = Cluster(folder.resolve(), str(uuid4()), free_port(), free_port())
    address = StoreAddress(f"http://127.0.0.1:{cluster.gateway}", bucket, "datazones", uuid4().hex)
    _prepare(cluster)
    with ExitStack() as servers:

        def serve(*words: str) -> subprocess.Popen[bytes]:
            server = cluster.start(*words)
            servers.callback(stop, server, 0.0)
            return server

        serve("ceph-mon", "-i", "a")
        _add_disk(cluster)
        if not any(_is_up(cluster, serve("ceph-osd", "-i", "0")) for _ in range(DISK_STARTS)):
            raise _failed("ceph-osd", "a disk that ends at every start")
        serve("radosgw", "-n", "client.rgw")
        cluster.admit("datazones", address)
        _await_put(address)
        yield cluster, address


def _prepare(cluster: Cluster) -> None:
    """The monitor's files."""
    folder = cluster.folder
    for name in ("run", "osd"):
        (folder / name).mkdir(parents=True)
    settings = CONFIGURATION.format(fsid=cluster.fsid, monitor=cluster.monitor, gateway=cluster.gateway, folder=folder)
    (folder / "ceph.conf").write_text(settings)
    keys, plan = str(folder / "keyring"), str(folder / "monmap")
    cluster.tell("ceph-authtool", "--create-keyring", keys, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
    where = f"[v1:127.0.0.1:{cluster.monitor}/0]"
    cluster.tell("monmaptool", "--create", "--clobber", "--addv", "a", where, "--fsid", cluster.fsid, plan)
    cluster.tell("ceph-mon", "-i", "a", "--mkfs", "--monmap", plan, "--keyring", keys)


def _add_disk(cluster: Cluster) -> None:
    disk = str(uuid4())
    cluster.ask_monitor("osd", "new", disk, "0")
    cluster.tell("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk)
    cluster.ask_monitor("osd", "crush", "add", "osd.0", "1.0", "root=default", "host=localhost")


def _is_up(cluster: Cluster, disk: subprocess.Popen[bytes]) -> bool:
    """Wait until the disk serves; False when its process ended instead."""
    until = time.monotonic() + START_S
    while disk.poll() is None and time.monotonic() < until:
        if "1 up" in cluster.ask_monitor("osd", "stat"):
            return True
        time.sleep(0.5)
    return False


def _await_put(address: StoreAddress) -> None:
    """Wait for a put that succeeds: an open port is not enough."""
    until = time.monotonic() + START_S
    while True:
        try:
            make_bucket(address)
            with Store.at(address) as store:
                store.create("ready", b"")
                store.remove("ready")
        except DatazonesError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return


def _failed(what: str, found: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"Ceph, at `{what}`",
        found=found,
        expected="a cluster of one node that takes objects",
        next_step="read the logs in its folder, or run without it",
    )
