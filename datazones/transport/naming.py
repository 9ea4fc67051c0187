"""What a question is called, in keys, errors and logs: never with a secret in it."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, quote_plus, urlencode

from datazones.model import Request

_SECRET_NAMES = (
    "key", "api_key", "api-key", "apikey", "x-api-key", "subscription-key", "ocp-apim-subscription-key",
    "registrationkey", "token", "access_token", "secret", "client_secret", "password", "userid", "signature",
    "authorization", "cookie",
)  # fmt: skip
_ANY = "|".join(map(re.escape, _SECRET_NAMES))
_IN_QUERY = re.compile(rf"(?<![a-z0-9_-])((?:{_ANY})=)[^&#;\s\"'<>]*", re.IGNORECASE)
_USERINFO = re.compile(r"(://)(?:[^/?#\s]*|[^/?#\s:]*:(?!\d+[/?#])\S*)@")
"""Also where the password holds a slash, but not the @ in a path, which is how SDMX names a dataflow."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SHORTEST = 4
"""A shorter secret is no secret, and its text would be found in every word."""

HIDDEN = "***"


def is_secret(name: str) -> bool:
    """Whether a parameter or header of that name holds a secret."""
    return name.lower() in _SECRET_NAMES


def with_params(url: str, params: tuple[tuple[str, str], ...]) -> str:
    """The url with its own query untouched and the parameters behind it."""
    if not params:
        return url
    return f"{url}{'&' if '?' in url else '?'}{encoded(params)}"


def encoded(params: tuple[tuple[str, str], ...]) -> str:
    """Parameters as a query or form; the signs that statistical interfaces use as they are stay readable."""
    return urlencode(params, quote_via=quote, safe="/:,*")


def request_key(request: Request) -> str:
    """The identity of a question: method, url and parameters in order of their names, secrets hidden.

    Two questions that differ in a key only are one question.
    """
    path, _, query = request.url.partition("#")[0].partition("?")
    own = tuple((name, text) for name, _, text in (pair.partition("=") for pair in query.split("&") if pair))
    pairs = [f"{name}={text}" if text else name for name, text in own]
    pairs += [encoded((pair,)) for pair in request.params]
    pairs.sort(key=lambda pair: pair.partition("=")[0])
    return shown(f"{request.method} {path}{'?' if pairs else ''}{'&'.join(pairs)}")


def shown(text: str) -> str:
    """Text fit for an error or a log: one line, no control characters, no credentials, no secret parameters."""
    flat = _CONTROL.sub(" ", text)
    return _IN_QUERY.sub(rf"\1{HIDDEN}", _USERINFO.sub(rf"\1{HIDDEN}@", flat))


class Secrets:
    """The secrets of one question, to be taken out of whatever comes back: providers echo them."""

    def __init__(self, request: Request) -> None:
        own = parse_qsl(request.url.partition("#")[0].partition("?")[2])
        named = [*own, *request.params, *request.headers]
        found = {text for name, text in named if is_secret(name)} | {text for _, text in request.secrets}
        found = {text for text in found if len(text) >= _SHORTEST}
        forms = {form for text in found for form in (text, quote(text, safe=""), quote(text), quote_plus(text))}
        self._forms = sorted(forms, key=len, reverse=True)

    def hide(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return shown(text)
