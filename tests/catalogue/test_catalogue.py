"""The built-in sources, and a user's file over them."""

from datetime import timedelta

import pytest

from monitor.catalogue.loader import evidence, families, load_catalogue
from monitor.catalogue.model import FetchRoute, Season, Tls
from monitor.errors import UserError, UserErrors
from monitor.model.documents import DocumentKind
from monitor.model.statements import Speaker

MINE = """
sources:
  - id: my-list
    name: 某市新闻
    region: 贵州省
    lists: https://a.example.cn/news/
    list_interval: 30m
"""


@pytest.fixture
def load(tmp_path):
    def loaded(*texts, **options):
        files = []
        for number, text in enumerate(texts):
            file = tmp_path / f"{number}.yaml"
            file.write_text(text, encoding="utf-8")
            files.append(file)
        return load_catalogue(files, **options)

    return loaded


def test_all_provinces_the_state_council_and_the_newspaper_are_built_in():
    catalogue = load_catalogue()
    regions = {s.region for s in catalogue if s.document_kind is DocumentKind.REPORT}
    assert len(regions) == 32
    codes = {s.code for s in catalogue if s.code}
    assert len(codes) == 32
    assert all(len(code) == 6 and code.endswith("0000") for code in codes)
    assert "全国" in regions
    press = [s for s in catalogue if s.region is None]
    assert {s.speaker for s in press} == {Speaker.MEDIA}
    assert {s.id for s in press} == {"cena-www", "cena-epaper"}
    assert all(s.lists or s.pages for s in catalogue)


def test_the_ministries_that_plan_computing_are_built_in_with_three_columns_each():
    ministries = [s for s in load_catalogue() if s.speaker is Speaker.MINISTRY]
    columns = {(s.id.split("-")[0], s.id.split("-")[1], s.document_kind) for s in ministries}
    assert columns == {
        (office, column, kind)
        for office in ("miit", "nda", "ndrc", "most", "cac")
        for column, kind in (
            ("news", DocumentKind.NEWS),
            ("policies", DocumentKind.PAGE),
            ("interpretations", DocumentKind.NEWS),
        )
    }
    assert {(s.region, s.code) for s in ministries} == {("全国", "100000")}
    assert all(s.link_pattern and s.selectors.body for s in ministries)


# Addresses that are cited, each by the column its article stands in.
@pytest.mark.parametrize(
    ("source_id", "address"),
    [
        ("miit-news", "www.miit.gov.cn/xwfb/gxdt/sjdt/art/2026/art_{hex}.html"),
        ("miit-policies", "www.miit.gov.cn/zwgk/zcwj/wjfb/yj/art/2026/art_{hex}.html"),
        ("miit-policies", "www.miit.gov.cn/jgsj/kjs/wjfb/art/2026/art_{hex}.html"),
        ("miit-interpretations", "www.miit.gov.cn/zwgk/zcjd/art/2026/art_{hex}.html"),
        ("nda-news", "www.nda.gov.cn/sjj/swdt/xwfb/0826/20250826173046592282838_pc.html"),
        ("nda-policies", "www.nda.gov.cn/sjj/zwgk/zcfb/0112/20260107214358696030895_pc.html"),
        ("ndrc-policies", "www.ndrc.gov.cn/xxgk/zcfb/tz/202410/t20241030_1394119.html"),
        ("ndrc-interpretations", "www.ndrc.gov.cn/xxgk/jd/jd/202505/t20250530_1398141_ext.html"),
        ("most-policies", "www.most.gov.cn/tztg/202404/t20240425_190494.html"),
        ("cac-policies", "www.cac.gov.cn/2025-03/14/c_1743654684782215.htm"),
    ],
)
def test_cited_addresses_of_ministries_pass_the_link_pattern(source_id, address):
    url = "https://" + address.format(hex="0123456789abcdef" * 2)
    assert load_catalogue()[source_id].link_pattern.search(url)


def test_regions_and_codes_are_the_official_ones(shared):
    import yaml

    known = yaml.safe_load((shared / "sources" / "sources.yaml").read_text(encoding="utf-8"))
    official = {p["region"]["gbt2260"]: p["region"]["full_name"] for p in known["provinces"]}
    ours = {s.code: s.region for s in load_catalogue() if s.code and s.code != "100000"}
    assert ours == official


def test_addresses_seen_before_pass_the_link_pattern_of_their_source(shared):
    import yaml

    known = yaml.safe_load((shared / "sources" / "sources.yaml").read_text(encoding="utf-8"))
    by_code = {s.code: s for s in load_catalogue() if s.code and s.region != "全国"}
    missed = []
    for province in known["provinces"]:
        pattern = by_code[province["region"]["gbt2260"]].link_pattern
        for report in province["reports"]:
            url = (report["url"] or "").split("?")[0]
            official = report["official_host"] and not url.endswith(".pdf")
            if official and pattern is not None and not pattern.search(url):
                missed.append(url)
    assert missed == []


