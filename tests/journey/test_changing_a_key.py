"""A zone gets another signing key, step by step as the runbook says, and the old one is believed no more."""

from __future__ import annotations

import shutil
from pathlib import Path

from datazones.catalogue.loading import SHIPPED
from datazones.publishing import Signer, Store
from infra import local_s3
from tests.journey.homes import Home, keys_of
from tests.snapshots import SIGNER, candidate, put

SECRET = "0e" * 32
OLD, NEW = SIGNER.public_key, Signer.from_hex(SECRET).public_key


def _believing(folder: Path, **keys: list[str]) -> None:
    """Hunan's zone file, with these lists of keys."""
    shutil.copytree(SHIPPED / "zones", folder, dirs_exist_ok=True)
    named = "".join(f"{name} = {texts}\n" for name, texts in keys.items())
    (folder / "hunan.toml").write_text(named + (SHIPPED / "zones" / "hunan.toml").read_text())


def test_a_key_is_changed_as_the_runbook_says(tmp_path: Path) -> None:
    zones = tmp_path / "zones"
    with local_s3.running(tmp_path / "store", "datazones") as address:
        with Store.at(address) as store:
            first = put(store, "zones/hunan", candidate(tmp_path, "first"))
            put(store, "zones/hunan", candidate(tmp_path, "second", first.parent()))
        home = Home(tmp_path, keys_of(address) | {"DATAZONES_ZONES_FOLDER": str(zones)})

        _believing(zones, public_keys=[OLD])
        assert home.run("verify", "hunan").returncode == 0
        home.settings["DATAZONES_SIGNING_KEYS__HUNAN"] = SECRET
        refused = home.run("rollback", "hunan", "2", "--because", "a new key")
        assert refused.returncode == 2
        assert NEW in refused.stderr
        assert OLD in refused.stderr

        _believing(zones, public_keys=[OLD, NEW])
        signed = home.run("rollback", "hunan", "2", "--because", "a new key")
        assert signed.returncode == 0, signed.stderr
        again = home.run("rollback", "hunan", "2", "--because", "a new key")
        assert again.returncode == 5
        assert "whose content is published now" in again.stderr
        _believing(zones, public_keys=[NEW])
        refused = home.run("verify", "hunan")
        assert refused.returncode == 5
        assert "among retired_keys" in refused.stderr

        _believing(zones, public_keys=[NEW], retired_keys=[OLD])
        verified = home.run("verify", "hunan", "--json")
        assert verified.returncode == 0, verified.stderr
        assert NEW[:16] in verified.stdout
        assert '"manifests in the chain": 3' in verified.stdout
