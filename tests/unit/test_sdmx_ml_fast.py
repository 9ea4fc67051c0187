"""The fast reading of structure-specific SDMX-ML and the strict one: whatever both know they read alike."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from datazones.dialects._sdmx_cubes import cubes_of
from datazones.dialects._sdmx_envelope import envelope_of
from datazones.dialects._sdmx_sent import Sent
from datazones.dialects._sdmx_tags import tagged
from datazones.dialects._sdmx_walk import walked
from datazones.dialects._sdmx_wrapping import unwrapped
from datazones.errors import DatazonesError
from datazones.model import Hints
from tests.contract.independent import sdmx_ml as recorded
from tests.feeds import FEEDS, needs_recorded_feeds
from tests.sdmx_ml import SERIES, cubes, message, read


def spelled(reading: tuple[etree._Element, tuple[Sent, ...]]) -> list[object]:
    """The cubes that a reading leads to, or the error it ends with."""
    tree, sent = reading
    heads = envelope_of(tree).heads
    try:
        found = [cube for head, each in zip(heads, sent, strict=True) for cube in cubes_of(each, head, (), Hints())]
    except DatazonesError as error:
        return [type(error), error.found]
    return [(cube.frame.columns, cube.frame.rows(), cube.dimensions, cube.series_attributes) for cube in found]


def agree(body: bytes) -> bool:
    """Whether the fast reading knows the message; if so the strict one must have the same cubes."""
    fast = tagged(body)
    if fast is None:
        return False
    assert spelled(fast) == spelled(walked(body))
    return True


NAMES = st.sampled_from(["A", "B", "C.D", "OBS_STATUS", "OBS_COM", "TITLE", "xsi:type"])
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters='<&"\ufffe\uffff'), max_size=8)
VALUES = st.one_of(TEXTS, st.sampled_from(["", "NaN", "1.5", "a &amp; b", "&lt;&quot;", "&#233;", "a\tb", "'", "ê>"]))
SPACE = st.sampled_from(["", "", "\n", "\r\n\t", "  "])


@st.composite
def tags(draw: st.DrawFn, name: str, fixed: str, *, inside: str | None = None) -> str:
    said = draw(st.dictionaries(NAMES, VALUES, max_size=3))
    attributes = fixed + "".join(f' {known}="{text}"' for known, text in said.items()) + draw(SPACE)
    if inside is None:
        ending = draw(st.sampled_from(["/>", f"></{name}>"]))
        return f"<{name} {attributes}{ending}{draw(SPACE)}"
    return f"<{name} {attributes}>{draw(SPACE)}{inside}</{name}>{draw(SPACE)}"


@st.composite
def contents(draw: st.DrawFn) -> str:
    groups = "".join(draw(st.lists(tags("Group", 'FREQ="A"'), max_size=2)))
    observation = tags("Obs", 'TIME_PERIOD="2022" OBS_VALUE="1"')
    if draw(st.booleans()):
        return groups + "".join(draw(st.lists(tags("Obs", 'FREQ="A" TIME_PERIOD="2022" OBS_VALUE="1"'), max_size=4)))
    inside = st.lists(observation, max_size=4).map("".join)
    series = inside.flatmap(lambda text: tags("Series", 'FREQ="A"', inside=text))
    return draw(SPACE) + groups + "".join(draw(st.lists(series, max_size=3)))


@given(content=contents())
@settings(max_examples=150, deadline=None)
def test_the_fast_reading_of_any_message_it_knows_is_the_strict_one(content: str) -> None:
    agree(message(content))


WOUNDS = [
    *("<", ">", '"', "'", "&", "&amp;", "&x;", "&#10;", "=", "/", " ", "\n", "\t", "\x0b", "\x00", "\ufeff", "\uffff"),
    *(
        "\u00a0",
        "<!--x-->",
        "<![CDATA[x]]>",
        "<?x y?>",
        "<Obs/>",
        "</Series>",
        "</Obs>",
        '<Series A="9">',
        "ns1:",
        "z:",
    ),
    *('<Series A="9"/>', '"x"', '"\x00"', '"&z;"', ' xmlns="u"', ' xsi:nil="1"', ' ns1:q="1"', ' FREQ="2"'),
    *("<m:DataSet>", "</m:DataSet>", "<m:DataSet/>", "DataSet"),
]


@given(
    prefixed=st.booleans(),
    wounds=st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(0, 4), st.sampled_from(WOUNDS)), min_size=1, max_size=3
    ),
)
@example(prefixed=True, wounds=[(10_000, 0, "<ns1:/ns1:Obs>")])
@settings(max_examples=300, deadline=None)
def test_the_fast_reading_never_accepts_what_the_strict_one_refuses(
    prefixed: bool, wounds: list[tuple[int, int, str]]
) -> None:
    content = SERIES.replace("</", "</ns1:").replace("<S", "<ns1:S").replace("<O", "<ns1:O") if prefixed else SERIES
    text = message(content).decode()
    begin = text.index("<m:DataSet")
    for place, length, wound in wounds:
        at = begin + place % (len(text) - begin)
        text = text[:at] + wound + text[at + length :]
    agree(text.encode())


@pytest.mark.parametrize(
    "content",
    [
        SERIES,
        SERIES.replace("Series", "ns1:Series").replace("Obs ", "ns1:Obs "),
        SERIES.replace('"/>', '"></Obs>'),
        '<Group xsi:type="ns1:G" REF_AREA="FR" UNIT="EUR"/>' + SERIES + "\n" + SERIES.replace("FR", "DE"),
        '<Obs FREQ="A" TIME_PERIOD="2022" OBS_VALUE="1"/>',
        "".join(f'<Obs FREQ="A" TIME_PERIOD="2022" OBS_VALUE="1"{" X" * bool(n)}{n}="{n}"/>' for n in range(1, 9)),
        "",
    ],
    ids=["series", "prefix", "closed by tags", "groups", "flat", "growing", "nothing"],
)
def test_messages_as_providers_write_them_are_known_by_heart(content: str) -> None:
    assert agree(message(content))


@needs_recorded_feeds
@pytest.mark.parametrize(
    "path", sorted(name for name in recorded.FILES if name.rpartition("/")[2] in recorded.DIMENSIONS)
)
def test_recorded_structure_specific_messages_are_read_alike_by_both(path: str) -> None:
    known = agree(unwrapped((FEEDS / path).read_bytes()))
    assert known == (path != "imf/dot-compact-2.0.xml"), (
        "its series declare namespaces, which only the strict one reads"
    )


def test_a_message_of_several_pieces_reads_as_one_of_a_single_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    several = message("".join(SERIES.replace('"FR"', f'"R{number}"') for number in range(60)))
    whole = read(several)
    monkeypatch.setattr("datazones.dialects._sdmx_tags.PIECE", 800)
    monkeypatch.setattr("datazones.dialects._sdmx_tags.PACKED_FROM", 0)
    monkeypatch.setattr("datazones.dialects._sdmx_walk.ROWS", 8)
    commented = several.replace(b"</m:DataSet>", b"<!-- read strictly --></m:DataSet>")
    assert tagged(commented) is None
    for body in (several, commented):
        assert len(cubes(body)) > 10
        assert read(body).equals(whole)
