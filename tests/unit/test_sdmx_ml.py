"""SDMX-ML of three generations: what is kept at which level, and what the structure beside it decides."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import polars as pl

from datazones.errors import ResponseMalformed, StructureChanged
from datazones.model import Hints
from tests.feeds import FEEDS, needs_recorded_feeds
from tests.sdmx_ml import REF, SDMX, SERIES, cubes, message, read, refusal, told

GENERIC = (
    '<g:Series><g:SeriesKey><g:Value id="FREQ" value="A"/><g:Value value="FR" id="REF_AREA"/></g:SeriesKey>'
    '<g:Attributes><g:Value id="UNIT_MULT" value="3"/></g:Attributes>'
    '<g:Obs><g:ObsDimension value="2022"/><g:ObsValue value="10.5"/>'
    '<g:Attributes><g:Value id="OBS_STATUS" value="A"/></g:Attributes></g:Obs></g:Series>'
)


def test_figures_flags_and_attributes_are_kept_at_the_level_at_which_they_were_sent() -> None:
    found = read(message(SERIES, said='LICENCE="CC BY 4.0"'))
    assert found["series_key"].unique().to_list() == ["A.FR"]
    assert found["obs_value"].to_list() == [10.5, None]
    assert found["obs_status"].to_list() == ["A", "M"]
    assert found["conf_status"].to_list() == [None, "C"]
    assert found["comment_obs"].to_list() == [None, "strike"]
    assert found["obs_attributes"].to_list() == [None, '{"note":"x"}']
    assert found.select("unit_mult", "title", "ref_area").row(0) == (3, "Wages & salaries", "FR")
    assert json.loads(found["series_attributes"][0]) == {"method": "survey", "licence": "CC BY 4.0"}
    assert (found["agency_id"][0], found["dataflow_id"][0]) == ("EX", "DSD_WAGES")


def test_a_dataflow_named_by_the_message_wins_over_the_hint_and_the_hint_over_the_structure() -> None:
    named = message(SERIES).replace(
        REF.encode(), b'<c:StructureUsage><Ref agencyID="EX" id="WAGES"/></c:StructureUsage>'
    )
    hints = Hints(agency_id="OTHER", dataflow_id="HINTED")
    assert cubes(named, hints)[0].dataflow_id == "WAGES"
    assert cubes(message(SERIES), hints)[0].dataflow_id == "HINTED"
    assert cubes(message(SERIES), hints)[0].agency_id == "EX"


def test_attributes_of_a_group_reach_every_series_of_the_group_and_yield_to_those_of_the_series() -> None:
    group = '<Group xsi:type="ns1:Siblings" REF_AREA="FR" TITLE="of the group" UNIT="EUR"/>'
    found = read(
        message(group + SERIES + SERIES.replace('"A" REF', '"Q" REF').replace(' TITLE="Wages &amp; salaries"', ""))
    )
    assert found["unit_measure"].unique().to_list() == ["EUR"]
    assert found.group_by("freq", maintain_order=True).agg(pl.col("title").first())["title"].to_list() == [
        "Wages & salaries",
        "of the group",
    ]


def test_groups_that_contradict_each_other_are_refused() -> None:
    groups = '<Group REF_AREA="FR" TITLE="a"/><Group REF_AREA="FR" TITLE="b"/>'
    assert isinstance(refusal(message(groups + SERIES)), ResponseMalformed)


def test_a_flat_data_set_has_its_key_in_each_observation() -> None:
    flat = '<Obs FREQ="A" REF_AREA="{}" TIME_PERIOD="2022" OBS_VALUE="1" OBS_STATUS="{}" UNIT_MULT="6"/>'
    found = read(message(flat.format("FR", "A") + flat.format("DE", "E"), at="AllDimensions"))
    assert found.select("series_key", "obs_status", "unit_mult").rows() == [("A.FR", "A", 6), ("A.DE", "E", 6)]


def test_a_cross_section_has_the_period_in_its_series_and_a_dimension_in_its_observations() -> None:
    inside = '<Obs REF_AREA="FR" OBS_VALUE="1"/><Obs REF_AREA="DE" OBS_VALUE="2"/>'
    content = f'<Series FREQ="A" TIME_PERIOD="2022">{inside}</Series>'
    expected = [("A.FR", "2022", 1.0, None), ("A.DE", "2022", 2.0, None)]
    assert told(message(content, at="REF_AREA")) == expected


def test_a_history_of_replacing_and_deleting_data_sets_says_when_each_was_released() -> None:
    told_of = message(SERIES, SERIES.replace(' OBS_VALUE="10.5"', "").replace(' OBS_VALUE="NaN"', ""))
    replacing, deleting = (
        'ss:action="Replace" ss:validFromDate="2024-02-01T10:00:00+01:00"',
        'ss:action="Delete" ss:validToDate="2024-03-01T10:00:00Z"',
    )
    first, last = told_of.split(b'<m:DataSet ss:structureRef="S" >')[1:]
    body = told_of.split(b"<m:DataSet")[0] + f"<m:DataSet {replacing}>".encode() + first
    body += f"<m:DataSet {deleting}>".encode() + last
    found = read(body)
    assert found["action"].to_list() == ["replace", "replace", "delete", "delete"]
    assert found["obs_value"].to_list() == [10.5, None, None, None]
    assert found["released_at"].unique(maintain_order=True).to_list() == [
        datetime(2024, 2, 1, 9, tzinfo=UTC),
        datetime(2024, 3, 1, 10, tzinfo=UTC),
    ]


def test_the_same_data_reads_the_same_generic_or_structure_specific() -> None:
    assert told(message(GENERIC, kind="GenericData")) == [("A.FR", "2022", 10.5, "A")]
    assert told(message(GENERIC, kind="GenericData")) == told(message(SERIES))[:1]


def test_a_generic_observation_may_carry_its_whole_key() -> None:
    values = '<g:Value id="FREQ" value="A"/><g:Value id="REF_AREA" value="FR"/><g:Value id="TIME_PERIOD" value="2022"/>'
    content = f'<g:Obs><g:ObsKey>{values}</g:ObsKey><g:ObsValue value="7"/></g:Obs>'
    assert told(message(content, kind="GenericData", at="AllDimensions")) == [("A.FR", "2022", 7.0, None)]


def test_a_generic_observation_is_keyed_by_the_dimension_that_the_header_names() -> None:
    content = GENERIC.replace('id="REF_AREA" value', 'id="TIME_PERIOD" value').replace(
        '"FR" id="REF_AREA"', '"2022" id="TIME_PERIOD"'
    )
    content = content.replace('<g:ObsDimension value="2022"/>', '<g:ObsDimension value="FR"/>')
    assert told(message(content, kind="GenericData", at="REF_AREA")) == [("A.FR", "2022", 10.5, "A")]


def test_either_of_two_flags_is_the_status_and_a_second_one_stays_beside_it() -> None:
    content = (
        '<Series FREQ="A"><Obs TIME_PERIOD="2021" OBS_VALUE="1" OBS_FLAG="e"/>'
        '<Obs TIME_PERIOD="2022" OBS_VALUE="NaN" OBS_STATUS="na"/>'
        '<Obs TIME_PERIOD="2023" OBS_VALUE="2" OBS_STATUS="A" OBS_FLAG="p"/></Series>'
    )
    found = read(message(content))
    assert found["obs_status"].to_list() == ["e", "na", "A"]
    assert found["obs_attributes"].to_list() == [None, None, '{"obs_flag":"p"}']


def test_a_compact_message_of_the_first_generation_is_read_with_its_groups_by_name() -> None:
    body = (
        f'<CompactData xmlns="{SDMX}/v2_0/message" xmlns:x="urn:wages"><Header/>'
        '<x:DataSet dataflowAgencyID="EX" dataflowID="WAGES"><x:Siblings REF_AREA="FR" TITLE="Wages"/>'
        '<x:Series FREQ="A" REF_AREA="FR" TIME_FORMAT="P1Y"><x:Obs TIME_PERIOD="2022" VALUE="200000" /></x:Series>'
        "</x:DataSet></CompactData>"
    ).encode()
    found = read(body)
    assert told(body) == [("A.FR", "2022", 200000.0, None)]
    assert (found["dataflow_id"][0], found["title"][0]) == ("WAGES", "Wages")


def test_data_sets_of_the_first_generation_are_read_out_of_a_group_of_messages() -> None:
    compact = (
        f'<MessageGroup xmlns="{SDMX}/v2_0/message"><Header/><DataSet action="Replace">'
        '<Group REF_AREA="SE" UNIT="PC"/><Series FREQ="M" REF_AREA="SE" TIME_FORMAT="P1M">'
        '<Obs TIME_PERIOD="2005-03" OBS_VALUE="0.26" OBS_STATUS="A" /></Series></DataSet></MessageGroup>'
    ).encode()
    generic = (
        f'<m:MessageGroup xmlns="{SDMX}/v2_0/generic" xmlns:m="{SDMX}/v2_0/message"><m:Header/>'
        '<DataSet><KeyFamilyRef>MIG</KeyFamilyRef><Series><SeriesKey><Value concept="COU" value="AUS"/></SeriesKey>'
        '<Obs><Time>2000</Time><ObsValue value="59"/><Attributes><Value concept="OBS_STATUS" value="B"/></Attributes>'
        "</Obs></Series></DataSet></m:MessageGroup>"
    ).encode()
    assert told(compact) == [("M.SE", "2005-03", 0.26, "A")]
    assert read(compact)["unit_measure"].to_list() == ["PC"]
    assert told(generic) == [("AUS", "2000", 59.0, "B")]
    metadata = refusal(compact[: compact.index(b"<DataSet")] + b"<MetadataReport/></MessageGroup>")
    assert "MessageGroup (MetadataReport)" in metadata.found


def test_a_generic_message_of_the_first_generation_is_read_with_concepts_and_time_elements() -> None:
    body = (
        f'<GenericData xmlns="{SDMX}/v2_0/message" xmlns:g="{SDMX}/v2_0/generic"><Header/><DataSet>'
        "<g:KeyFamilyRef>WAGES</g:KeyFamilyRef><g:Group type='Siblings'>"
        "<g:GroupKey><g:Value concept='REF_AREA' value='FR'/></g:GroupKey>"
        "<g:Attributes><g:Value concept='TITLE' value='Wages'/></g:Attributes><g:Series>"
        "<g:SeriesKey><g:Value concept='FREQ' value='A'/><g:Value concept='REF_AREA' value='FR'/></g:SeriesKey>"
        "<g:Obs><g:Time>2022</g:Time><g:ObsValue value='7'/></g:Obs></g:Series></g:Group></DataSet></GenericData>"
    ).encode()
    found = read(body)
    assert told(body) == [("A.FR", "2022", 7.0, None)]
    assert (found["dataflow_id"][0], found["title"][0]) == ("WAGES", "Wages")


def test_the_third_generation_refers_by_urn_and_nests_values() -> None:
    urn = "<c:Structure>urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=EX.STAT:WAGES(1.0)</c:Structure>"
    several = '<Comp id="CONTACT"><Value>a@example.org</Value><Value>b@example.org</Value></Comp>'
    observation = f'<Obs TIME_PERIOD="2022" OBS_VALUE="1"><Comp id="NOTE"><Value>as told</Value></Comp>{several}</Obs>'
    body = message(f'<Atts LICENCE="open"/><Series FREQ="A">{observation}</Series>').replace(REF.encode(), urn.encode())
    found = read(body.replace(b"v2_1", b"v3_0"))
    assert (found["agency_id"][0], found["dataflow_id"][0]) == ("EX.STAT", "WAGES")
    assert json.loads(found["obs_attributes"][0]) == {"note": "as told", "contact": '["a@example.org","b@example.org"]'}
    assert json.loads(found["series_attributes"][0]) == {"licence": "open"}


def test_annotations_are_kept_as_text() -> None:
    text = '<c:Annotation id="N"><c:AnnotationText>revised</c:AnnotationText></c:Annotation>'
    note = f"<c:Annotations>{text}</c:Annotations>"
    content = f'<Series FREQ="A"><Obs TIME_PERIOD="2022" OBS_VALUE="1">{note}</Obs></Series>'
    assert read(message(content))["obs_attributes"].to_list() == ['{"annotations":"revised"}']


def test_a_provider_may_use_a_name_that_is_ours() -> None:
    found = read(message('<Series FREQ="A" ACTION="strike" TITLE="x"><Obs TIME_PERIOD="2022" OBS_VALUE="1"/></Series>'))
    assert found.select("series_key", "action").row(0) == ("A.strike", "replace")


def test_a_message_without_observations_gives_no_cube() -> None:
    assert cubes(message("")) == []
    assert cubes(message('<Series FREQ="A"></Series>')) == []
    assert cubes(message()) == []


def structure(*dimensions: str, measures: tuple[str, ...] = ("OBS_VALUE",), identity: str = "DSD_WAGES") -> bytes:
    def part(kind: str, name: str) -> str:
        return f'<s:{kind} id="{name}"><s:ConceptIdentity><Ref id="{name}"/></s:ConceptIdentity></s:{kind}>'

    listed = "".join(part("Dimension", name) for name in dimensions) + part("TimeDimension", "TIME_PERIOD")
    relation = '<s:AttributeRelationship><s:Dimension><Ref id="FREQ"/></s:Dimension></s:AttributeRelationship>'
    related = f'<s:Attribute id="X">{relation}</s:Attribute>'
    measured = "".join(part("PrimaryMeasure", name) for name in measures)
    return (
        f'<m:Structure xmlns:m="{SDMX}/v2_1/message" xmlns:s="{SDMX}/v2_1/structure"><m:Structures><s:DataStructures>'
        f'<s:DataStructure id="OTHER"><s:DimensionList>{part("Dimension", "X")}</s:DimensionList></s:DataStructure>'
        f'<s:DataStructure id="{identity}"><s:DimensionList>{listed}</s:DimensionList><s:AttributeList>{related}'
        f"</s:AttributeList><s:MeasureList>{measured}</s:MeasureList></s:DataStructure></s:DataStructures></m:Structures></m:Structure>"
    ).encode()


def beside(message_of_structure: bytes) -> Hints:
    return Hints(aside={"structure": message_of_structure})


MIXED = '<Series TITLE="x" SECTOR="S1" DECIMALS="1" FREQ="A"><Obs TIME_PERIOD="2022" OBS_VALUE="1"/></Series>'


def test_the_structure_says_which_attributes_are_dimensions_and_in_which_order() -> None:
    assert told(message(MIXED), beside(structure("FREQ", "SECTOR"))) == [("A.S1", "2022", 1.0, None)]


def test_without_the_structure_a_message_whose_dimensions_stand_behind_attributes_is_refused() -> None:
    assert "dimension" in str(refusal(message(MIXED)))


def test_a_structure_of_the_first_generation_is_understood() -> None:
    family = (
        f'<Structure xmlns="{SDMX}/v2_0/message" xmlns:s="{SDMX}/v2_0/structure"><KeyFamilies>'
        '<s:KeyFamily id="DSD_WAGES"><s:Components><s:Dimension conceptRef="FREQ"/><s:Dimension conceptRef="SECTOR"/>'
        '<s:TimeDimension conceptRef="TIME_PERIOD"/><s:PrimaryMeasure conceptRef="OBS_VALUE"/></s:Components>'
        "</s:KeyFamily></KeyFamilies></Structure>"
    ).encode()
    assert told(message(MIXED), beside(family)) == [("A.S1", "2022", 1.0, None)]


def test_a_structure_message_without_the_structure_of_the_data_is_refused() -> None:
    assert "DSD_WAGES" in str(refusal(message(SERIES), beside(structure("FREQ", identity="THIRD"))))


def test_a_structure_with_a_dimension_that_the_data_lacks_is_a_changed_structure() -> None:
    assert isinstance(refusal(message(SERIES), beside(structure("FREQ", "REF_AREA", "SEX"))), StructureChanged)


def test_a_structure_with_several_measures_is_not_read_as_if_it_had_one() -> None:
    assert isinstance(
        refusal(message(SERIES), beside(structure("FREQ", measures=("MEAN", "MEDIAN")))), StructureChanged
    )


def test_the_measure_may_have_a_name_of_its_own_where_the_structure_says_so() -> None:
    content = '<Series FREQ="A"><Obs TIME_PERIOD="2022" MEAN="4"/></Series>'
    assert told(message(content), beside(structure("FREQ", measures=("MEAN",)))) == [("A", "2022", 4.0, None)]
    assert "OBS_VALUE" in str(refusal(message(content)))


@needs_recorded_feeds
def test_a_recorded_message_reads_the_same_with_and_without_its_structure() -> None:
    body = (FEEDS / "ecb/EXR-structurespecific-2.1.xml").read_bytes()
    with_structure = beside((FEEDS / "ecb/EXR-datastructure-2.1.xml").read_bytes())
    assert read(body).equals(read(body, with_structure))
