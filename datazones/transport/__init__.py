"""The only HTTP client: the politest and most suspicious one a provider has met.

`Transport.ask` answers one question, whole or not at all; `collect` asks all questions of a feed with their pages.
"""

from __future__ import annotations

from datazones.transport.asking import Transport
from datazones.transport.collecting import collect
from datazones.transport.manners import Answer, Manners
from datazones.transport.naming import request_key
from datazones.transport.proxies import Proxies

__all__ = ["Answer", "Manners", "Proxies", "Transport", "collect", "request_key"]
