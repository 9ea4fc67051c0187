"""Small sound answers of every wire format, own figures in the providers' true shapes: what mutations start from."""

from __future__ import annotations

import gzip
import io
import zipfile

from datazones.model import Hints


def _zip(name: str, body: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, body)
    return held.getvalue()


_WORLD_BANK = (
    b'[{"page":1,"pages":1,"per_page":50,"total":2,"sourceid":"2","lastupdated":"2024-03-28"},[{"indicator":{"id":'
    b'"NY.GDP.MKTP.CD","value":"GDP (current US$)"},"country":{"id":"CN","value":"China"},"countryiso3code":"CHN",'
    b'"date":"2022","value":17963170521079.8,"unit":"","obs_status":"","decimal":0},{"indicator":{"id":'
    b'"NY.GDP.MKTP.CD","value":"GDP (current US$)"},"country":{"id":"CN","value":"China"},"countryiso3code":"CHN",'
    b'"date":"2023","value":null,"unit":"","obs_status":"F","decimal":0}]]'
)
_WORLD_BANK_CSV = (
    b'\xef\xbb\xbf"Data Source","World Development Indicators",\r\n\r\n"Last Updated Date","2018-10-18",\r\n\r\n'
    b'"Country Name","Country Code","Indicator Name","Indicator Code","2016","2017",\r\n'
    b'"Aruba","ABW","GDP (current US$)","NY.GDP.MKTP.CD","2700558659.2",,\r\n'
    b'"China","CHN","GDP (current US$)","NY.GDP.MKTP.CD","11190992550229.5","12237700479375",\r\n'
)
_SDMX_CSV = (
    b"DATAFLOW,LAST UPDATE,freq,unit,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS\r\n"
    b"ESTAT:LFSA(1.0),11/06/26 23:00:00,A,PC,FR,2021,66.5,bd,\r\n"
    b"ESTAT:LFSA(1.0),11/06/26 23:00:00,A,PC,FR,2022,,,C\r\n"
)
_SDMX_CSV_2 = (
    b"STRUCTURE,STRUCTURE_ID,ACTION,REF_AREA,Reference area,TIME_PERIOD,OBS_VALUE,OBS_STATUS,UNIT_MULT\r\n"
    b'DATAFLOW,OECD:DF_A(1.1),I,ISL,"Iceland, all",2021,50.4,A,0\r\nDATAFLOW,OECD:DF_A(1.1),I,NOR,Norway,2021,,A,0\r\n'
)
_SDMX_JSON = (
    b'{"header":{"id":"1","prepared":"2024-01-01T00:00:00Z","sender":{"id":"ECB"}},"dataSets":[{"action":"Replace",'
    b'"series":{"0:0":{"attributes":[0],"observations":{"0":[1.5,0],"1":[2.25,null]}}}}],"structure":{"dimensions":'
    b'{"series":[{"id":"FREQ","values":[{"id":"A","name":"Annual"}]},{"id":"REF_AREA","values":[{"id":"FR"}]}],'
    b'"observation":[{"id":"TIME_PERIOD","values":[{"id":"2021"},{"id":"2022"}]}]},"attributes":{"series":[{"id":'
    b'"UNIT_MULT","values":[{"id":"6"}]}],"observation":[{"id":"OBS_STATUS","values":[{"id":"P"}]}]}}}'
)
_SDMX_ML = (
    b'<?xml version="1.0" encoding="UTF-8"?><mes:StructureSpecificData xmlns:mes="http://www.sdmx.org/resources/'
    b'sdmxml/schemas/v2_1/message" xmlns:ss="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/'
    b'structurespecific" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><mes:Header><mes:ID>x</mes:ID><mes:Test>'
    b'false</mes:Test><mes:Prepared>2024-01-01T00:00:00</mes:Prepared><mes:Sender id="ECB"/><mes:Structure '
    b'structureID="S" dimensionAtObservation="TIME_PERIOD"/></mes:Header><mes:DataSet ss:structureRef="S" action='
    b'"Replace"><Series FREQ="A" CURRENCY="USD"><Obs TIME_PERIOD="2021" OBS_VALUE="1.18" OBS_STATUS="A"/><Obs '
    b'TIME_PERIOD="2022" OBS_VALUE="NaN" OBS_STATUS="H"/></Series></mes:DataSet></mes:StructureSpecificData>'
)
_SDMX_ML_GENERIC = (
    b'<?xml version="1.0"?><m:GenericData xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" '
    b'xmlns:g="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/generic"><m:Header><m:ID>x</m:ID><m:Sender '
    b'id="BIS"/><m:Structure structureID="S" dimensionAtObservation="TIME_PERIOD"/></m:Header><m:DataSet '
    b'structureRef="S"><g:Series><g:SeriesKey><g:Value id="FREQ" value="M"/><g:Value id="REF_AREA" value="CH"/>'
    b'</g:SeriesKey><g:Obs><g:ObsDimension value="2021-01"/><g:ObsValue value="-0.75"/><g:Attributes><g:Value '
    b'id="OBS_STATUS" value="A"/></g:Attributes></g:Obs></g:Series></m:DataSet></m:GenericData>'
)
_JSON_STAT = (
    b'{"version":"2.0","class":"dataset","label":"x","source":"ESTAT","updated":"2026-02-06T23:00:00+0100","value":'
    b'{"0":2.1,"2":2.5},"status":{"1":"m"},"id":["freq","geo","time"],"size":[1,1,3],"dimension":{"freq":{"category":'
    b'{"index":{"A":0}}},"geo":{"category":{"index":{"EA":0},"label":{"EA":"Euro area"}}},"time":{"category":{"index":'
    b'{"2021":0,"2022":1,"2023":2}}}},"extension":{"id":"PRC","agencyId":"ESTAT"}}'
)
_TSV = (
    b"freq,unit,geo\\TIME_PERIOD\t2022 \t2021 \r\nA,PC,DE\t3.5 p\t: \r\n"  # one cell without a figure or a flag
    b"A,PC,FR\t: @C\t12.25 bd\r\nA,PC,IT\t1 \t2 ep\r\n"
)
_NBS = (
    '{"returncode":200,"returndata":{"datanodes":[{"code":"zb.A020101_reg.110000_sj.2022","data":{"data":41540.9,'
    '"dotcount":1,"hasdata":true,"strdata":"41540.9"},"wds":[{"valuecode":"A020101","wdcode":"zb"},{"valuecode":'
    '"110000","wdcode":"reg"},{"valuecode":"2022","wdcode":"sj"}]},{"code":"zb.A020101_reg.110000_sj.2023","data":'
    '{"data":0,"dotcount":1,"hasdata":false,"strdata":""},"wds":[{"valuecode":"A020101","wdcode":"zb"},{"valuecode":'
    '"110000","wdcode":"reg"},{"valuecode":"2023","wdcode":"sj"}]}],"freshsort":0,"hasdatacount":1,"wdnodes":[{"nodes":'
    '[{"cname":"地区生产总值","code":"A020101","dotcount":1,"exp":"","ifshowcode":false,"memo":"","name":"地区生产总值",'
    '"nodesort":"1","sortcode":1,"tag":"","unit":"亿元"}],"wdcode":"zb","wdname":"指标"},{"nodes":[{"cname":"北京市",'
    '"code":"110000","dotcount":1,"exp":"","ifshowcode":false,"memo":"","name":"北京市","nodesort":"1","sortcode":1,'
    '"tag":"","unit":""}],"wdcode":"reg","wdname":"地区"},{"nodes":[{"cname":"2022年","code":"2022","dotcount":1,"exp":'
    '"","ifshowcode":false,"memo":"","name":"2022年","nodesort":"1","sortcode":1,"tag":"","unit":""},{"cname":"2023年",'
    '"code":"2023","dotcount":1,"exp":"","ifshowcode":false,"memo":"","name":"2023年","nodesort":"1","sortcode":2,"tag":'
    '"","unit":""}],"wdcode":"sj","wdname":"时间"}]}}'
).encode()
_NBS_CSV = (
    "数据库：分省年度数据\n指标：地区生产总值(亿元)\n时间：最近2年\n地区,2024年,2023年\n"
    "北京市,49670.2,47353.7\n天津市,,17211.8\n"
    "注：初步核算\n数据来源：国家统计局\n"
)
_FRED = (
    b'{"realtime_start":"1776-07-04","realtime_end":"9999-12-31","observation_start":"1600-01-01","observation_end":'
    b'"9999-12-31","units":"lin","output_type":1,"file_type":"json","order_by":"observation_date","sort_order":"asc",'
    b'"count":3,"offset":0,"limit":100000,"observations":[{"realtime_start":"2014-09-26","realtime_end":"2015-01-29",'
    b'"date":"2014-01-01","value":"17149.6"},{"realtime_start":"2015-01-30","realtime_end":"9999-12-31","date":'
    b'"2014-01-01","value":"17044.0"},{"realtime_start":"2015-01-30","realtime_end":"9999-12-31","date":"2014-04-01",'
    b'"value":"."}]}'
)
_OWID = (
    b"Entity,Code,Year,Individuals using the Internet (% of population)\n"
    b"China,CHN,2021,73.05\nWorld,OWID_WRL,2021,62.9\nAfrica,,2021,\n"
)
_DBNOMICS = (
    b'{"_meta":{"args":{},"version":"22.1"},"dataset":{"code":"D","provider_code":"P","dimensions_codes_order":["geo",'
    b'"unit"],"indexed_at":"2024-01-01T00:00:00.000Z"},"errors":null,"provider":{"code":"P"},"series":{"docs":[{'
    b'"@frequency":"annual","dataset_code":"D","provider_code":"P","series_code":"FR.PC","series_name":"France",'
    b'"dimensions":{"geo":"FR","unit":"PC"},"indexed_at":"2024-01-01T00:00:00.000Z","period":["2021","2022"],'
    b'"period_start_day":["2021-01-01","2022-01-01"],"value":[1.25,"NA"]}],"limit":1000,"num_found":1,"offset":0}}'
)
_WEO = (
    b"WEO Country Code\tISO\tWEO Subject Code\tCountry\tSubject Descriptor\tSubject Notes\tUnits\tScale\t"
    b"Country/Series-specific Notes\t2007\t2008\tEstimates Start After\r\n"
    b"924\tCHN\tNGDPD\tChina\tGross domestic product\tcurrent prices\tU.S. dollars\tBillions\tnote\t"
    b'"3,382.45"\tn/a\t2007\r\n\r\nInternational Monetary Fund, World Economic Outlook Database, April 2009\r\n'
)
_BIS = (
    b'"FREQ","Frequency","REF_AREA","Reference area","UNIT_MEASURE","Unit","Series","2021","2022"\r\n'
    b'"A","Annual","CH","Switzerland","368","Per cent","A:CH:368","-0.75",""\r\n'
)