# GB/T 2260-2007 and its amendments: the province-level codes of the mainland.
OFFICIAL = {
    "110000": "北京市",
    "120000": "天津市",
    "130000": "河北省",
    "140000": "山西省",
    "150000": "内蒙古自治区",
    "210000": "辽宁省",
    "220000": "吉林省",
    "230000": "黑龙江省",
    "310000": "上海市",
    "320000": "江苏省",
    "330000": "浙江省",
    "340000": "安徽省",
    "350000": "福建省",
    "360000": "江西省",
    "370000": "山东省",
    "410000": "河南省",
    "420000": "湖北省",
    "430000": "湖南省",
    "440000": "广东省",
    "450000": "广西壮族自治区",
    "460000": "海南省",
    "500000": "重庆市",
    "510000": "四川省",
    "520000": "贵州省",
    "530000": "云南省",
    "540000": "西藏自治区",
    "610000": "陕西省",
    "620000": "甘肃省",
    "630000": "青海省",
    "640000": "宁夏回族自治区",
    "650000": "新疆维吾尔自治区",
}


def test_every_province_has_its_code_and_lists():
    catalogue = load_catalogue()
    provinces = [s for s in catalogue if s.code and s.code != "100000"]
    assert {s.code: s.region for s in provinces} == OFFICIAL
    assert [s.id for s in catalogue if not s.lists] == []


@pytest.mark.parametrize("region", ["宁夏", "湖北", "贵州", "云南", "上海"])
def test_where_reports_come_as_news_the_news_are_watched_for_their_titles(region):
    (source,) = [s for s in load_catalogue() if (s.region or "").startswith(region)]
    assert len(source.lists) >= 2
    assert source.title_pattern.search("2026年政府工作报告")
    assert not source.title_pattern.search("省政府召开常务会议")
    assert source.title_skip.search("一图读懂2026年政府工作报告")


def test_what_was_seen_names_evidence_that_is_explained():
    catalogue = load_catalogue()
    named = {word for s in catalogue for words in s.seen.values() for word in words}
    assert named == set(evidence())
    for source in catalogue:
        places = {"lists", "pages"} & source.seen.keys()
        # A source that counts as seen has evidence for the addresses it asks for or finds.
        assert source.confidence == "unverified" or places or "link_pattern" in source.seen
        # Nothing is said of what is not there.
        assert all(getattr(source, place) for place in places)


def test_report_columns_are_visited_more_often_in_their_season(load):
    catalogue = load_catalogue()
    reports = [s for s in catalogue if s.document_kind is DocumentKind.REPORT]
    assert {s.season for s in reports} == {Season(frozenset({1, 2, 3}), timedelta(hours=2))}
    assert catalogue["cena-www"].season is None
    mine = (
        "sources:\n- {id: guizhou, season: {months: 1, list_interval: 30m}}\n"
        "- {id: hunan, season: null}\n"
    )
    changed = load(mine + "- {id: yunnan, list_interval: 1h}\n")
    assert changed["guizhou"].season == Season(frozenset({1}), timedelta(minutes=30))
    assert changed["hunan"].season is None
    assert changed["yunnan"].season.list_interval == timedelta(hours=1)


def test_a_family_gives_what_a_source_does_not_say():
    catalogue = load_catalogue()
    assert catalogue["tianjin"].paging == families()["trs"].paging
    assert catalogue["cena-www"].selectors.body == "#art_body"
    assert catalogue["shandong"].selectors.body == "div.wip_art_con"


def test_a_users_source_is_added_behind_the_built_in_ones(load):
    catalogue = load(MINE)
    mine = catalogue.sources[-1]
    assert mine is catalogue.get("my-list")
    assert mine.list_interval == timedelta(minutes=30)
    assert mine.lists == ("https://a.example.cn/news/",)
    assert mine.baseline
    assert mine.topics == ()
    assert mine.document_kind is DocumentKind.PAGE
    assert not mine.route.allow_private
    assert len(catalogue) == len(load_catalogue()) + 1


def test_a_user_changes_some_fields_of_a_built_in_source(load):
    catalogue = load("sources:\n- {id: guizhou, list_interval: 2d, selectors: {body: '#x'}}\n")
    assert catalogue["guizhou"].list_interval == timedelta(days=2)
    assert catalogue["guizhou"].selectors.body == "#x"
    assert catalogue["guizhou"].region == "贵州省"
    assert len(catalogue) == len(load_catalogue())


