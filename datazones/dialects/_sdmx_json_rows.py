"""From a data set of SDMX-JSON, or a piece of one, to a frame: indices become codes, arrays become columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import cast

import numpy as np
import orjson
import polars as pl

from datazones.dialects._sdmx_groups import grouped, with_groups
from datazones.dialects._sdmx_json_structure import TIME, Component, Json, Structure, as_array, as_object
from datazones.dialects._wire import malformed

ANNOTATIONS = "ANNOTATIONS"
UNLISTED = "_UNLISTED"
"""Behind an attribute's id: the index that the data gives where the structure has no such value."""


def frame_of(piece: Json, structure: Structure) -> tuple[pl.DataFrame, set[str]]:
    """One row for each observation, columns by component ids; and which of them belong to series."""
    series_of = piece.get("series")
    if series_of is None:
        frame = _flat(as_object(piece.get("observations") or {}, "observations"), structure)
        own = set(frame.columns)
    else:
        frame, own = _nested(as_object(series_of, "series"), structure)
    dimensions = structure.all_dimensions()
    whole = {c.id: _only(c) for c in structure.dimensions["dataSet"]} | _of_data_set(piece, structure)
    frame = frame.with_columns(pl.lit(text, pl.String).alias(name) for name, text in whole.items())
    frame, _ = with_groups(frame, grouped(_groups(piece, structure), [c.id for c in dimensions]))
    of_series = set(frame.columns) - own - {c.id for c in dimensions}
    return frame.rename({c.id: TIME for c in dimensions if c.is_time}), of_series


def _only(component: Component) -> str | None:
    if component.codes is None or len(component.codes) != 1:
        raise malformed("SDMX-JSON", found=f"{component.id} of a data set without its one value", expected="one value")
    return component.codes[0]


def _flat(found: Json, structure: Structure) -> pl.DataFrame:
    return _rows(list(found), list(found.values()), structure)


def _nested(series_of: Json, structure: Structure) -> tuple[pl.DataFrame, set[str]]:
    """The observations of series with what is said of their series, and which columns they have of themselves."""
    entries = [as_object(entry, "series") for entry in series_of.values()]
    inner = [as_object(entry.get("observations") or {}, "observations") for entry in entries]
    given = list(zip_longest(*(as_array(entry.get("attributes") or [], "attributes") for entry in entries)))
    if len(given) > len(structure.attributes["series"]):
        raise malformed("SDMX-JSON series", found=f"{len(given)} attributes", expected="those of the structure")
    series = _indexed(list(series_of), structure.dimensions["series"]).hstack(
        _columns(given, structure.attributes["series"], len(entries))
    )
    noted = [_noted(as_array(entry.get("annotations") or [], "annotations"), structure) for entry in entries]
    if any(noted):
        series = series.with_columns(pl.Series(ANNOTATIONS, noted, pl.String))
    frame = _rows(
        list(chain.from_iterable(inner)), list(chain.from_iterable(found.values() for found in inner)), structure
    )
    own = set(frame.columns)
    which = np.repeat(np.arange(len(inner)), [len(found) for found in inner])
    repeated = series[pl.Series(which)] if series.width else pl.DataFrame()
    both = [name for name in repeated.columns if name in own]
    frame = frame.with_columns(pl.coalesce(frame[name], repeated[name]).alias(name) for name in both)
    return frame.hstack(repeated.drop(both)), own


def _rows(keys: list[str], arrays: Sequence[object], structure: Structure) -> pl.DataFrame:
    if set(map(type, arrays)) - {list}:
        raise malformed(
            "SDMX-JSON observations", found="an observation that is no array", expected="[figure, index, ...]"
        )
    components = structure.attributes["observation"]
    columns = list(zip_longest(*cast("Sequence[list[object]]", arrays))) or [()]
    columns[0] = columns[0] or (None,) * len(keys)
    frame = _indexed(keys, structure.dimensions["observation"]).with_columns(_figures(columns[0]))
    frame = frame.hstack(_columns(columns[1:], components, len(keys)))
    behind = columns[1 + len(components) :]
    if behind:
        noted = [_noted(indices, structure) for indices in zip(*behind, strict=True)]
        frame = frame.with_columns(pl.Series(ANNOTATIONS, noted, pl.String))
    return frame


def _indexed(keys: list[str], components: Sequence[Component]) -> pl.DataFrame:
    """Keys such as '0:3:1' as the codes they stand for."""
    text = pl.Series("key", keys, pl.String)
    indices = r"\d+(:\d+){" + str(len(components) - 1) + "}" if components else ""
    wrong = text.filter(~text.str.contains(f"^{indices}$"))
    if wrong.len():
        raise malformed("SDMX-JSON", found=f"the key {wrong[0]!r}", expected=f"{len(components)} indices joined by ':'")
    if not components:
        return pl.DataFrame(height=len(keys))
    parts = text.str.split_exact(":", len(components) - 1).struct.unnest()
    return pl.DataFrame([_coded(parts[:, nth], component) for nth, component in enumerate(components)])


