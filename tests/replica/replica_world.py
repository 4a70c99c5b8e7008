"""The world behind the proxy: the hosts of the built-in catalogue, made from the catalogue.

For each enabled source there is a list where the catalogue says one is, articles at addresses of
the family's form, and the pages it names. Nothing in the catalogue is rewritten.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from urllib.parse import quote, urljoin, urlsplit

from replica_frames import (
    FRAMES,
    ArticlePage,
    ListPage,
    Row,
    epaper_page,
    gkmlpt_json,
    jcms_proxy_path,
    jcms_records,
    jpaas_search,
    jpaas_shell,
    jpaas_unit,
    jpaas_unit_path,
    ucap_json,
)
from replica_proxy import Page
from replica_texts import (
    NATION,
    Article,
    days_before,
    ministry_answers,
    ministry_news,
    ministry_plan,
    noise,
    notice,
    press,
    report,
)

from monitor.catalogue.model import Catalogue, Source
from monitor.model.documents import DocumentKind
from monitor.model.statements import Speaker


@dataclass(frozen=True)
class Manners:
    """How a site sends its pages: charset of bytes, header and meta, validators, framing.

    ``moved``: addresses that begin so send on to what begins so.
    """

    bytes_in: str = "utf-8"
    header: str | None = "text/html; charset=utf-8"
    meta: str = "utf-8"
    etag: bool = False
    modified: bool = False
    framing: str = "gzip"
    moved: tuple[str, str] | None = None


# Static files of nginx; many say nothing of the charset.
_STATIC = Manners(header="text/html", etag=True, modified=True)
_DYNAMIC = Manners(header="text/html;charset=UTF-8", framing="chunked")

_BY_FAMILY = {
    "trs": _STATIC,
    "jcms": _DYNAMIC,
    "gkmlpt": Manners(etag=True),
    "ucap": Manners(etag=True, modified=True),
    "cena": Manners(header="text/html"),
    "founder_epaper": Manners(header="text/html", etag=True, modified=True, framing="plain"),
    "own": Manners(header="text/html", modified=True),
    "jpaas": Manners(framing="chunked"),
    "nda": _STATIC,
    "cac": Manners(header="text/html", modified=True),
}
_BY_SOURCE = {
    "beijing": Manners(etag=True, modified=True),
    "fujian": Manners(header="text/html", modified=True, framing="chunked"),
    "liaoning": Manners("gb18030", "text/html", "gb2312", framing="plain"),
    "gansu": Manners("gb18030", "text/html; charset=gb2312", "gb2312"),
    "hebei": Manners(header="text/html; charset=ISO-8859-1"),
    "anhui": _DYNAMIC,
    "guangdong": Manners(etag=True, moved=("http://www.gd.", "https://www.gd.")),
    "sichuan": Manners(
        header="text/html", modified=True, moved=("http://www.sc.", "https://www.sc.")
    ),
    "qinghai": Manners(
        header="text/html", etag=True, moved=("http://zwgk.qh.", "https://www.qinghai.")
    ),
}

# Articles of the year before still stand on the host that the portal had then.
_OLD_HOST = {"fujian": ("www.fj.", "www.fujian."), "jiangsu": ("www.jiangsu.", "www.js.")}
_EXTENSION = {"fujian": "htm", "shanxi": "shtml", "hubei": "shtml"}


_OFFICES = {
    "miit": "工业和信息化部",
    "nda": "国家数据局",
    "ndrc": "国家发展改革委",
    "most": "科技部",
    "cac": "国家网信办",
}


def _hex(article: Article, salt: str) -> str:
    return hashlib.sha256(f"{salt}{article.title}{article.day}".encode()).hexdigest()[:32]


def _number(article: Article, salt: str, size: int = 7) -> int:
    return 10 ** (size - 1) + int(_hex(article, salt), 16) % (9 * 10 ** (size - 1))


def address_of(source: Source, column: str, article: Article) -> str:
    """Where an article of a column stands, in the form of its family."""
    if (moved := _manners(source).moved) is not None:
        column = column.replace(*moved)
    if source.id in _OLD_HOST and article.day.year == 2025:
        column = column.replace(*_OLD_HOST[source.id])
    day, base = article.day, column.split("?", maxsplit=1)[0].rsplit("/", 1)[0] + "/"
    root = "{0.scheme}://{0.netloc}".format(urlsplit(column))
    number, code = _number(article, source.id), _hex(article, source.id)
    section = posixpath.dirname(urlsplit(column).path).strip("/")
    own = {
        "liaoning": f"{base}{code.upper()}/index.shtml",
        "heilongjiang": f"{root}/hlj/c108465/{day:%Y%m}/c00_{number}.shtml",
        "shanghai": f"{root}/nw12336/{day:%Y%m%d}/{code}.html",
        "anhui": f"{root}/public/1681/{number}.html",
        "henan": f"{root}/{day:%Y/%m-%d}/{number}.html",
        "guangxi": f"{base}t{number}.shtml",
        "hainan": f"{root}/hainan/szfgzbg/{day:%Y%m}/{code}.shtml",
        "xinjiang": f"{base}{day:%Y%m}/{code}.shtml",
        "guangdong": f"https://www.gd.gov.cn/zwgk/zfgzbg/content/post_{number}.html",
        "sichuan": f"https://www.sc.gov.cn/10462/c105962s/{day.year}/{day.month}/{day.day}/{code}.shtml",
        "hebei": f"{root}/columns/{uuid.UUID(code)}/{day:%Y%m/%d}/{uuid.UUID(code[::-1])}.html",
        "gansu": f"{root}/html/{day.year}/rdxw_{day:%m%d}/{number}.html",
        "state-council": f"{root}/{section or 'guowuyuan'}/{day:%Y%m}/content_{number}.htm",
        "state-council-policies": f"{root}/zhengce/content/{day:%Y%m}/content_{number}.htm",
        "cena-www": f"{root}/{section}/{day:%Y%m%d}/{number}.html",
        "cena-epaper": f"{root}/pc/content/{day:%Y%m}/{day:%d}/content_{number}.html",
    }
    if source.id in own:
        return own[source.id]
    if source.family == "trs":
        extension = _EXTENSION.get(source.id, "html")
        return f"{base}{day:%Y%m}/t{day:%Y%m%d}_{number}.{extension}"
    if source.family == "jcms":
        known = re.search(r"/col(\d+)/", column)
        return f"{root}/art/{day.year}/{day.month}/{day.day}/art_{known[1]}_{number}.html"
    if source.family == "jpaas":
        folder = f"{root}/zwgk/zcwj/wjfb/tz/" if "/search/" in column else base
        return f"{folder}art/{day.year}/art_{code}.html"
    if source.family == "nda":
        serial = _number(article, source.id, 13)
        return f"{base.removesuffix('list/')}{day:%m%d}/{day:%Y%m%d}{serial}_pc.html"
    if source.family == "cac":
        return f"{root}/{day:%Y-%m/%d}/c_{_number(article, source.id, 16)}.htm"
    raise LookupError(f"the replica knows no address for articles of {source.id}")


@dataclass
class World:
    """What all sites have published; ``pages()`` makes it an internet, from scratch each time.

    ``published``: by source, by list address, the articles; ``fixed``: pages the catalogue names.
    """

    catalogue: Catalogue
    today: date
    published: dict[str, dict[str, list[Article]]] = field(default_factory=dict)
    fixed: dict[str, dict[str, Article]] = field(default_factory=dict)
    edited: dict[str, tuple[str, str]] = field(default_factory=dict)
    now: datetime | None = None

    def __post_init__(self) -> None:
        for index, source in enumerate(self.catalogue.enabled):
            self.published[source.id] = {
                url: list(self._column(source, url, index)) for url in source.lists
            }
            self.fixed[source.id] = {url: _report_at(source, url, index) for url in source.pages}

    def expected(self) -> dict[str, dict[str, Article]]:
        """By source and address, the articles that its first visit must find."""
        found: dict[str, dict[str, Article]] = {}
        for source in self.catalogue.enabled:
            mine = found.setdefault(source.id, dict(self.fixed[source.id]))
            for column, articles in self.published[source.id].items():
                for article in articles:
                    if article.wanted and self._shown(source, article):
                        mine[address_of(source, column, article)] = article
        return found

    def edit(self, title: str, before: str, after: str) -> None:
        """Somebody changes a word in the article of that title, wherever it stands."""
        self.edited[title] = (before, after)

    def publish(self, source_id: str, column: str, article: Article) -> None:
        """Something new at the top of a column."""
        self.published[source_id][column].insert(0, article)

    def pages(self) -> dict[str, Page]:
        """Every address that answers anything but 404."""
        made: dict[str, Page] = dict(_ROBOTS)
        for source in self.catalogue.enabled:
            if source.family == "founder_epaper":
                made |= self._epaper(source)
                continue
            for column, articles in self.published[source.id].items():
                made |= self._list(source, column, articles)
                for article in articles:
                    made |= self._article(source, address_of(source, column, article), article)
            for url, article in self.fixed[source.id].items():
                made |= self._article(source, url, article)
        return made

    def _shown(self, source: Source, article: Article) -> bool:
        if source.family == "founder_epaper":
            return article.day == max(self._issues())
        return article.page <= source.list_pages

    def _issues(self) -> list[date]:
        """The last Tuesdays and Fridays."""
        days = [days_before(self.today, back) for back in range(1, 12)]
        return [day for day in days if day.weekday() in {1, 4}]

    def _column(self, source: Source, url: str, index: int) -> Iterable[Article]:
        if source.family == "founder_epaper":
            for issue, day in enumerate(self._issues()):
                yield from (press(f"展区{issue}{n}", n, day) for n in range(4))
            return
        if source.speaker is Speaker.MINISTRY:
            yield from self._of_ministry(source, url)
            return
        if source.document_kind is DocumentKind.NEWS:
            if urlsplit(url).path in {"", "/"}:
                return  # the home page shows what the sections have
            where = posixpath.dirname(urlsplit(url).path).strip("/")
            for n in range(5):
                day = days_before(self.today, n * 3 + 1)
                yield press(f"{where}园区", n, day, page=1 if n < 4 else 2)
            return
        if source.document_kind is DocumentKind.PAGE:
            yield from (notice(n, days_before(self.today, n * 9 + 2)) for n in range(6))
            return
        yield from self._reports(source, url, index)

    def _of_ministry(self, source: Source, url: str) -> Iterable[Article]:
        office = _OFFICES[source.id.partition("-")[0]]
        column = f"第{'一二三四'[source.lists.index(url)]}栏"
        for n in range(3):
            day = days_before(self.today, n * 4 + 2)
            page = 1 if n < 2 or source.family == "cac" else 2
            if source.document_kind is DocumentKind.PAGE:
                yield ministry_plan(office, column, n + len(url), day, page=page)
            elif source.id.endswith("-news"):
                yield ministry_news(office, column, n + len(url), day, page=page)
            else:
                yield ministry_answers(office, n + len(url), day, page=page)

    def _reports(self, source: Source, url: str, index: int) -> Iterable[Article]:
        region = source.region or NATION
        first = url == source.lists[0]
        if first or len(source.lists) == 1:
            yield _report(region, 2026, index)
            # A column of reports is read whole; news are asked for by title.
            asked = source.title_pattern is None
            for n in range(3):
                yield replace(noise(region, n + index, date(2026, 3, 2 + n)), wanted=asked)
        if not first or len(source.lists) == 1:
            yield _report(region, 2025, index)
            if source.family in {"trs", "jcms"}:
                yield report(region, 2024, _day(region, 2024, index), page=2)

    def _list(self, source: Source, column: str, articles: list[Article]) -> dict[str, Page]:
        manners = _manners(source)
        shown = list(articles)
        if source.family == "cena" and not articles:
            shown = [one for found in self.published[source.id].values() for one in found]
            hrefs = {
                one.title: address_of(source, url, one)
                for url, found in self.published[source.id].items()
                for one in found
            }
        else:
            hrefs = {one.title: address_of(source, column, one) for one in articles}
        made: dict[str, Page] = {}
        count = max((one.page for one in shown), default=1)
        for number in range(1, count + 1):
            rows = [
                Row(one, _written(source, column, hrefs[one.title]))
                for one in shown
                if one.page == number
            ]
            url = further(source, column, number)
            frame = _list_frame(source, column, number)
            page = partial(ListPage, source, column, rows, number, count)
            made |= self._sent(
                url, manners, lambda visit, f=frame, p=page, m=manners: f(p(visit, m.meta)), rows
            )
            if frame is jpaas_shell:
                unit = urljoin(column, jpaas_unit_path(column))
                made |= self._sent(
                    unit, manners, lambda visit, p=page, m=manners: jpaas_unit(p(visit, m.meta)), []
                )
        return made

    def _article(self, source: Source, url: str, article: Article) -> dict[str, Page]:
        manners, frame = _manners(source), FRAMES[source.family][1]
        article = self._as_edited(article)
        make = partial(ArticlePage, source, url, article)
        row = Row(article, url)
        return self._sent(url, manners, lambda visit: frame(make(visit, manners.meta)), [row])

    def _as_edited(self, article: Article) -> Article:
        if article.title not in self.edited:
            return article
        before, after = self.edited[article.title]
        lines = tuple(line.replace(before, after) for line in article.lines)
        assert lines != article.lines, f"{article.title} does not say {before}"
        return Article(article.title, article.day, lines, article.issuer, article.wanted)

    def _sent(
        self,
        url: str,
        manners: Manners,
        frame: Callable[[int], str],
        rows: list[Row],
    ) -> dict[str, Page]:
        """A page as its site sends it; one that changes at each request has no validator."""
        kind = manners.header
        if frame(1).lstrip()[:1] in {"[", "{"}:
            kind = "application/json"
        changing = frame(1) != frame(2)
        newest = max((row.article.day for row in rows), default=self.today)
        if self.now is not None and any(row.article.title in self.edited for row in rows):
            newest = self.now.date()
        stamp = datetime.combine(newest, time(9, 30), UTC) + timedelta(minutes=len(rows))
        page = Page(
            (lambda visit: frame(visit).encode(manners.bytes_in))
            if changing
            else frame(1).encode(manners.bytes_in),
            kind,
            etag=manners.etag and not changing,
            modified=f"{stamp:%a, %d %b %Y %H:%M:%S} GMT"
            if manners.modified and not changing
            else None,
            framing=manners.framing,
            headers={"Set-Cookie": "JSESSIONID=0A1B; Path=/"} if changing else {},
        )
        if manners.moved is not None and url.startswith(manners.moved[0]):
            there = url.replace(*manners.moved)
            return {url: Page(b"", status=301, headers={"Location": there}), there: page}
        return {url: page}

    def _epaper(self, source: Source) -> dict[str, Page]:
        manners = _manners(source)
        (index,) = source.lists
        made: dict[str, Page] = {}
        for day in self._issues():
            articles = [one for one in self.published[source.id][index] if one.day == day]
            halves = (articles[:2], articles[2:])
            folder = f"../../../content/{day:%Y%m}/{day:%d}"
            for number, half in enumerate(halves, start=1):
                url = urljoin(index, f"{day:%Y%m}/{day:%d}/node_{number:02d}.html")
                rows = [
                    Row(
                        one,
                        f"{folder}/content_{_number(one, source.id)}.html",
                    )
                    for one in half
                ]
                made |= self._sent(
                    url,
                    manners,
                    lambda _, a=(day, number, 2, rows, "../../"): epaper_page(*a),
                    rows,
                )
                if number == 1 and day == max(self._issues()):
                    rows = [Row(row.article, row.href.removeprefix("../../")) for row in rows]
                    made |= self._sent(
                        index, manners, lambda _, a=(day, 1, 2, rows, "./"): epaper_page(*a), rows
                    )
            for one in articles:
                made |= self._article(source, address_of(source, index, one), one)
        return made


def further(source: Source, column: str, number: int) -> str:
    """The address of a list's page ``number``, by the family's own rule."""
    if number == 1:
        return column
    if source.family == "jcms":
        return urljoin(column, jcms_proxy_path(column, number - 1))
    if source.family == "jpaas":
        return _further_of_unit(column, number)
    names = {"hunan": "tygl_zrpx_{}.html", "shanghai": "index_{}.html", "hainan": "list3_{}.shtml"}
    names |= {"cena": "index_{}.html", "nda": "index_pc_{}.html"}
    name = names.get(source.id) or names.get(source.family)
    if name is not None:
        return urljoin(column, name.format(number))
    return urljoin(column, f"index_{number - 1}.html")


def _further_of_unit(column: str, number: int) -> str:
    if "/api/search/" in column:
        return column.replace("&p=1&", f"&p={number}&")
    page = quote(f'{{"pageNo":{number},"pageSize":2}}')
    unit = urljoin(column, jpaas_unit_path(column)).replace("&editType=null", "")
    return f"{unit}&paramJson={page}"


def _list_frame(source: Source, column: str, number: int) -> Callable[[ListPage], str]:
    if column.endswith(".json"):
        return ucap_json
    if "/gkmlpt/api/" in column:
        return gkmlpt_json
    if source.family == "jcms" and number > 1:
        return jcms_records
    if "/api/search/" in column:
        return jpaas_search
    if source.family == "jpaas" and number > 1:
        return jpaas_unit
    return FRAMES[source.family][0]


def _written(source: Source, column: str, url: str) -> str:
    """A link as the family writes it into its lists."""
    if source.family == "trs" or source.id in {"guangxi", "xinjiang", "liaoning"}:
        column = column.replace(*(_manners(source).moved or ("", "")))
        base = column.rsplit("/", 1)[0] + "/"
        return "./" + url.removeprefix(base) if url.startswith(base) else url
    if source.family in {"jpaas", "nda"}:
        return urlsplit(url).path
    if source.family == "cac":
        return url.removeprefix("https:")
    if source.id == "sichuan":
        return url + "?c2Id=280&c1Id=36"
    if source.id in {"shanghai", "hainan", "henan", "heilongjiang"} or source.family == "cena":
        return urlsplit(url).path
    return url


def _manners(source: Source) -> Manners:
    return _BY_SOURCE.get(source.id) or _BY_FAMILY[source.family]


def _day(region: str, year: int, index: int) -> date:
    return date(year, 3, 5) if region == NATION else date(year, 1, 11 + index % 15)


def _report(region: str, year: int, index: int) -> Article:
    return report(region, year, _day(region, year, index))


def _report_at(source: Source, url: str, index: int) -> Article:
    """What stands on a page the catalogue names: the report of the year in its address."""
    known = re.search(r"(?<!\d)(202[4-9])", url)
    return _report(source.region or NATION, int(known[1]) if known else 2026, index)


_ROBOTS: Mapping[str, Page] = {
    f"https://{host}/robots.txt": Page(
        b"User-agent: *\nDisallow: /search/\nDisallow: /premier/\n", "text/plain"
    )
    for host in ("www.gov.cn", "www.cena.com.cn", "www.beijing.gov.cn")
}