def test_a_user_switches_a_source_off_and_a_later_file_on_again(load):
    off = "sources: [{id: guizhou, enabled: false}]"
    assert "guizhou" not in {s.id for s in load(off).enabled}
    on = "sources: [{id: guizhou, enabled: true}]"
    assert "guizhou" in {s.id for s in load(off, on).enabled}


def test_the_built_in_sources_can_be_left_out(load):
    assert [s.id for s in load("builtin: false\n" + MINE)] == ["my-list"]
    assert [s.id for s in load(MINE, builtin=False)] == ["my-list"]
    assert len(load("")) == len(load_catalogue())
    assert load_catalogue().get("nothing") is None


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("sources:\n  - id: a\n    nmae: x\n", "0.yaml:3:5", "did you mean name?"),
        ("sources:\n  - name: x\n", "0.yaml:2:5", "id is missing"),
        ("sources:\n  - id: Bad_Id\n", "0.yaml:2:5", "id"),
        ("sources:\n  - id: a\n    name: x\n", "0.yaml:2:5", "no lists or pages"),
        ("sources:\n  - id: a\n    lists: [http://b.cn/]\n", "0.yaml:2:5", "no name"),
        ("sources:\n  - id: guizou\n    list_interval: 1h\n", "0.yaml:2:5", "guizhou"),
        ("sources:\n  - id: a\n    list_interval: 6 hours\n", "0.yaml:3:5", "30m, 6h, 7d"),
        ("sources:\n  - id: a\n    list_interval: 0m\n", "0.yaml:3:5", "a minute"),
        ("sources:\n  - id: a\n    lists: [ftp://b.cn/]\n", "0.yaml:3:13", "http"),
        ("sources:\n  - id: a\n    pages: ['http://u@b\\c/']\n", "0.yaml:3:13", "browser"),
        ("sources:\n  - id: a\n    lists: [www.b.cn/x]\n", "0.yaml:3:13", "begins with http://"),
        ("sources:\n  - id: a\n    lists: 'https://b.cn/a b'\n", "0.yaml:3:5", "write %20"),
        ("sources:\n  - id: a\n    lists: [https://b.cn:70000/]\n", "0.yaml:3:13", "65535"),
        ("sources:\n  - id: a\n    lists: [https://b..cn/]\n", "0.yaml:3:13", "no plain host"),
        ("sources:\n  - id: a\n    pages: [https://b.cn/\u3000]\n", "0.yaml:3:13", "a character"),
        ("sources:\n  - id: cena-www\n    max_links: 0200\n", "0.yaml:3:16", "0200 as 128"),
        ("sources:\n  - id: a\n    link_pattern: 'a('\n", "0.yaml:3:5", "RE2"),
        ("sources:\n  - id: a\n    link_pattern: '(?=a)'\n", "0.yaml:3:5", "RE2"),
        ("sources:\n  - id: a\n    selectors: {body: 'div[['}\n", "0.yaml:3:17", "CSS"),
        ("sources:\n  - id: a\n    selectors: {bdy: x}\n", "0.yaml:3:17", "did you mean body?"),
        ("sources:\n  - id: a\n    family: trss\n", "0.yaml:3:5", "did you mean trs?"),
        ("sources:\n  - id: a\n    region: 甘粛\n", "0.yaml:3:5", "unknown region '甘粛'"),
        ("sources:\n  - id: a\n    speaker: goverment\n", "0.yaml:3:5", "speaker"),
        ("sources:\n  - id: a\n    encoding: gbq\n", "0.yaml:3:5", "charset"),
        ("sources:\n  - id: a\n    robots: never\n", "0.yaml:3:5", "'obey' or 'ignore'"),
        ("sources:\n  - id: a\n    tls: none\n", "0.yaml:3:5", "'strict', 'legacy' or 'tls1'"),
        ("sources:\n  - id: a\n    proxy: ftp://b:1\n", "0.yaml:3:5", "socks5://"),
        ("sources:\n  - id: a\n    ca_file: b.pem\n", "0.yaml:3:5", "b.pem cannot be read"),
        ("sources:\n  - id: a\n    ca_file: 0.yaml\n", "0.yaml:3:5", "holds no certificate"),
        (
            "sources:\n  - id: a\n    season: {months: [13], list_interval: 1h}\n",
            "0.yaml:3:23",
            "12",
        ),
        ("sources:\n  - id: a\n    seen: {list: capture}\n", "0.yaml:3:12", "lists"),
        ("sources:\n  - id: a\n    max_backfill_pages: -1\n", "0.yaml:3:5", "max_backfill_pages"),
        ("sources:\n  - id: a\n    max_links: 0\n", "0.yaml:3:5", "max_links"),
        ("sources: [{id: a, name: x, pages: ['http://b.cn/']},\n {id: a}]", "0.yaml:2:3", "second"),
        ("sources: 5\n", "0.yaml:1:1", "sources"),
        ("- a\n", "0.yaml:1:1", ""),
        ("sources: [\n", "0.yaml:2:1", "not YAML"),
    ],
)
def test_an_error_names_its_place_and_a_fix(load, text, place, words):
    with pytest.raises(UserError) as caught:
        load(text)
    assert place in str(caught.value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_mistakes_of_all_entries_are_told_in_the_words_of_the_file(load, tmp_path):
    text = """\
builtins: false
sources:
- just words
- id: 贵 州
  name: 5
- id: b
  hosts: http://b.cn
  paging: list.html
  selectors: body
  enabled: maybe
  body: div
- id: c
  seen: 3
  max_links: many
  lists: {a: b}
- id: d
  family: trss
- id: e
"""
    with pytest.raises(UserErrors) as caught:
        load(text, "sources: 5\n", "- a\n")
    told = [str(one).removeprefix(f"{tmp_path}/") for one in caught.value.errors]
    for line, (found, expected) in enumerate(
        zip(
            told,
            (
                "0.yaml:1:1: unknown key 'builtins' – did you mean builtin?",
                "0.yaml:3:3: 'just words' is no source – a source begins with - id:",
                "0.yaml:4:3: id: '贵 州' has other characters than a-z, 0-9 and - – write",
                '0.yaml:5:3: name: YAML reads 5 as a number – put it in quotes: "5"',
                "0.yaml:7:3: hosts: 'http://b.cn' is no host – the host alone",
                "0.yaml:8:3: paging: 'list.html' has no {n} – write {n} where",
                "0.yaml:9:3: selectors: 'body' stands where title, published",
                "0.yaml:10:3: enabled: 'maybe' is neither – write true or false",
                "0.yaml:11:3: unknown key 'body' – it stands under selectors",
                "0.yaml:13:3: seen: 3 stands where",
                "0.yaml:14:3: max_links: 'many' is no whole number",
                "0.yaml:15:3: lists: keys with values stand where a list is wanted",
                "0.yaml:17:3: unknown page family 'trss' – did you mean trs?",
                "0.yaml:18:3: the source 'e' has no name – add name",
                "1.yaml:1:1: sources: 5 stands where a list is wanted",
                "2.yaml:1:1: a catalogue file has the keys sources and builtin",
            ),
            strict=True,
        )
    ):
        assert found.startswith(expected), line


@pytest.mark.parametrize(
    "host", ["localhost", "192.168.1.5", "intranet:8080", "list.local", "2130706433", "[::1]"]
)
def test_an_address_that_the_guard_always_refuses_is_the_users_mistake(load, host):
    said = f"sources:\n  - id: a\n    name: x\n    lists:\n      - http://{host}/\n"
    with pytest.raises(UserError) as caught:
        load(said)
    assert "0.yaml:5:9: lists: http://" in str(caught.value)
    assert "add allow_private: true" in str(caught.value)
    assert load(said + "    allow_private: true\n")["a"].lists
    # Whoever says so may do it in a later file, and nobody visits a source that is switched off.
    assert load(said, "sources: [{id: a, allow_private: true}]")["a"].lists
    assert load(said, "sources: [{id: a, enabled: false}]").get("a") is not None


def test_an_address_with_a_password_is_not_repeated(load):
    with pytest.raises(UserError, match="without user name and password") as caught:
        load("sources: [{id: a, name: x, lists: 'https://me:s3cret@b.cn/'}]")
    assert "s3cret" not in str(caught.value)


def test_a_source_may_have_its_own_route(load, tmp_path):
    (tmp_path / "b.pem").write_text("-----BEGIN CERTIFICATE-----\n", encoding="utf-8")
    own = (
        "    robots: ignore\n    tls: legacy\n    ca_file: b.pem\n    proxy: socks5://u:w0rd@c:1\n"
    )
    usual, mine = load(MINE)["my-list"], load(MINE + own)["my-list"]
    assert (usual.route, usual.exceptions) == (FetchRoute(), ())
    assert mine.route == FetchRoute(
        robots=False, tls=Tls.LEGACY, ca_file=tmp_path / "b.pem", proxy="socks5://u:w0rd@c:1"
    )
    assert mine.exceptions == ("robots: ignore", "tls: legacy", "ca_file: b.pem")
    assert "w0rd" not in repr(mine)


def test_a_proxy_with_a_mistake_in_it_is_not_repeated(load):
    with pytest.raises(UserError) as caught:
        load(MINE + "    proxy: http//u:w0rd@c:1\n")
    assert "w0rd" not in str(caught.value)


def test_a_missing_file_is_the_users_mistake(tmp_path):
    with pytest.raises(UserError, match=r"none.yaml: no such file – catalogue in monitor\.toml"):
        load_catalogue([tmp_path / "none.yaml"])
