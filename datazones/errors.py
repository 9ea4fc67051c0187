"""Every error Datazones raises on purpose.

Each says what was found, what was expected and what to do next, and is either `Transient` (the same call may succeed
later) or `Permanent` (it will not, until somebody changes something). A retry condition is one `isinstance`.
The heading of the same name in `docs/errors.md` says more; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from datazones.visible import visible

_INDENT = "\n      "


class DatazonesError(Exception):
    """What was found in `subject`, what was expected there, and what to do next.

    `code` is the class name, `exit_code` what the command line ends with.
    """

    exit_code: ClassVar[int] = 5

    def __init__(self, subject: str, *, found: str, expected: str, next_step: str) -> None:
        super().__init__(subject, found, expected, next_step)
        self.subject = subject
        self.found = found
        self.expected = expected
        self.next_step = next_step

    @property
    def code(self) -> str:
        return type(self).__name__

    def __str__(self) -> str:
        """Three parts, whose own further lines are set in: providers, too, are quoted, and none speaks for us."""
        parts = (
            f"{self.code} in {self.subject}: found {self.found}",
            f"  expected: {self.expected}",
            f"  next:     {self.next_step}",
        )
        return "\n".join(_INDENT.join(map(visible, part.split("\n"))) for part in parts)

    def __reduce__(self) -> tuple[object, ...]:
        """Errors cross process borders, so they pickle with their parts."""
        return (_again, (type(self), self.subject, self.found, self.expected, self.next_step, self.__dict__.copy()))


def _again(
    kind: type[DatazonesError], subject: str, found: str, expected: str, next_step: str, state: dict[str, object]
) -> DatazonesError:
    error = kind(subject, found=found, expected=expected, next_step=next_step)
    error.__dict__.update(state)
    return error


class Transient(DatazonesError):
    """The same call may succeed later; nothing needs to be changed."""

    exit_code = 4


class Permanent(DatazonesError):
    """The same call will fail again until somebody changes something."""


class ProviderUnavailable(Transient):
    """The provider did not answer, answered 5xx, cut its answer short or ran past the deadline."""


class RateLimited(Transient):
    """The provider asked us to wait; `retry_after` is in seconds."""

    def __init__(
        self, subject: str, *, found: str, expected: str, next_step: str, retry_after: float | None = None
    ) -> None:
        super().__init__(subject, found=found, expected=expected, next_step=next_step)
        self.retry_after = retry_after


class PagesShifted(Transient):
    """The pages of one answer do not belong to one state of the provider's table."""


class WarehouseBusy(Transient):
    """Another process holds the zone's working copy."""


class StoreUnavailable(Transient):
    """The object store did not answer, or answered 5xx."""


class DiskFull(Transient):
    """A disk of this machine has no room for what has to be written."""


class PrefectUnavailable(Transient):
    """Prefect's server did not answer, or answered 5xx."""


class SchedulerSilent(Transient):
    """Prefect's server answers and its scheduler makes no runs."""


class UnderEmbargo(Transient):
    """A provider has given figures before its release; they may not be read before it."""


class ProviderRefused(Permanent):
    """The provider understood the question and said no: 4xx, which is `status`, or 200 with an error inside."""

    def __init__(self, subject: str, *, found: str, expected: str, next_step: str, status: int | None = None) -> None:
        super().__init__(subject, found=found, expected=expected, next_step=next_step)
        self.status = status


class ResponseMalformed(Permanent):
    """The bytes are not what the dialect reads, or hold a value that cannot be kept as it is."""


class StructureChanged(Permanent):
    """The response is well formed but its dimensions, units or identity are not those that are held."""


class UnknownCode(Permanent):
    """A code, period or name that is in none of the lists it must come from."""


class NotPermitted(Permanent):
    """The user that this runs as may not use a file of this machine, or the key may not use an object of the store."""

    exit_code = 2


class MemoryShort(Permanent):
    """A step needs more memory than it may take."""


class CorrectionStale(Permanent):
    """A declared correction no longer finds the fault it corrects: the provider has repaired it."""


class CatalogueInvalid(Permanent):
    """A setting, zone, feed or agency file is missing, malformed or contradicts another."""

    exit_code = 2


class ExpectationsFailed(Permanent):
    """The gate examined a candidate and held it back."""

    exit_code = 3


class ValidatorBroken(Permanent):
    """The gate itself failed; nothing is said about the data."""


class SnapshotConflict(Permanent):
    """Another writer moved the zone's pointer first."""


class SnapshotTampered(Permanent):
    """Published bytes are not those the manifest promises."""


class SignerUnknown(Permanent):
    """A snapshot is signed, but by a key that this reader does not trust."""


class WarehouseDamaged(Permanent):
    """A working copy cannot be opened or contradicts its own load log."""


class WarehouseNewer(Permanent):
    """A warehouse was made by a newer Datazones than this one, which therefore leaves it alone."""


class RebuildDiffers(Permanent):
    """A warehouse made again from its raw answers is not the one that is held."""


class StoreUnsafe(Permanent):
    """The object store ignores create-only or compare-and-swap and would lose data."""


OF_ONE_FEED = (
    *(ProviderUnavailable, RateLimited, PagesShifted, ProviderRefused, ResponseMalformed),
    *(StructureChanged, UnknownCode, CorrectionStale, CatalogueInvalid, MemoryShort),
)
"""What is wrong with one feed says nothing about the others of a zone: they are refreshed all the same."""


def together(errors: Sequence[DatazonesError]) -> DatazonesError:
    """The one of them that decides what is done next, with the others told in `found`.

    That is the first that may pass by itself, if there is one: who tries again for its sake meets all others again.
    """
    first = next((error for error in errors if isinstance(error, Transient)), errors[0])
    besides(first, [error for error in errors if error is not first])
    return first


def besides(error: DatazonesError, others: Sequence[DatazonesError]) -> None:
    """Let the error tell of the others, too, in `found`."""
    told = (f"{other.code} in {other.subject}: {other.found}" for other in others)
    error.found = "; besides, ".join((error.found, *told))
