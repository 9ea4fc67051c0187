"""Names in an answer that would be taken for something else, each in bytes that fuzzing has found."""

from __future__ import annotations

import pytest

from datazones import dialects
from datazones.conforming import conform
from datazones.errors import ResponseMalformed
from datazones.model import Hints

GENERIC = b"""<?xml version="1.0"?>
<m:GenericData xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
 xmlns:g="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/generic">
<m:Header><m:ID>x</m:ID><m:Structure structureID="S" dimensionAtObservation="TIME_PERIOD"/></m:Header>
<m:DataSet structureRef="S"><g:Series>
<g:SeriesKey><g:Value id=":FREQ" value="M"/><g:Value id="REF_AREA" value="CH"/></g:SeriesKey>
<g:Obs><g:ObsDimension value="2021-01"/><g:ObsValue value="-0.75"/></g:Obs>
</g:Series></m:DataSet></m:GenericData>"""


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        ("eurostat_tsv", b"freq,unit,geo\\TIME_PERIOD\t2022 \t2023 \t*\nA,PC,DE\t3.5 p\t1\t2\n"),
        ("owid_csv", b"Entity,Code,Year,Individuals using 02..1,*g 02..1,*\n"),
        ("owid_csv", b"Entity,Code,Year,Internet users,^.*$\nChina,CHN,2022,75.6,1\n"),
        ("sdmx_ml", GENERIC),
        (
            "sdmx_csv",
            b"STRUCTURE,STRUCTURE_ID,ACTION,REF_AREA,ReferEnce area,TIM_AREA,Reference area,TIME_PERIOD,OBS_VALUE\n",
        ),
        ("bis_csv", b',"Series","2021","2022"\r'),
    ],
    ids=["column of all", "column of all, no row", "pattern", "name of ours", "another case"] + ["no dimension"],
)
def test_a_name_that_would_be_taken_for_something_else_is_refused(dialect: str, body: bytes) -> None:
    with pytest.raises(ResponseMalformed) as caught:
        list(conform(dialects.named(dialect).read(body, Hints()), Hints()))
    assert caught.value.expected
    assert caught.value.next_step
