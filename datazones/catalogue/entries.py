"""The three kinds of catalogue file, field by field."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from datazones.codes import FlagScheme
from datazones.slots import refuse_cron

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""An id that is also a file name, a key in the store and a Prefect name."""

Text = Annotated[str, StringConstraints(min_length=1)]

PublicKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""The public half of an Ed25519 key, in hex."""


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise ValueError("an IANA time zone such as Asia/Shanghai") from error
    return name


Cron = Annotated[str, AfterValidator(refuse_cron)]
"""Five fields of cron, in UTC."""


class Entry(BaseModel):
    """A catalogue file: every key is known, every value of its own type."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Evidence(Entry):
    """Why this zone is here: 'evidenced' by a public source, or a 'stand-in' that says so."""

    status: Literal["evidenced", "stand-in"]
    source: Text


class Zone(Entry):
    """A data jurisdiction: its own warehouse, prefix, schedule and owner; or a hub, which unites what those share."""

    zone_id: Word
    kind: Literal["jurisdiction", "hub"] = Field(
        "jurisdiction", description="a hub collects nothing: it is built from the published snapshots of the others"
    )
    name_en: Text
    name_zh: Text
    ref_area: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")] = Field(
        description="ISO 3166 or ISO 3166-2 code"
    )
    gb2260: Annotated[str, StringConstraints(pattern=r"^\d{6}$")] = Field(description="GB/T 2260 division code")
    evidence: Evidence
    timezone: Annotated[str, AfterValidator(_timezone)]
    owner: Text
    schedule: Cron = Field(description="cron, in UTC")
    patience_minutes: int = Field(
        360, ge=1, description="so long after it is due a slot may end before an operator is told that it is late"
    )
    prefix: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(/[a-z0-9_]+)*$")]
    topics: tuple[Word, ...] = Field((), description="what is collected; a hub has none")
    shares: tuple[Word, ...] = Field((), description="topics whose observations other zones and the hub may read")
    late_after_hours: int = Field(
        36, ge=1, description="of a hub: so long without a word from a zone, and the zone is shown as late"
    )

    public_keys: tuple[PublicKey, ...] = Field(
        (), description="keys that sign its snapshots; empty: the first that is seen is pinned"
    )
    retired_keys: tuple[PublicKey, ...] = Field(
        (), description="keys that signed older snapshots of it: heard below one of public_keys, never at the head"
    )

    @field_validator("retired_keys")
    @classmethod
    def _retired_by_another(cls, retired: tuple[str, ...], given: ValidationInfo) -> tuple[str, ...]:
        signing = given.data.get("public_keys", ())
        if retired and not signing:
            raise ValueError("public_keys with the key that signs in their place")
        if set(signing) & set(retired):
            raise ValueError("none of the keys in public_keys")
        return retired

    @property
    def local(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def patience(self) -> timedelta:
        return timedelta(minutes=self.patience_minutes)

    @property
    def collects(self) -> bool:
        """Whether it asks providers, and so has raw answers and a working copy; a hub has neither."""
        return self.kind != "hub"


class Agency(Entry):
    """A provider: where it may be reached, how often, and what it asks of those who pass its figures on."""

    agency_id: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_.]*$")]
    name: Text
    hosts: tuple[Text, ...] = Field(min_length=1, description="the only hosts asked, also after a redirect")
    calls_per_minute: float = Field(gt=0)
    licence: Text
    attribution: Text
    terms: Text = Field(description="the provider's page on those terms")
    docs: Text = Field(description="the provider's page on its interface")
    flag_scheme: FlagScheme | None = Field(None, description="what its status flags mean: one of codes.FLAG_SCHEMES")
    secrets: dict[str, Word] = Field({}, description="parameters of every question whose text is a secret of that name")


class Terms(NamedTuple):
    """On what terms figures are given, what is to be cited, and where the provider says so."""

    licence: str
    attribution: str
    terms: str


class Asked(Entry):
    """The question: `$name` in url and params is filled in from `each`, from the zone and from the window."""

    url: Annotated[str, StringConstraints(pattern=r"^https://[^\s@/]+/\S*$")]
    method: Literal["GET", "POST"] = "GET"
    params: dict[str, str] = {}
    headers: dict[str, str] = {}
    each: dict[str, tuple[str, ...]] = Field({}, description="one question for every combination of these")


class Periods(Entry):
    """The window that is asked when nobody says otherwise; `last` unset: the year (month, ...) of the run."""

    first: Text
    last: Text | None = None
    slice: Literal["A", "S", "Q", "M", "W", "D"] = Field(
        "A", description="a backfill asks so much at once: a year, half a year, a quarter, a month, a week or a day"
    )


