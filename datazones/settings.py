"""What an installation sets: environment variables that begin with DATAZONES_, or a `.env` file beside where it runs.

Nothing else in the core reads the environment. Every field says what it is for; `datazones doctor` prints them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from pydantic import Field, HttpUrl, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from datazones.errors import CatalogueInvalid
from datazones.validating import first_fault

PREFIX = "DATAZONES_"
PROVIDERS_BASE = f"{PREFIX}PROVIDERS_BASE"
SHARED_S = 3000.0


class Settings(BaseSettings):
    """One installation. Secrets are read from the environment only and never printed."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_nested_delimiter="__", extra="ignore", frozen=True
    )

    home: Path = Field(
        Path(".datazones"), description="folder of working copies, pulled snapshots and the embedded store"
    )
    providers_base: HttpUrl | None = Field(
        None, description="ask a simulator at this address instead of the providers themselves"
    )
    simulated_hour_s: float | None = Field(
        None, gt=0, description="seconds that an hour of a simulated provider's quota lasts; unset: it has no quota"
    )
    store_url: HttpUrl | None = Field(
        None, description="S3 endpoint; unset: the embedded store, persisted in home, started and stopped as needed"
    )
    store_bucket: str = Field("datazones", description="bucket that holds every zone's prefix")
    store_region: str = Field("us-east-1", description="region that requests are signed for")
    store_access_key: SecretStr | None = Field(None, description="S3 access key")
    store_secret_key: SecretStr | None = Field(None, description="S3 secret key")
    secrets: dict[str, SecretStr] = Field(
        {}, description="what agencies ask of whom they know, e.g. DATAZONES_SECRETS__FRED_API_KEY"
    )
    signing_key: SecretStr | None = Field(
        None,
        description="Ed25519 private key that signs snapshots, 64 hex digits; unset: one a zone, made in home",
    )
    signing_keys: dict[str, SecretStr] = Field(
        {}, description="the same by zone, where each has a key of its own, e.g. DATAZONES_SIGNING_KEYS__BEIJING"
    )
    zones_folder: Path | None = Field(None, description="folder of zone files; unset: the ten that ship with Datazones")
    feeds_folder: Path | None = Field(None, description="folder of feed files; unset: those that ship with Datazones")
    agencies_folder: Path | None = Field(None, description="folder of agency files; unset: those that ship")
    now: datetime | None = Field(
        None, description="an instant to take for the present, for rehearsals and simulated time only"
    )
    contact: str = Field(
        "https://example.org/datazones", description="how a provider can reach the owner; part of the User-Agent"
    )
    shared_s: float | None = Field(
        None,
        ge=0,
        description="seconds for which what a provider answered one zone is taken for others that ask the same; "
        "unset: 3000, which bridges zones that are due one after the other, and 0 with simulated providers",
    )
    unbegun_s: float = Field(
        600.0, gt=0, description="seconds after which a run that Prefect has given out and nobody began is dead"
    )
    dask: str | None = Field(
        None,
        description="address of a Dask scheduler whose workers read the answers of a feed side by side, such as "
        "tcp://10.0.0.5:8786; unset: one process reads them",
    )
    gate: Path | None = Field(
        None,
        description="socket of an examining process that stands by (`python -m expectations.standby SOCKET`); unset: "
        "that of `datazones up` in the same home. Where nobody listens there, Great Expectations is imported anew",
    )
    memory_limit_mb: int = Field(1536, ge=128, description="most memory one DuckDB or one reading may take")
    threads: int = Field(2, ge=1, description="threads of one DuckDB")

    @field_validator("now")
    @classmethod
    def _with_zone(cls, given: datetime | None) -> datetime | None:
        if given is not None and given.tzinfo is None:
            raise ValueError("an instant with its offset, such as 2026-04-01T00:00:00Z")
        return given

    @property
    def fresh(self) -> timedelta:
        """For how long an answer is shared."""
        usual = 0.0 if self.providers_base else SHARED_S
        return timedelta(seconds=usual if self.shared_s is None else self.shared_s)

    def secret(self, name: str, docs: str) -> str:
        """The secret of that name; CatalogueInvalid says which setting it is, and `docs` where one gets it."""
        if name not in self.secrets:
            setting = secret_setting(name)
            raise CatalogueInvalid(
                f"the setting {setting}",
                found="nothing",
                expected="the secret that this provider knows us by",
                next_step=f"get one (see {docs}) and set {setting}, in the environment or in .env",
            )
        return self.secrets[name].get_secret_value()

    def clock(self) -> datetime:
        """The present, UTC, to the microsecond."""
        return self.now.astimezone(UTC) if self.now else datetime.now(UTC)


def secret_setting(name: str) -> str:
    """The environment variable that holds the secret of that name."""
    return f"{PREFIX}SECRETS__{name.upper()}"


@cache
def settings() -> Settings:
    """The settings of this process; CatalogueInvalid names the setting that cannot be understood."""
    try:
        return Settings()
    except ValidationError as error:
        fault = first_fault(error)
        name = PREFIX + "_".join(fault.at).upper()
        raise CatalogueInvalid(
            f"the setting {name}",
            found=fault.found,
            expected=fault.expected,
            next_step=f"correct or unset {name}, in the environment or in .env",
        ) from error
