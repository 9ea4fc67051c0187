"""What the header of an SDMX-CSV message says: which column is what.

https://github.com/sdmx-twg/sdmx-csv (1.0 begins with DATAFLOW, 2.0 with STRUCTURE; the ECB's own CSV with KEY).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from datazones.dialects._sdmx_csv_structure import Structure
from datazones.dialects._wire import cells_of, malformed
from datazones.errors import ResponseMalformed, StructureChanged

SUBJECT = "SDMX-CSV"
TIME, VALUE, ACTION, UPDATE, KEY = "TIME_PERIOD", "OBS_VALUE", "ACTION", "LAST UPDATE", "KEY"
FLOWS = ("DATAFLOW", "STRUCTURE_ID")
LABEL = ": "
"""What stands between a code and its label where a message has both in one cell."""

_ABOUT = frozenset({*FLOWS, "STRUCTURE", "STRUCTURE_NAME", ACTION, UPDATE, KEY, "SERIES_KEY", "OBS_KEY"})
"""Columns that say where a row belongs; the keys repeat its dimensions."""

_FIRST = re.compile(r'"?(DATAFLOW|STRUCTURE(?:\[[^\]]*\])?|KEY)"?([,;\t|])')
_BRACKETS = re.compile(r"\[[^\]]*\]")

_NEVER_DIMENSIONS = frozenset(
    {"OBS_STATUS", "OBS_FLAG", "OBS_CONF", "CONF_STATUS", "OBS_COM", "COMMENT_OBS", "OBS_PRE_BREAK", "PRE_BREAK_VALUE"}
    | {"UNIT_MULT", "DECIMALS", "TITLE", "TITLE_COMPL", "TIME_FORMAT", "AVAILABILITY", "COLLECTION", "EMBARGO_TIME"}
)
"""Attributes that stand among the dimensions in some messages (https://sdmx.org/guidelines/cross-domain-concepts/)."""

_OF_SERIES = frozenset(
    {"AVAILABILITY", "BREAKS", "COLLECTION", "COMPILATION", "COMPILING_ORG", "COVERAGE", "DATA_COMP", "DISS_ORG"}
    | {"DOM_SER_IDS", "METHOD_REF", "NAT_TITLE", "PUBL_ECB", "PUBL_MU", "PUBL_PUBLIC", "SOURCE_AGENCY", "SOURCE_PUB"}
    | {"TIME_FORMAT", "TIME_PER_COLLECT", "TITLE_COMPL", "UNIT_INDEX_BASE"}
)
"""Attributes that every structure of the ECB and the BIS attaches to series."""


class Header(NamedTuple):
    """`columns` has a name for every column. `labels` names the column with the labels of a dimension's codes."""

    separator: str
    columns: tuple[str, ...]
    about: tuple[str, ...]
    dimensions: tuple[str, ...]
    attributes: tuple[str, ...]
    of_series: frozenset[str]
    labels: Mapping[str, str]
    with_labels: bool
    time: str | None
    measure: str


def separator_of(line: str) -> str | None:
    """The character between the cells if this line begins as the header of an SDMX-CSV message does."""
    first = _FIRST.match(line)
    return first[2] if first else None


def header_of(line: str, separator: str, structure: Structure | None) -> Header:
    """The columns by what they are; ResponseMalformed or StructureChanged when that cannot be told."""
    cells = cells_of(line, SUBJECT, separator=separator)
    about = [_BRACKETS.sub("", cell) for cell in cells if _BRACKETS.sub("", cell) in _ABOUT]
    rest = cells[len(about) :]
    with_labels = any(LABEL in cell for cell in rest)
    ids = [_BRACKETS.sub("", cell.partition(LABEL)[0]) for cell in rest]
    paired = "STRUCTURE_NAME" in about and _paired(ids)
    if paired:
        ids = [name if not nth % 2 else f"{ids[nth - 1]}{LABEL}" for nth, name in enumerate(ids)]
    components = [name for name in ids if not name.endswith(LABEL)]
    _refuse_twice([*about, *components])
    roles = structure or _roles(components, keyed=KEY in about)
    named = {name.lower(): name for name in components}
    dimensions = _dimensions(roles, named)
    measure, time = named.get((roles.measure or VALUE).lower()), named.get(roles.time.lower())
    if measure is None:
        raise _without_figures(components)
    return Header(
        separator=separator,
        columns=(*about, *ids),
        about=tuple(about),
        dimensions=dimensions,
        attributes=tuple(name for name in components if name not in (*dimensions, measure, time)),
        of_series=frozenset(name for name in components if name.upper() in roles.of_series),
        labels={name: f"{name}{LABEL}" for name in dimensions if paired},
        with_labels=with_labels,
        time=time,
        measure=measure,
    )


def _paired(ids: list[str]) -> bool:
    """Whether every component is followed by a column with its labels (labels=name)."""
    return len(ids) % 2 == 0 and VALUE in ids[::2] and TIME not in ids[1::2] and not _NEVER_DIMENSIONS & {*ids[1::2]}


def _refuse_twice(names: list[str]) -> None:
    """Whatever their case: they are told apart without it."""
    twice = sorted(name for name, times in Counter(map(str.lower, names)).items() if times > 1)
    if twice:
        raise malformed(SUBJECT, found=f"the columns {twice} twice in the header", expected="each column once")


def _roles(components: list[str], *, keyed: bool) -> Structure:
    """Without a structure message the dimensions are the columns before the period, or before the figure."""
    ids = [name.upper() for name in components]
    end = next((ids.index(name) for name in (TIME, VALUE) if name in ids), 0)
    before = (name for name in components[:end] if keyed or name.upper() not in _NEVER_DIMENSIONS)
    return Structure(tuple(name for name in before if name.upper() != VALUE), TIME, VALUE, _OF_SERIES)


def _dimensions(structure: Structure, named: Mapping[str, str]) -> tuple[str, ...]:
    missing = [name for name in structure.dimensions if name.lower() not in named]
    if missing:
        raise StructureChanged(
            SUBJECT,
            found=f"the columns {[*named.values()]}",
            expected=f"also the dimensions {missing} of the structure beside the data",
            next_step="ask for the flow's structure again, or for all dimensions of the flow",
        )
    return tuple(named[name.lower()] for name in structure.dimensions)


def _without_figures(components: list[str]) -> ResponseMalformed:
    return malformed(
        SUBJECT,
        found=f"no column {VALUE} among {components}",
        expected="observations; attributes or availability alone are none, and another measure needs its structure",
    )
