"""Every request of a publish with a fault before or after it took effect. `make soak` disturbs the rest as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from datazones.publishing import StoreAddress
from tests.lossy import Fault
from tests.soak.disturbing import disturb


@pytest.mark.parametrize("fault", ["lost after", "500 after"])
def test_a_fault_at_any_request_is_got_over_and_what_was_won_is_known_as_won(
    embedded: StoreAddress, tmp_path: Path, fault: Fault
) -> None:
    tried, wrong = disturb(embedded, tmp_path, "publish", [fault])
    assert (tried, wrong) == (13, [])
