"""The rows of docs/faults.md about reading, each through the worker's own steps over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from datazones import dialects
from datazones.errors import DatazonesError, MemoryShort, Permanent, ResponseMalformed, StructureChanged
from datazones.staging import Reader
from infra.simulator.clock import moment
from infra.simulator.server import serving
from tests.faults.rows import BY_DIALECT, NOW, PLAIN, WORLD, WORLDBANK, expected, refused, row, unharmed
from tests.faults.worker import Worker, working
from tests.simulated import Question, Row

FIGURES = {"WB": "12310491333980.889", "NBS": "31325.9"}
"""GDP of 2017: of China in dollars, of Beijing in units of 100 million yuan."""
PATENTS, WITH_COMMAS = "193973", "12,310,491,333,980.889"
JSON = [each for each in PLAIN if each.dialect.endswith("_json") or each.dialect == "json_stat"]
TABLES = [each for each in PLAIN if each not in JSON and each.dialect != "sdmx_ml"]
SDMX_ML = BY_DIALECT["sdmx_ml"]

every_format = pytest.mark.parametrize("question", PLAIN, ids=lambda question: question.dialect)
every_json = pytest.mark.parametrize("question", JSON, ids=lambda question: question.dialect)


def written(question: Question) -> str:
    """A figure of the answer as this format writes it; it stands there once, or wherever the format repeats it."""
    return {"imf_weo": WITH_COMMAS, "nbs_json": PATENTS}.get(question.dialect, FIGURES[question.flow[0]])


def mistyped(question: Question, text: str) -> dict[str, object]:
    return {"match": "", "fault": "replaced", "old": written(question), "new": text}


def become(question: Question, figure: float | None) -> list[Row]:
    """The facts, where that one figure is another."""
    old = float(written(question).replace(",", ""))
    rows = expected(question)
    assert sum(each[2] == old for each in rows) == 1
    return sorted(((*each[:2], figure, *each[3:]) if each[2] == old else each for each in rows), key=repr)


def without(question: Question) -> list[Row]:
    """The facts but that one figure, where the format has no rows for gaps without a flag (docs/adr/0009)."""
    return [each for each in expected(question) if each in become(question, None)]


@row("parse.nan")
@every_format
def test_what_is_no_number_is_refused_or_a_gap(worker: Worker, question: Question) -> None:
    worker.script(mistyped(question, "NaN"))
    unharmed(worker, question, lambda rows: rows in (become(question, None), without(question)))


@row("parse.infinite")
@every_format
@pytest.mark.parametrize("text", ["-inf", "1e400"])
def test_what_is_not_finite_is_refused(worker: Worker, question: Question, text: str) -> None:
    worker.script(mistyped(question, text))
    refused(worker, question, Permanent)


@row("parse.400-digits")
@every_format
def test_a_number_of_400_digits_is_refused(worker: Worker, question: Question) -> None:
    worker.script(mistyped(question, "9" * 400))
    refused(worker, question, Permanent)


@row("parse.minus-zero")
@every_format
def test_minus_zero_is_zero(worker: Worker, question: Question) -> None:
    worker.script(mistyped(question, "-0"))
    unharmed(worker, question, lambda rows: [*map(_positive, rows)] == become(question, 0.0))


def _positive(each: Row) -> Row:
    return (*each[:2], each[2] and abs(each[2]), *each[3:])


@row("parse.thousands")
@every_format
def test_commas_between_thousands_are_understood_or_refused(worker: Worker, question: Question) -> None:
    worker.script(mistyped(question, "1,234"))
    unharmed(worker, question, lambda rows: rows == become(question, 1234.0))


@row("parse.marks")
@every_format
@pytest.mark.parametrize("text", [":", ".."])
def test_a_mark_for_a_missing_figure_is_refused_or_a_gap(worker: Worker, question: Question, text: str) -> None:
    worker.script(mistyped(question, text))
    left = without(question)
    unharmed(worker, question, lambda rows: rows in (become(question, None), left) or _flagged(rows, left))


def _flagged(rows: list[Row], left: list[Row]) -> bool:
    """Whether all else is there, and the figure gone with its flag kept."""
    (gap,) = (each for each in rows if each not in left)
    return gap[2] is None and gap[3] is not None


@row("parse.nul")
@every_format
def test_a_nul_within_a_figure_is_refused(worker: Worker, question: Question) -> None:
    worker.script(mistyped(question, "12\x0034"))
    refused(worker, question, Permanent)


@row("parse.surrogate")
@every_json
def test_half_a_letter_is_refused(worker: Worker, question: Question) -> None:
    worker.script({"match": "", "fault": "rewritten", "pattern": r'"(?=[A-Za-z@_])', "into": r'"\\ud800'})
    refused(worker, question, Permanent)


@row("parse.twice-in-header")
@pytest.mark.parametrize("question", TABLES, ids=lambda question: question.dialect)
def test_a_column_that_stands_twice_in_a_header_is_refused(worker: Worker, question: Question) -> None:
    years = {"owid_csv": ("Code", "Year"), "sdmx_csv": ("REF_AREA", "FREQ"), "eurostat_tsv": ("2015 ", "2016 ")}
    one, other = years.get(question.dialect, ("2015", "2016"))
    worker.script({"match": "", "fault": "replaced", "old": one, "new": other, "first": True})
    refused(worker, question, Permanent)


@row("parse.key-twice")
@every_json
def test_a_key_that_stands_twice_in_an_object_is_refused(worker: Worker, question: Question) -> None:
    key = r'"(value|date|total|count|limit|version|hasdata|dataSets|num_found)": ?'
    worker.script({"match": "", "fault": "rewritten", "pattern": key, "into": r'"\1":0,\g<0>', "first": True})
    refused(worker, question, Permanent)


def _cell(question: Question) -> tuple[str, str]:
    """A cell of a table as it is written, and what parts it from others."""
    figure = written(question)
    match question.dialect:
        case "eurostat_tsv":
            return f"{figure} r", "\t"
        case "imf_weo":
            return figure, "\t"
        case "worldbank_csv":
            return f'"{figure}"', ","
    return figure, ","


@row("parse.row-too-long")
@pytest.mark.parametrize("question", TABLES, ids=lambda question: question.dialect)
def test_a_row_with_a_cell_more_is_refused(worker: Worker, question: Question) -> None:
    cell, between = _cell(question)
    worker.script({"match": "", "fault": "replaced", "old": cell, "new": f"{cell}{between}", "first": True})
    refused(worker, question, Permanent)


@row("parse.row-too-short")
@pytest.mark.parametrize(
    "question", [each for each in TABLES if each.dialect != "imf_weo"], ids=lambda question: question.dialect
)
def test_a_row_with_a_cell_less_is_refused(worker: Worker, question: Question) -> None:
    """But for the World Economic Outlook, whose rows always end after their last cell."""
    cell, between = _cell(question)
    worker.script({"match": "", "fault": "replaced", "old": f"{between}{cell}", "new": "", "first": True})
    refused(worker, question, Permanent)


@row("parse.deep-json")
@every_json
def test_json_nested_without_end_is_refused(worker: Worker, question: Question) -> None:
    worker.script({"match": "", "fault": "status", "code": 200, "body": "[" * 200_000})
    refused(worker, question, Permanent)


@row("parse.deep-xml")
def test_xml_nested_without_end_is_refused(worker: Worker) -> None:
    worker.script(
        {"match": "", "fault": "rewritten", "pattern": "<gen:Obs>", "into": "<gen:Obs>" * 100_000, "first": True}
    )
    refused(worker, SDMX_ML, Permanent)


@row("parse.entities")
def test_entities_are_refused(worker: Worker) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    worker.script({"match": "", "fault": "rewritten", "pattern": r"\?>", "into": f"?>{bomb}", "first": True})
    refused(worker, SDMX_ML, Permanent, saying="document type")


HOSTILE = '''
"""A dialect that does to its process what the answer says."""

import os
import signal

import polars as pl


def recognises(head):
    return head.startswith(b"hostile ")


def read(body, hints):
    match body.split()[1]:
        case b"panic":
            class Panic(pl.exceptions.PanicException):
                pass
            raise Panic("as polars does")
        case b"segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"memory":
            held = [bytearray(1 << 24) for _ in range(1 << 20)]
        case b"loop":
            while True:
                pass
    yield from ()
'''
KILLING = {
    "parse.panic": ("panic", ResponseMalformed, "Panic"),
    "parse.segfault": ("segfault", ResponseMalformed, "died"),
    "parse.killed": ("killed", ResponseMalformed, "died"),
    "parse.memory": ("memory", MemoryShort, "raise DATAZONES_MEMORY_LIMIT_MB if it is sound"),
    "parse.loop": ("loop", ResponseMalformed, "no end within"),
}


@pytest.fixture(scope="module")
def endangered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Worker, Question]]:
    """A worker with one dialect more, which is hostile, in its own process and in that of its reader."""
    folder, beside = tmp_path_factory.mktemp("endangered"), tmp_path_factory.mktemp("dialects")
    (beside / "a_hostile_one.py").write_text(HOSTILE)
    more = f"import datazones.dialects\ndatazones.dialects.__path__.append({str(beside)!r})\n"
    (beside / "sitecustomize.py").write_text(more)
    hostile = Question("hostile", "a_hostile_one", "https://api.worldbank.org/v2/country/CHN")
    with pytest.MonkeyPatch.context() as patch, serving(NOW, world=WORLD) as base:
        patch.setenv("PYTHONPATH", str(beside))
        patch.setattr(dialects, "__path__", [*dialects.__path__, str(beside)])
        dialects.names.cache_clear()
        with Reader(512, 300.0) as reader, working(folder, base, [hostile, WORLDBANK], moment(NOW)) as worker:
            worker.equipment.__dict__["reader"] = reader
            yield worker, hostile
    dialects.names.cache_clear()


@row("parse.process-dies")
@pytest.mark.parametrize(("told", "kind", "saying"), KILLING.values(), ids=KILLING)
def test_a_reading_that_takes_its_process_down_is_an_error_and_the_worker_goes_on(
    endangered: tuple[Worker, Question], told: str, kind: type[DatazonesError], saying: str
) -> None:
    worker, hostile = endangered
    worker.script({"match": "country/CHN\\b(?!;)", "fault": "status", "code": 200, "body": f"hostile {told} "})
    assert worker.read(WORLDBANK) == expected(WORLDBANK)
    worker.equipment.reader._deadline_s = 2.0 if told == "loop" else 300.0
    refused(worker, hostile, kind, saying=saying)
    worker.equipment.reader._deadline_s = 300.0
    assert worker.read(WORLDBANK) == expected(WORLDBANK)


def rewriting(pattern: str, into: str, *, first: bool = False) -> dict[str, object]:
    return {"match": "", "fault": "rewritten", "pattern": pattern, "into": into, "first": first}


ADDED = {
    "sdmx_csv": [rewriting(r"^(KEY,.*?)(\r?)$", r"\1,REMARK\2"), rewriting(r"^(WDI\..*?)(\r?)$", r"\1,seen\2")],
    "worldbank_json": [rewriting('"decimal":0', '"decimal":0,"remark":"seen"')],
    "sdmx_ml": [rewriting('(<gen:Value id="OBS_STATUS")', r'<gen:Value id="REMARK" value="seen"/>\1')],
    "fred_json": [rewriting('"value": ', '"remark": "seen", "value": ')],
    "dbnomics_json": [rewriting('"series_name": ', '"remark": "seen", "series_name": ')],
    "nbs_json": [rewriting('"dotcount":', '"remark":"seen","dotcount":')],
    "json_stat": [rewriting('"source": ', '"remark": "seen", "source": ')],
    "owid_csv": [rewriting(r"^(Entity.*)$", r"\1,Region"), rewriting(r"^((?:China|United).*)$", r"\1,Asia")],
}
REMOVED = {
    "sdmx_csv": [rewriting(r"^([^,]*,[^,]*,[^,]*),[^,]*,", r"\1,")],
    "worldbank_json": [rewriting('"date":"[0-9]+",', "")],
    "sdmx_ml": [rewriting('<gen:Value id="REF_AREA" value="[A-Z]+"/>', "")],
    "sdmx_json": [rewriting(r'\{"id":"REF_AREA".*?\]\},', "")],
    "fred_json": [rewriting('"date": "[0-9-]+", ', "")],
    "dbnomics_json": [rewriting(r'"period": \[.*?\], ', "")],
    "json_stat": [rewriting(r'"size": \[.*?\], ', "")],
    "nbs_json": [rewriting('"hasdata":(true|false),', "")],
    "owid_csv": [rewriting(r"^([^,]*,[^,]*),[^,]*,", r"\1,")],
    "eurostat_tsv": [rewriting(r"^([^,]*),[^,]*,", r"\1,", first=True)],
    "bis_csv": [rewriting(r"^([^,]*,[^,]*),[^,]*,", r"\1,")],
    "imf_weo": [rewriting(r"^([^\t]*\t[^\t]*)\t[^\t]*\t", r"\1\t")],
    "nbs_csv": [rewriting("^地区,", "", first=True)],
    "worldbank_csv": [rewriting('"Country Code",', "", first=True)],
}
RENAMED = {
    "sdmx_csv": [rewriting("OBS_VALUE", "FIGURE")],
    "worldbank_json": [rewriting('"value":', '"figure":')],
    "sdmx_ml": [rewriting("gen:ObsValue", "gen:Figure")],
    "sdmx_json": [rewriting('"dataSets"', '"figureSets"')],
    "fred_json": [rewriting('"value":', '"figure":')],
    "dbnomics_json": [rewriting('"value":', '"figure":')],
    "json_stat": [rewriting('"value":', '"figure":')],
    "nbs_json": [rewriting('"strdata":', '"figure":')],
    "owid_csv": [rewriting("Year", "When", first=True)],
    "eurostat_tsv": [rewriting(r"\\TIME_PERIOD", "/WHEN", first=True)],
    "bis_csv": [rewriting("Series", "Row", first=True)],
    "imf_weo": [rewriting("WEO Subject Code", "Subject", first=True)],
    "nbs_csv": [rewriting("^地区,", "何处,", first=True)],
    "worldbank_csv": [rewriting("Indicator Code", "Code", first=True)],
}


@row("parse.column-added")
@pytest.mark.parametrize("dialect", ADDED)
def test_what_a_provider_adds_takes_nothing_away(worker: Worker, dialect: str) -> None:
    worker.script(*ADDED[dialect])
    assert unharmed(worker, BY_DIALECT[dialect])


@row("parse.column-removed")
@pytest.mark.parametrize("dialect", REMOVED)
def test_a_part_of_the_key_or_period_that_is_gone_is_refused(worker: Worker, dialect: str) -> None:
    worker.script(*REMOVED[dialect])
    refused(worker, BY_DIALECT[dialect], Permanent)


@row("parse.column-renamed")
@pytest.mark.parametrize("dialect", RENAMED)
def test_a_column_that_is_renamed_is_refused(worker: Worker, dialect: str) -> None:
    worker.script(*RENAMED[dialect])
    refused(worker, BY_DIALECT[dialect], Permanent)


@row("parse.column-retyped")
@every_format
def test_figures_that_become_words_are_refused(worker: Worker, question: Question) -> None:
    worker.script(mistyped(question, '"high"' if question in JSON and question.dialect not in QUOTED else "high"))
    refused(worker, question, Permanent)


QUOTED = ("fred_json", "nbs_json")


@row("parse.new-code")
@pytest.mark.parametrize("dialect", ["sdmx_csv", "sdmx_json", "sdmx_ml", "dbnomics_json", "eurostat_tsv", "owid_csv"])
def test_a_new_code_is_a_new_series_with_the_same_figures(worker: Worker, dialect: str) -> None:
    question = BY_DIALECT[dialect]
    worker.script(rewriting(r"\bCHN\b", "XKX"))
    renamed = sorted(((each[0].replace("CHN", "XKX"), *each[1:]) for each in expected(question)), key=repr)
    assert unharmed(worker, question, lambda rows: rows == renamed)


@row("parse.unit-changed")
def test_a_unit_that_changes_under_a_series_is_refused_at_the_load(worker: Worker) -> None:
    question = BY_DIALECT["nbs_csv"]
    worker.load(question, worker.collect(question).answers)
    worker.script(rewriting("亿元", "万元"))
    with pytest.raises(StructureChanged, match="万元"):
        worker.load(question, worker.collect(question).answers)


@row("parse.dimension-renamed")
def test_a_dimension_that_changes_its_name_is_refused_at_the_load(worker: Worker) -> None:
    question = BY_DIALECT["sdmx_csv"]
    worker.load(question, worker.collect(question).answers)
    worker.script(rewriting("INDICATOR", "SERIES", first=True))
    with pytest.raises(StructureChanged, match="series"):
        worker.load(question, worker.collect(question).answers)
