"""What a snapshot promises, and the pointer that names it: canonical JSON, so that a digest of it means something.

Keys are relative to the zone's prefix:

    objects/<sha256>.<suffix>                  the files, each under the sha256 of its bytes: DuckDB, Parquet, report
    manifests/<generation>-<sha256>.json       what a snapshot is made of, under the sha256 of its own bytes
    manifests/<generation>-<sha256>.json.sig   who says so: an Ed25519 signature of the manifest's bytes
    held/<generation>-<snapshot_id>.json       what the gate held back, until a person approves it
    slots/<slot>/                              how a due slot ended, see `book`
    CURRENT                                    the pointer: the manifest that is published now, signed as well

The same content gives the same snapshot_id, but never the same DuckDB file twice: so a run that is killed before the
pointer moved leaves a file and a manifest that nothing refers to, and the next one, with other bytes, conflicts with
neither.
"""

from __future__ import annotations

from collections.abc import Set
from hashlib import sha256
from typing import Annotated, ClassVar, Final, Literal, Self

import orjson
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    ValidationError,
    model_serializer,
)

from datazones.errors import SnapshotTampered
from datazones.model import HeldFeed, Pin, Table, Verdict
from datazones.validating import first_fault

LAYOUT: Final = 2
"""Of manifests. A reader refuses a layout that it does not know; what each brought is in docs/publishing.md."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
"""What a person gave as a reason or a name."""
PublicKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Key = Annotated[str, StringConstraints(pattern=r"^(objects|manifests)/[0-9A-Za-z][0-9A-Za-z._-]*$")]


class Document(BaseModel):
    """JSON that is written once and never changed: every field is known, of its own type, and always there."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    _LATER: ClassVar[Set[str]] = frozenset()
    """Fields of a later layout are left out where they say nothing, so that older documents keep their bytes."""

    @model_serializer(mode="wrap")
    def _said(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        plain: dict[str, object] = write(self)
        return {name: value for name, value in plain.items() if value is not None or name not in self._LATER}

    def canonical(self) -> bytes:
        """The same bytes for the same content: sorted keys, UTF-8, no spaces."""
        return orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)

    @classmethod
    def read(cls, content: bytes, key: str) -> Self:
        """The document in these bytes; SnapshotTampered names the first field that is not as it must be."""
        try:
            document = cls.model_validate_json(content)
        except ValidationError as error:
            fault, layout = first_fault(error), cls.model_fields.get("layout")
            raise SnapshotTampered(
                key,
                found=f"{'.'.join(fault.at) or 'content'}: {fault.expected}",
                expected=f"a {cls.__name__.lower()}" + (f" of layout {layout.default}" if layout else ""),
                next_step="upgrade Datazones if a newer one wrote it; else find out who wrote to this prefix",
            ) from error
        if document.canonical() != content:
            raise SnapshotTampered(
                key,
                found="other bytes for the same content",
                expected="canonical JSON, as it was written",
                next_step="find out who wrote to this prefix; restore the object, or publish again",
            )
        return document


class Reference(Document):
    """One manifest: which snapshot it describes, where it is, and the sha256 of its bytes."""

    generation: int = Field(ge=1)
    snapshot_id: Sha256
    key: Key
    sha256: Sha256


class Signature(Document):
    """Who says so. The public key here proves nothing unless the reader trusts it."""

    layout: Literal[1] = 1
    public_key: PublicKey
    signature: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]


class Claim(Document):
    """What a zone publishes now. `write_id` is a nonce: no two pointers ever have the same bytes."""

    layout: Literal[1] = 1
    zone_id: str
    snapshot: Reference
    write_id: str


class Pointer(Claim):
    """A claim and its signature: nobody else can point to what was prepared and never published."""

    signature: Signature

    def claim(self) -> bytes:
        """The bytes that are signed."""
        return Claim(zone_id=self.zone_id, snapshot=self.snapshot, write_id=self.write_id).canonical()


class File(Document):
    """One file of a snapshot, under its name there. A Parquet file holds `rows` rows of one `table`; `content` is a
    digest of what they say."""

    _LATER: ClassVar = frozenset({"content"})

    name: str
    key: Key
    size: int = Field(ge=0)
    sha256: Sha256
    table: str | None
    rows: int | None
    content: Sha256 | None = None


class Approval(Document):
    """Why a person published what the gate had held back, and who."""

    because: Said
    by: Said


class Manifest(Document):
    """A snapshot: what is in it, what was found about it, and what it follows.

    `load_id` is the last load in it; `approval` is there only where the gate had held it back,
    or a person brought an older snapshot back. The verdict's findings
    are without their sample rows, which are in the report. `parent` names the manifest before it by its sha256, and so
    on back to the first: one good signature at the head vouches for all of them. `restores` is the older snapshot that
    a rollback brought back. `recipe` and `loose` say of the files how they were made (model.Candidate). `pins` are the
    snapshots of other zones that a hub was built from.
    """

    _LATER: ClassVar = frozenset({"recipe", "loose", "pins"})

    layout: Literal[1, 2] = LAYOUT
    zone_id: str
    generation: int = Field(ge=1)
    snapshot_id: Sha256
    parent: Reference | None
    restores: Reference | None
    created_at: AwareDatetime
    storage_version: str
    tables: tuple[Table, ...]
    files: tuple[File, ...]
    verdict: Verdict
    approval: Approval | None
    feeds: tuple[HeldFeed, ...]
    load_id: int
    code_version: str
    recipe: Sha256 | None = None
    loose: int | None = Field(default=None, ge=0)
    pins: tuple[Pin, ...] | None = None

    def reference(self) -> Reference:
        """As the pointer and the next manifest name this one."""
        digest = sha256(self.canonical()).hexdigest()
        key = f"manifests/{self.generation:010}-{digest}.json"
        return Reference(generation=self.generation, snapshot_id=self.snapshot_id, key=key, sha256=digest)

    def file(self, name: str) -> File | None:
        """The file of this name; None when the snapshot has none."""
        return next((file for file in self.files if file.name == name), None)


def snapshot_id(zone_id: str, tables: tuple[Table, ...]) -> str:
    """Identifies content: the same vintages give the same id, whoever built the files and whatever their bytes."""
    digests = {table.name: (table.rows, table.digest) for table in tables}
    return sha256(orjson.dumps([zone_id, digests], option=orjson.OPT_SORT_KEYS)).hexdigest()
