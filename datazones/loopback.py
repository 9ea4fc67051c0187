"""This machine, as its own servers are called, and how nobody is asked to pass on what is said to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HERE: Final = ("127.0.0.1", "localhost", "::1")
"""Where nobody on another machine can call."""

EXCEPTED: Final = ("NO_PROXY", "no_proxy")
"""Whoever is asked without the network's proxy, in both spellings of the variable."""

_EVERYBODY: Final = "*"


def unproxied(environment: Mapping[str, str]) -> dict[str, str]:
    """What to set so that servers of this machine are asked without a proxy, besides what is asked so already.

    A network's proxy cannot reach them; many an environment names one and makes no exception.
    """
    said = [environment[name] for name in EXCEPTED if environment.get(name)]
    if _EVERYBODY in said:
        return {}
    return dict.fromkeys(EXCEPTED, ",".join(dict.fromkeys([*said, *HERE])))
