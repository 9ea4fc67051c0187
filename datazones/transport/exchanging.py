"""One question over one connection, and the proof that its answer is whole."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from http import HTTPStatus
from pathlib import Path

import httpcore
import httpx

from datazones.errors import (
    CatalogueInvalid,
    DatazonesError,
    ProviderRefused,
    ProviderUnavailable,
    ResponseMalformed,
)
from datazones.transport.inflating import Caps, inflate
from datazones.transport.proxies import Proxies, Proxy
from datazones.transport.questions import Question
from datazones.transport.waiting import Deadline
from datazones.transport.wire import AddressRefused, Wire

_EXCERPT = Caps(wire_bytes=1 << 20, inflated_bytes=1 << 22, ratio=100.0)
"""What a refusal may say."""

_IDLE_S = 15.0

_ASKED_AGAIN = "nothing: it is asked again; if it lasts, look at the provider's own status page"
_BY_PROXY = ", and at HTTPS_PROXY if this network has a proxy that leads outside"
_AUTHORITIES = "SSL_CERT_FILE or SSL_CERT_DIR"

logging.getLogger("httpcore").setLevel(logging.INFO)  # below that it logs headers, and providers echo keys in them

_VALIDATORS = ("etag", "last-modified")


def unavailable(subject: str, found: str, next_step: str = _ASKED_AGAIN) -> ProviderUnavailable:
    """The provider did not give a whole answer this time."""
    return ProviderUnavailable(subject, found=found, expected="a whole answer", next_step=next_step)


class Received:
    """An answer whose head is here and whose body is still on the wire."""

    def __init__(self, response: httpcore.Response, wire: Wire, question: Question) -> None:
        self._response = response
        self._wire = wire
        self._question = question
        self.status = response.status
        self.headers = dict(httpx.Headers(response.headers, encoding="latin-1"))
        self._chunked = "transfer-encoding" in self.headers
        self._length = int(self.headers["content-length"]) if "content-length" in self.headers else None

    def body(self, caps: Caps) -> bytes:
        """The whole body, inflated.

        Whole means: as long as Content-Length says, or ended by its last chunk, or by the end mark of its compression.
        A body that only ends because the connection does may be any part of itself, and is not taken.
        """
        subject = self._question.subject
        if self._length is not None and self._length > caps.wire_bytes:
            raise self._lying(f"{self._length} bytes announced", f"at most {caps.wire_bytes} on the wire")
        coding = self.public_headers.get("content-encoding", "")
        body = inflate(self._response.iter_stream(), coding, subject, caps)
        if self._length is not None and self._length != (body.wire_bytes if self._chunked else self._wire.after_head):
            raise self._lying("a body of another length", f"{self._length} bytes, as Content-Length says")
        if self._length is None and not self._chunked and not body.proven:
            raise unavailable(subject, "a body with neither a length nor an end mark, which may have been cut")
        return body.content

    def no_body(self) -> bytes:
        """The body of 'not modified', which has none: a length in its head is that of the answer that is held."""
        b"".join(self._response.iter_stream())  # nothing, but only what was read to its end leaves a clean connection
        self._length, self._chunked = 0, False
        return b""

    def excerpt(self) -> bytes:
        """What a refusal says, if it can be read: a broken text must not hide the status it comes with."""
        try:
            return self.body(_EXCERPT)
        except (DatazonesError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
            return b""

    @property
    def public_headers(self) -> dict[str, str]:
        """The headers as they may be kept: a secret that is echoed is hidden, validators stay byte for byte."""
        hide = self._question.secrets.hide
        return {name: text if name in _VALIDATORS else hide(text) for name, text in self.headers.items()}

    @property
    def ended(self) -> bool:
        """Whether nothing of this answer can be taken for the beginning of the next one."""
        return self._chunked or self._wire.after_head == (self._length or 0)

    def _lying(self, found: str, expected: str) -> ResponseMalformed:
        return ResponseMalformed(
            self._question.subject,
            found=found,
            expected=expected,
            next_step="ask for less at once, or raise the cap; if the length is wrong, tell the provider",
        )


class Lines:
    """Connections to the provider's hosts, at most one to each, kept open between questions."""

    def __init__(self, wire: Wire, certificates: Path | None, proxies: Proxies) -> None:
        self._wire = wire
        self._certificates = certificates
        self._proxies = proxies
        self._open: dict[str, httpcore.ConnectionInterface] = {}

    @contextmanager
    def exchange(self, question: Question, url: httpx.URL, deadline: Deadline) -> Iterator[Received]:
        """The answer to `question`, asked at `url`. The connection is kept only if the answer came to its end."""
        proxy = self._proxies.of(url)
        with _in_our_words(question, deadline, url, proxy):
            yield from self._exchange(question, url, deadline, proxy)

    def _exchange(
        self, question: Question, url: httpx.URL, deadline: Deadline, proxy: Proxy | None
    ) -> Iterator[Received]:
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        self._wire.begin(deadline)
        headers = [(b"host", url.netloc), *((name.encode(), text) for name, text in question.headers.items())]
        if question.content is not None:
            headers.append((b"content-length", b"%d" % len(question.content)))
        request = httpcore.Request(question.method, target, headers=headers, content=question.content)
        connection, response = self._asked(request, proxy)
        if proxy and response.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            connection.close()
            raise httpcore.ProxyError(f"{response.status}")
        kept = False
        try:
            with closing(response):
                received = Received(response, self._wire, question)
                yield received
            kept = received.ended and connection.is_available()
        finally:
            if kept:
                self._open[str(target.origin)] = connection
            else:
                connection.close()

    def _asked(
        self, request: httpcore.Request, proxy: Proxy | None
    ) -> tuple[httpcore.ConnectionInterface, httpcore.Response]:
        """The connection, and the head of the answer on it.

        A provider may close a kept connection at the very moment we ask on it. Then it has answered nothing, and is
        asked once more on a new one.
        """
        origin = request.url.origin
        kept = self._kept(origin)
        if kept is not None:
            try:
                return kept, _begun(kept, request)
            except (httpcore.NetworkError, httpcore.RemoteProtocolError):
                if not self._wire.silent:
                    raise
        fresh = self._connection(origin, proxy)
        return fresh, _begun(fresh, request)

    def _kept(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface | None:
        kept = self._open.pop(str(origin), None)
        if kept is not None and kept.has_expired():
            kept.close()
            return None
        return kept

    def _connection(self, origin: httpcore.Origin, proxy: Proxy | None) -> httpcore.ConnectionInterface:
        tls = self._tls if origin.scheme == b"https" or (proxy and proxy.encrypted) else None
        if proxy is not None:
            self._wire.trust(*proxy.endpoint)
            return proxy.connection(origin, tls, _IDLE_S, self._wire)
        return httpcore.HTTPConnection(origin, ssl_context=tls, keepalive_expiry=_IDLE_S, network_backend=self._wire)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made when it is needed: reading the authorities takes longer than many an answer.

        SSL_CERT_FILE and SSL_CERT_DIR count: a proxy that looks into what it passes on signs with an authority of the
        network's own.
        """
        try:
            context = httpx.create_ssl_context()
        except OSError as error:
            raise CatalogueInvalid(
                f"the setting {_AUTHORITIES}",
                found=f"a file or folder that cannot be read: {error}",
                expected="certificates of authorities, PEM",
                next_step=f"correct or unset {_AUTHORITIES}",
            ) from None
        if self._certificates is not None:
            context.load_verify_locations(self._certificates)
        return context

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()


def _begun(connection: httpcore.ConnectionInterface, request: httpcore.Request) -> httpcore.Response:
    """The answer up to its body."""
    try:
        return connection.handle_request(request)
    except BaseException:
        connection.close()
        raise


@contextmanager
def _in_our_words(question: Question, deadline: Deadline, url: httpx.URL, proxy: Proxy | None) -> Iterator[None]:
    """What the wire raises, as our errors. The cause is left behind: it may hold the request, with its secrets."""
    try:
        yield
    except httpcore.TimeoutException:
        raise unavailable(question.subject, f"no whole answer within {deadline.seconds:g} s{_through(proxy)}") from None
    except AddressRefused as refused:
        raise ProviderRefused(
            question.subject,
            found=f"{refused}, an address that is not public",
            expected="a public address",
            next_step="find out who answers for this name; private addresses are allowed by a setting only",
        ) from None
    except httpcore.LocalProtocolError as error:
        raise CatalogueInvalid(
            question.subject,
            found=f"a request that HTTP does not allow: {type(error).__name__}",
            expected="headers without line breaks or control characters",
            next_step="correct the feed's headers",
        ) from None
    except httpcore.ProxyError as error:
        if proxy is None:
            raise
        raise proxy.refusal(question.subject, url.netloc.decode("ascii"), str(error)) from None
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise _failure(question, error, proxy) from None


def _through(proxy: Proxy | None) -> str:
    return f", asked through {proxy}" if proxy else ""


def _failure(question: Question, error: Exception, proxy: Proxy | None) -> ProviderUnavailable | ProviderRefused:
    found = question.secrets.hide(f"{type(error).__name__}: {error}")[:300] + _through(proxy)
    if not isinstance(error.__cause__, ssl.SSLCertVerificationError):
        outside = isinstance(error, httpcore.ConnectError) and proxy is None
        return unavailable(question.subject, found, _ASKED_AGAIN + _BY_PROXY if outside else _ASKED_AGAIN)
    return ProviderRefused(
        question.subject,
        found=found,
        expected="a certificate that names this host and leads to an authority we know",
        next_step="do not go on without; if the provider leaves out a link of its chain, add it as a certificate; if a "
        f"proxy of the network signs for it, name that authority's file in {_AUTHORITIES}",
    )