class Release(Entry):
    """The provider's release calendar, in its own time zone: `cron`, a rule, or `dates` and times of day."""

    timezone: Annotated[str, AfterValidator(_timezone)]
    cron: Cron | None = Field(None, description="a rule, such as 0 10 17 * *; unset: the dates")
    dates: tuple[datetime, ...] = Field((), description="such as 2026-04-16T10:00:00; unset: the rule")
    dense_hours: int = Field(48, ge=1, description="so long after a release it is asked at every slot")
    early_minutes: int = Field(
        0, ge=0, le=720, description="so long before a release it is given to us, under embargo until then"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.cron) == bool(self.dates):
            raise ValueError("either a rule (cron) or dates")
        if any(moment.tzinfo for moment in self.dates):
            raise ValueError("dates as the provider's clock shows them, without an offset")
        return self

    @property
    def dense(self) -> timedelta:
        return timedelta(hours=self.dense_hours)

    @property
    def early(self) -> timedelta:
        return timedelta(minutes=self.early_minutes)


class Sum(Entry):
    """Series that the provider says add up: in `dimension`, `whole` is the sum of `parts`, all else alike."""

    dimension: Word
    whole: Text
    parts: tuple[Text, ...] = Field(min_length=2)
    tolerance: float = Field(0.005, ge=0, lt=1, description="relative difference that is rounding")


class Corrected(Entry):
    """A figure that the provider published wrongly; see `model.Correction`. It stands until the provider repairs it."""

    correction_id: Word
    cause: Text = Field(description="why this is a fault, and where one sees it")
    declared_on: date
    series_key: Text
    time_period: Text
    found: float
    corrected: float | None = Field(None, description="unset: no better figure is known, and none is loaded")


class Broken(Entry):
    """A break: from `since` on series are told in another unit, multiplier or base period. It stands for ever."""

    series: Text = Field(description="keys of the series; `*` and `?` stand for any characters and for one")
    since: date = Field(description="the day of the first release that tells them so")
    cause: Text = Field(description="what the provider changed, and where it says so")
    declared_on: date
    unit_measure: Text | None = Field(None, description="what it is from then on; unset: as before. Likewise:")
    unit_mult: int | None = None
    base_per: Text | None = None

    @model_validator(mode="after")
    def _says_what_changes(self) -> Self:
        if self.unit_measure is None and self.unit_mult is None and self.base_per is None:
            raise ValueError("unit_measure, unit_mult or base_per, as it is from then on")
        return self


class Renamed(Entry):
    """A series to which the provider gave another key. It stands for ever."""

    former_key: Text
    series_key: Text
    since: date = Field(description="the day of the first release under the new key")
    cause: Text = Field(description="why the provider changed it, and where it says so")
    declared_on: date


class Feed(Entry):
    """A dataflow as we collect it."""

    feed_id: Word
    title: Text
    agency: Word
    dataflow_id: Text
    dialect: Word
    topics: tuple[Word, ...] = Field(min_length=1)
    docs: Text
    licence: Text | None = Field(None, description="unset: the agency's; also those below")
    attribution: Text | None = None
    terms: Text | None = None
    request: Asked
    aside: dict[str, Asked] = Field({}, description="companion questions, by the part they are to the reading")
    periods: Periods
    labels: dict[str, str] = Field({}, description="columns the wire format leaves out, e.g. freq")
    absent: Literal["withdrawn", "kept"] = Field(
        "kept", description="what it means that a held observation of an answered series is not in a new answer"
    )
    catch_up: Literal["each", "latest"] = Field(
        "latest", description="which missed slots are made up: each, oldest first, or the latest for all of them"
    )
    quirks: tuple[Word, ...] = Field((), description="faults of the provider's format that are mended, see quirks/")
    corrections: tuple[Corrected, ...] = Field((), description="figures that are corrected")
    breaks: tuple[Broken, ...] = Field((), description="where series go on in another unit or base period")
    renames: tuple[Renamed, ...] = Field((), description="series that have another key now")
    tolerance: float = Field(1e-9, ge=0, lt=1, description="relative difference that is noise, not a revision")
    due_days: int | None = Field(
        None,
        ge=0,
        description="days after a period by which its figures are there; unset: the usual, or the `release` calendar",
    )
    release: Release | None = Field(None, description="when the provider releases; unset: it is asked at every slot")
    sums: tuple[Sum, ...] = Field((), description="what adds up, by the provider's own word")

    @property
    def keys_now(self) -> dict[str, str]:
        """Every former key of a series, with the key that it has after all renames."""
        next_key = {rename.former_key: rename.series_key for rename in self.renames}
        now = dict(next_key)
        for _ in next_key:
            now = {former: next_key.get(key, key) for former, key in now.items()}
        return now
