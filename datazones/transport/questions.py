"""A request as it goes over the wire, and where a redirect may take it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import httpx

from datazones.errors import CatalogueInvalid, ProviderRefused
from datazones.model import Request
from datazones.transport.addresses import objection, parsed
from datazones.transport.manners import Manners
from datazones.transport.naming import Secrets, encoded, is_secret, request_key, with_params

_TRUST = "if this is right, add the host to the agency's hosts in the catalogue"


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `subject` is what errors call it; `url` is always the provider's own, simulated or not."""

    subject: str
    method: str
    url: httpx.URL
    headers: dict[str, bytes]
    content: bytes | None
    secrets: Secrets

    @property
    def host(self) -> str:
        return self.url.netloc.decode("ascii")

    @property
    def conditional(self) -> bool:
        """Whether 'not modified' would be an answer to it."""
        return not self.headers.keys().isdisjoint({"if-none-match", "if-modified-since"})

    def redirected(self, status: int, location: str, manners: Manners) -> Question:
        """The same question at another place of the provider's; ProviderRefused where we do not follow.

        Secret headers are for the host they were meant for. A POST is repeated only where the provider says so.
        """
        url = parsed(str(self.url.join(location))) if location and parsed(location) else None
        reason = objection(url, manners)
        if url is None or reason:
            raise self._astray(status, reason or "no place", location)
        if self.url.scheme == "https" and url.scheme != "https":
            raise self._astray(status, "a place without encryption", location)
        if self.method != "GET" and status not in (307, 308):
            raise self._astray(status, f"a place that is not asked by {self.method}", location)
        same = url.netloc == self.url.netloc
        headers = {name: text for name, text in self.headers.items() if same or not is_secret(name)}
        return replace(self, url=url, headers=headers)

    def _astray(self, status: int, reason: str, location: str) -> ProviderRefused:
        return ProviderRefused(
            self.subject,
            found=f"{status}, a redirect to {reason}: {self.secrets.hide(location)[:200]!r}",
            expected="an answer, or a redirect within the provider's hosts",
            next_step=_TRUST,
        )


def question(request: Request, manners: Manners, etag: str | None, last_modified: str | None) -> Question:
    """The request with our manners. Parameters are the query of a GET and the form of a POST.

    CatalogueInvalid when its url is not one that this provider is asked at; nothing has been connected to then.
    """
    get = request.method == "GET"
    asked = (*request.params, *request.secrets)
    url = parsed(with_params(request.url, asked) if get else request.url)
    subject = Secrets(request).hide(request_key(request))
    reason = objection(url, manners)
    if url is None or reason:
        raise CatalogueInvalid(
            subject,
            found=reason or "no url",
            expected="https at one of " + ", ".join(sorted(manners.allowed_hosts)),
            next_step=_TRUST,
        )
    headers = _headers(request, manners, etag, last_modified)
    content = None if get else encoded(asked).encode()
    return Question(subject, request.method, url, headers, content, Secrets(request))


def _headers(request: Request, manners: Manners, etag: str | None, last_modified: str | None) -> dict[str, bytes]:
    """By lower-case name. Validators go back byte by byte as they came: one provider dates its answers in CET."""
    ours = {"user-agent": manners.user_agent, "accept": "*/*", "accept-encoding": "gzip, deflate"}
    if request.method == "POST":
        ours["content-type"] = "application/x-www-form-urlencoded"
    given = {name.lower(): text for name, text in request.headers}
    headers = {name: text.encode() for name, text in {**ours, **given}.items()}
    validators = {"if-none-match": etag, "if-modified-since": last_modified}
    return headers | {name: text.encode("latin-1") for name, text in validators.items() if text}
