"""Which addresses are never connected to."""

from __future__ import annotations

import time
from ipaddress import ip_address

import httpx
import pytest

from datazones.transport.addresses import forbidden, rebased, resolved

_INSIDE = """
127.0.0.1 127.255.255.254 ::1 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 fc00::1 fd12:3456::1
0.0.0.0 :: 169.254.169.254 169.254.170.2 fe80::1 fd00:ec2::254 100.100.100.200 168.63.129.16 192.0.0.192
224.0.0.1 ff02::1 255.255.255.255 240.0.0.1 198.18.0.1 192.0.2.1 2001:db8::1 fec0::1
::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe
2002:7f00:1:: 2002:a00:1:: 2001:0:4136:e378:8000:63bf:80ff:fffe
"""
_PUBLIC = "8.8.8.8 1.1.1.1 93.184.216.34 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::"
_NEVER = """
169.254.169.254 fe80::1 fd00:ec2::254 100.100.100.200 168.63.129.16 0.0.0.0 :: 224.0.0.1 255.255.255.255
::ffff:169.254.169.254 64:ff9b::a9fe:a9fe
"""


@pytest.mark.parametrize("address", _INSIDE.split())
def test_an_inside_address_is_forbidden_however_it_is_wrapped(address: str) -> None:
    assert forbidden(ip_address(address), private_allowed=False)


@pytest.mark.parametrize("address", _PUBLIC.split())
def test_a_public_address_is_not(address: str) -> None:
    assert not forbidden(ip_address(address), private_allowed=False)


@pytest.mark.parametrize("address", _NEVER.split())
def test_some_are_forbidden_even_where_private_ones_are_allowed(address: str) -> None:
    assert forbidden(ip_address(address), private_allowed=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "fd12:3456::1"])
def test_private_ones_are_allowed_by_the_setting(address: str) -> None:
    assert not forbidden(ip_address(address), private_allowed=True)


def test_a_resolver_that_hangs_does_not_hold_us_up() -> None:
    def hanging(_host: str, _port: int) -> list[str]:
        time.sleep(3)
        return []

    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        resolved(hanging, "slow.example.org", 443, 0.1)
    assert time.monotonic() - begun < 1


def test_a_simulated_provider_is_asked_under_its_hosts_name() -> None:
    url = httpx.URL("https://api.worldbank.org/v2/country/CHN;USA?a=1&b=%2F")
    assert str(rebased(url, "http://127.0.0.1:8642/")) == (
        "http://127.0.0.1:8642/api.worldbank.org/v2/country/CHN;USA?a=1&b=%2F"
    )
    assert rebased(url, None) is url