SEEDS: dict[str, list[bytes]] = {
    "worldbank_json": [_WORLD_BANK, b'[{"message":[{"id":"120","key":"Invalid value","value":"not valid"}]}]'],
    "worldbank_csv": [_WORLD_BANK_CSV, _zip("API_X.csv", _WORLD_BANK_CSV)],
    "sdmx_csv": [_SDMX_CSV, _SDMX_CSV_2],
    "sdmx_json": [_SDMX_JSON],
    "sdmx_ml": [_SDMX_ML, _SDMX_ML_GENERIC, _zip("data.xml", _SDMX_ML)],
    "json_stat": [_JSON_STAT, b'{"warning":{"status":413,"label":"ASYNCHRONOUS_RESPONSE"}}'],
    "eurostat_tsv": [_TSV, gzip.compress(_TSV, mtime=0)],
    "nbs_json": [_NBS, '{"returncode":501,"returndata":"对不起"}'.encode()],
    "nbs_csv": [_NBS_CSV.encode("gb18030"), _NBS_CSV.encode()],
    "fred_json": [_FRED, b'{"error_code":400,"error_message":"Bad Request.  The series does not exist."}'],
    "owid_csv": [_OWID, b"entity,code,year,share\r\nChina,CHN,2021,73.05\r\n"],
    "dbnomics_json": [_DBNOMICS],
    "imf_weo": [_WEO, _WEO.decode().encode("utf-16")],
    "bis_csv": [_zip("x.csv", _BIS), _BIS],
}
"""By dialect. What makes a format what it is must be in one of its seeds, so that mutations reach its branches."""

HINTS: dict[str, Hints] = {"fred_json": Hints(labels={"series_id": "GDP", "freq": "Q"})}
"""What the catalogue would say beside the bytes."""