def _coded(indices: pl.Series, component: Component) -> pl.Series:
    codes = pl.Series(component.id, component.codes or [], pl.String)
    at = indices.cast(pl.UInt32, strict=False)
    found = codes.gather(at.filter(at < codes.len()))
    if found.len() < indices.len() or found.null_count():
        raise malformed(
            "SDMX-JSON", found=f"an index of {component.id} that stands for nothing", expected=f"0 to {codes.len() - 1}"
        )
    return found


def _figures(column: Sequence[object]) -> pl.Series:
    """The figures: doubles where JSON has numbers, text where the provider writes text (IMF)."""
    kinds = set(map(type, column))
    if kinds - {str, float, int, type(None)}:
        raise malformed("SDMX-JSON observations", found=f"figures of {kinds}", expected="numbers, texts or null")
    if str in kinds:
        written = (value if isinstance(value, str | None) else orjson.dumps(value).decode() for value in column)
        return pl.Series("OBS_VALUE", list(written), pl.String)
    return pl.Series("OBS_VALUE", column, pl.Float64, strict=False)


def _columns(columns: Sequence[Sequence[object]], components: Sequence[Component], height: int) -> pl.DataFrame:
    """One column for each attribute, and one of the indices that stand for nothing, if it has any."""
    found: list[pl.Series] = []
    for nth, component in enumerate(components):
        column = columns[nth] if nth < len(columns) else (None,) * height
        found += _listed(column, component) if set(map(type, column)) <= {int, type(None)} else _told(column, component)
    return pl.DataFrame(found)


def _told(column: Sequence[object], component: Component) -> list[pl.Series]:
    """An attribute whose values stand in the data themselves, all or some (SDMX-JSON 2.0 leaves that free)."""
    return [pl.Series(component.id, [component.text(value) for value in column], pl.String)]


def _listed(column: Sequence[object], component: Component) -> list[pl.Series]:
    if component.codes is None:
        return _told(column, component)
    index = pl.Series(component.id + UNLISTED, column, pl.Int64, strict=False)
    if index.null_count() != list(column).count(None):
        raise malformed("SDMX-JSON", found=f"an index of {component.id} past any list", expected="small integers")
    inside = index.is_between(0, len(component.codes) - 1)
    texts = pl.Series(component.id, component.codes, pl.String).gather(
        pl.select(pl.when(inside).then(index)).to_series()
    )
    if component.default is not None:
        texts = pl.select(pl.when(index.is_null()).then(pl.lit(component.default)).otherwise(texts)).to_series()
    astray = pl.select(pl.when(~inside).then(index)).to_series().cast(pl.String)
    return [texts.alias(component.id), *([astray.alias(index.name)] if astray.null_count() < astray.len() else [])]


def _noted(indices: Sequence[object], structure: Structure) -> str | None:
    """The annotations of those indices as one text."""
    texts = structure.annotations
    found = [index for index in indices if isinstance(index, int)]
    if any(not 0 <= index < len(texts) for index in found):
        raise malformed("SDMX-JSON", found=f"the annotations {found}", expected=f"indices below {len(texts)}")
    return " | ".join(texts[index] for index in found) or None


def _of_data_set(piece: Json, structure: Structure) -> dict[str, str | None]:
    """Attributes of the whole data set; one of a single value that the data set does not index has that value."""
    given = as_array(piece.get("attributes") or [], "attributes")
    found: dict[str, str | None] = {}
    for component, value in zip_longest(structure.attributes["dataSet"], given):
        if component is None:
            raise malformed("SDMX-JSON data set", found=f"{len(given)} attributes", expected="those of the structure")
        alone = component.codes[0] if component.codes is not None and len(component.codes) == 1 else None
        found[component.id] = component.text(value) or (alone if not given else None)
    noted = _noted(as_array(piece.get("annotations") or [], "annotations"), structure)
    return found | ({ANNOTATIONS: noted} if noted else {})


def _groups(piece: Json, structure: Structure) -> list[dict[str, str]]:
    """Attributes of groups (2.0): under a key such as '0::', with nothing where any value of a dimension will do."""
    found: list[dict[str, str]] = []
    components = structure.attributes["dimensionGroup"]
    for key, array in as_object(piece.get("dimensionGroupAttributes") or {}, "dimensionGroupAttributes").items():
        indices = key.split(":")
        dimensions = structure.all_dimensions()[-len(indices) :]
        if len(dimensions) != len(indices):
            raise malformed(
                "SDMX-JSON group", found=f"the key {key!r}", expected="an index or nothing for each dimension"
            )
        group = {c.id: _only_code(c, index) for c, index in zip(dimensions, indices, strict=True) if index}
        cells = zip(components, as_array(array, "dimensionGroupAttributes"), strict=False)
        found.append(group | {c.id: text for c, cell in cells if (text := c.text(cell)) is not None})
    return found


def _only_code(component: Component, index: str) -> str:
    return str(_coded(pl.Series([index]), component)[0])
