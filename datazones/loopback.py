"""This machine, as its own servers are called, and how nobody is asked to pass on what is said to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HERE: Final = ("127.0.0.1", "localhost", "::1")
"""Where nobody on another machine can call."""

_SPELLINGS: Final = ("NO_PROXY", "no_proxy")
_EVERYBODY: Final = "*"


def unproxied(environment: Mapping[str, str]) -> dict[str, str]:
    """What to set so that servers of this machine are asked without a proxy, besides what is asked so already.

    A network's proxy cannot reach them; many an environment names one and makes no exception.
    """
    said = [environment[name] for name in _SPELLINGS if environment.get(name)]
    if _EVERYBODY in said:
        return {}
    return dict.fromkeys(_SPELLINGS, ",".join(dict.fromkeys([*said, *HERE])))
