"""What an object store's answers mean: absent, refused by a condition, unavailable, or wrong for good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from datazones.errors import CatalogueInvalid, DatazonesError, NotPermitted, StoreUnavailable

_ABSENT = {"NoSuchKey", "404"}
"""A HEAD has no body to name its error in."""
_REFUSED = {409, 412}
_DAMAGED = {"BadDigest", "InvalidDigest"}
_PASSING = {"RequestTimeout", "400", "SlowDown", "Throttling", "TooManyRequests"}
"""A RequestTimeout has status 400, and nothing else to tell it by when it answers a HEAD: seen of a busy Ceph."""
_NO_ANSWER = (exceptions.ConnectionError, exceptions.HTTPClientError, exceptions.IncompleteReadError, HTTPError)


@contextmanager
def asking(subject: str) -> Iterator[None]:
    """Within this, what goes wrong in the store's client becomes one of our errors.

    StoreUnavailable where the same call may succeed later; NotPermitted where the key may not do this; CatalogueInvalid
    where a setting has to change: wrong credentials, no such bucket, a request that this store does not take.
    """
    try:
        yield
    except (BotoCoreError, ClientError, HTTPError) as error:
        raise _typed(subject, error) from error


def is_absent(error: ClientError) -> bool:
    """Whether the answer says that there is no such object."""
    return _code(error) in _ABSENT


def is_denied(error: ClientError) -> bool:
    """Whether the answer withholds the object. Without the right to list a whole bucket that is also what is said of
    an object that does not exist."""
    return _http(error) == 403


def is_refused(error: ClientError) -> bool:
    """Whether a put was refused by its condition: by If-Match also when there is nothing to match."""
    return _http(error) in _REFUSED or is_absent(error)


def is_damaged(error: ClientError) -> bool:
    """Whether a put was refused because its bytes are not those its checksum promises."""
    return _code(error) in _DAMAGED


def _typed(subject: str, error: Exception) -> DatazonesError:
    if isinstance(error, ClientError) and _code(error) == "AccessDenied":
        return _withheld(subject, error)
    return _unavailable(subject, error) if _may_pass(error) else _misconfigured(subject, error)


def _may_pass(error: Exception) -> bool:
    if isinstance(error, ClientError):
        return _http(error) >= 500 or _code(error) in _PASSING
    return isinstance(error, _NO_ANSWER)


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def _http(error: ClientError) -> int:
    return error.response["ResponseMetadata"]["HTTPStatusCode"]


def _unavailable(subject: str, error: Exception) -> StoreUnavailable:
    return StoreUnavailable(
        f"the object store, at {subject}",
        found=str(error),
        expected="an answer",
        next_step="check the store's health and DATAZONES_STORE_URL, then run again; nothing was lost",
    )


def _withheld(subject: str, error: ClientError) -> NotPermitted:
    """The key is right, and is not let do this: a worker has the key of its own zone and no other."""
    return NotPermitted(
        f"the rights of this key, at {subject}",
        found=str(error),
        expected="a key that may do so there",
        next_step="run the zone where its own key is set (its own work queue), or set DATAZONES_STORE_ACCESS_KEY and "
        "DATAZONES_STORE_SECRET_KEY to that key; `datazones doctor --policies` says what each zone's key needs",
    )


def _misconfigured(subject: str, error: Exception) -> CatalogueInvalid:
    return CatalogueInvalid(
        f"the settings of the object store, at {subject}",
        found=str(error),
        expected="an endpoint, a bucket and credentials that may read and write there",
        next_step="correct the settings DATAZONES_STORE_*, or this machine's clock if the store finds it skewed",
    )
