"""The markup of each page family, written after captures and notes: one frame for a list, one for
an article. Pure strings; where they stand and in which charset they are sent is the site's."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from html import escape
from urllib.parse import parse_qsl, quote

from replica_texts import Article

from monitor.catalogue.model import Source


@dataclass(frozen=True)
class Row:
    """An article as a list shows it: ``href`` as written there."""

    article: Article
    href: str


@dataclass(frozen=True)
class ListPage:
    """What a list frame is given: page ``number`` of ``count``, counted from 1."""

    source: Source
    url: str
    rows: Sequence[Row]
    number: int
    count: int
    visit: int
    meta: str


@dataclass(frozen=True)
class ArticlePage:
    """What an article frame is given."""

    source: Source
    url: str
    article: Article
    visit: int
    meta: str


def held(selector: str | None, inner: str, otherwise: str) -> str:
    """Markup in the elements that a simple selector names: ``#mainText .TRS_Editor, …``."""
    first = (selector or otherwise).split(",")[0]
    for part in reversed([part for part in first.split() if part != ">"]):
        tag = re.match(r"[a-z][a-z0-9]*", part)
        identity = re.search(r"#([\w-]+)", part)
        classes = " ".join(re.findall(r"\.([\w-]+)", part))
        name = tag[0] if tag else "div"
        attributes = f' id="{identity[1]}"' if identity else ""
        attributes += f' class="{classes}"' if classes else ""
        inner = f"<{name}{attributes}>{inner}</{name}>"
    return inner


_MENU = (
    '<div class="nav"><a href="/">首页</a><a href="/zwgk/index.html">政务公开</a>'
    '<a href="/hdjl/">互动交流</a><a href="javascript:;">无障碍浏览</a></div>'
)
_FOOT = (
    '<div class="footer"><a href="http://portal.example.org/index.jsp;jsessionid=0A1B2C3D">链接</a>'
    "<p>主办单位：{name}办公厅</p><p>网站标识码：1100000000　备案号：某ICP备05000000号</p></div>"
)


def _page(title: str, head: str, body: str, meta: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html>\n<head>\n<meta charset="{meta}">\n<title>{title}</title>\n{head}'
        f"</head>\n<body>\n{_MENU}\n{body}\n</body>\n</html>\n"
    )


def _site(source: Source) -> str:
    return f"{source.region or '电子信息产业网'}人民政府"


def _site_metas(source: Source) -> str:
    return (
        f'<meta name="SiteName" content="{_site(source)}">\n'
        f"<meta name='ColumnName' content='{source.name}'>\n"
    )


def _metas(page: ArticlePage, *, lower: bool = False, published: str = "") -> str:
    """The national practice's tags; their names differ in case from site to site."""
    article = page.article
    day, origin = ("pubdate", "contentSource") if lower else ("PubDate", "ContentSource")
    return (
        _site_metas(page.source)
        + f'<meta name="ArticleTitle" content="{escape(article.title)}">\n'
        + f'<meta name="{day}" content="{published or f"{article.day} 09:30"}">\n'
        + f'<meta name="{origin}" content="{article.issuer}">\n'
    )


def _paragraphs(article: Article) -> str:
    return "\n".join(f"<p>　　{escape(line)}</p>" for line in article.lines)


def _breaks(article: Article) -> str:
    """Bodies without paragraphs, the sharing bar in between."""
    return "<br>\n".join(f"&nbsp;&nbsp;{escape(line)}" for line in article.lines)


def _anchor(row: Row, *, cut: int = 60) -> str:
    title = row.article.title
    shown = title if len(title) <= cut else f"{title[: cut - 1]}..."
    return f'<a href="{row.href}" target="_blank" title="{title}">{shown}</a>'


def _explained(row: Row, number: int) -> str:
    """What some ministries put into the row of a policy: links to what explains it."""
    if number % 2:
        return ""
    return (
        '<strong>解读</strong><div class="popbox"><h3 title="相关解读">相关解读</h3><ul><li>'
        f'<a href="../../jd/jd/202601/t20260101_{number}.html" title="{row.article.title}解读">'
        f"{row.article.title}解读</a></li></ul></div>"
    )


# --- TRS WCM


def trs_list(page: ListPage) -> str:
    """Relative links; how many pages there are is said in a script alone."""
    hidden = page.source.id == "tianjin"
    rows = []
    for row in page.rows:
        anchor = _anchor(row)
        if hidden:
            anchor = (
                f'<a href="javascript:void(0)" onclick="window.open(\'{row.href}\')">'
                f"{row.article.title}</a>"
            )
        day = f"{row.article.day}"
        if page.source.id == "ndrc-policies":
            anchor, day = anchor + _explained(row, len(rows)), f"{row.article.day:%Y/%m/%d}"
        rows.append(f"<li>{anchor}<span>{day}</span></li>")
    pager = f'<script>createPageHTML({page.count}, {page.number - 1}, "index", "html");</script>'
    inner = f'<ul class="list default_news">\n{chr(10).join(rows)}\n</ul>\n{pager}'
    title = f"{page.source.name}_政务公开_{_site(page.source)}"
    foot = _FOOT.format(name=_site(page.source))
    return _page(title, _site_metas(page.source), inner + foot, page.meta)


def trs_article(page: ArticlePage) -> str:
    """标题_栏目_站名; one portal doubles its PubDate, one has no paragraphs."""
    source, article = page.source, page.article
    doubled = f"{article.day} 14:36{article.day} 16:44" if source.id == "beijing" else ""
    text = _breaks(article) if source.id == "neimenggu" else _paragraphs(article)
    selectors = source.selectors
    heading = held(selectors.title, escape(article.title), "h1")
    marks = '<script>var _yfx_nodeid = "2656";</script>\n'
    body = (
        f'<div class="crumbs"><a href="../">政务公开</a> &gt; <a href="./">{source.name}</a></div>'
        f'{heading}<div class="othermessage">日期：{article.day} 09:30　来源：{article.issuer}'
        f"　【字体：大 中 小】</div>"
        f"{held(selectors.body, text, '#zoom .TRS_Editor')}"
        f'<div class="share">分享到：<a href="#">微信</a></div><p>扫一扫在手机打开当前页</p>'
        f'<script>createPageHTML(1, 0, "t1", "html");</script>'
    )
    title = f"{escape(article.title)}_{source.name}_{_site(source)}"
    foot = _FOOT.format(name=_site(source))
    return _page(title, _metas(page, published=doubled) + marks, body + foot, page.meta)


# --- 大汉 JCMS


def _record(row: Row) -> str:
    return f"<record><![CDATA[\n<li>{_anchor(row, cut=18)}<b>{row.article.day}</b></li>]]></record>"


def jcms_records(page: ListPage) -> str:
    """What dataproxy.jsp answers: the next records and where those after them come from."""
    following = jcms_proxy_path(page.url, page.number)
    records = "\n".join(_record(row) for row in page.rows)
    return (
        f'<datastore>\n<nextgroup><![CDATA[<a href="{following}"></a>]]></nextgroup>\n'
        f"<recordset>\n{records}\n</recordset>\n</datastore>"
    )


def jcms_proxy_path(column: str, number: int) -> str:
    """The address behind the ``number``-th page of a column, as its script writes it."""
    known = re.search(r"/col(\d+)/", column)
    name = quote(quote("某省人民政府"))
    return (
        f"/module/web/jpage/dataproxy.jsp?page={number}&appid=1&webid=1&path=/"
        f"&columnid={known[1] if known else 0}&unitid=297589&webname={name}&permissiontype=0"
    )


def jcms_list(page: ListPage) -> str:
    """The rows stand in a script; one portal calls its list 403 and is well all the same."""
    source = page.source
    rendered = f"<meta name='Maketime' content='2026-07-16 09:{page.visit % 60:02d}:36'>\n"
    inner = (
        f'<div id="297589"><script type="text/xml">{jcms_records(page)}</script></div>'
        "<script>$('#297589').jpage({themeName:'lucidity',totalRecord:"
        f"{page.count * 25},perPage:25,proxyUrl:'/module/web/jpage/dataproxy.jsp'}});</script>"
    )
    title = "403" if source.id == "jiangxi" else f"{_site(source)} {source.name}"
    foot = _FOOT.format(name=_site(source))
    return _page(title, rendered + _site_metas(source), inner + foot, page.meta)


def jcms_article(page: ArticlePage) -> str:
    """Maketime, when it was rendered, stands before PubDate; counters change at each request."""
    source, article = page.source, page.article
    rendered = f"<meta name='Maketime' content='2027-07-16 09:{page.visit % 60:02d}:36'>\n"
    selectors = source.selectors
    byline = held(selectors.published, f"时间：{article.day}  08:57", "span.sign") + held(
        selectors.source_line, f"来源：{article.issuer}", "span.source"
    )
    body = (
        f"{held(selectors.title, escape(article.title), 'h1')}{byline}"
        f"<p>浏览次数：<span>{1000 + page.visit * 7}</span></p>"
        "<iframe src='/module/visitcount/visit.jsp?type=3&i_webid=410' height=0></iframe>"
    )
    text = (
        '<!--ZJEG_RSS.content.begin--><meta name="ContentStart"/>'
        f'{_paragraphs(article)}<meta name="ContentEnd"/><!--ZJEG_RSS.content.end-->'
    )
    body += held(selectors.body, text, "#zoom") + _FOOT.format(name=_site(source))
    title = f"{_site(source)} {source.name} {escape(article.title)}"
    head = rendered + _metas(page, lower=source.id == "shandong")
    return _page(title, head, body, page.meta)


# --- 广东 NFCMS and gkmlpt


def nfcms_list(page: ListPage) -> str:
    """A plain list with absolute links."""
    rows = "".join(
        f'<li><span>{_anchor(row)}</span><span class="time">{row.article.day}</span></li>'
        for row in page.rows
    )
    return _page(
        f"{page.source.name} {_site(page.source)}",
        _site_metas(page.source),
        f'<div class="viewList"><ul>{rows}</ul></div>' + _FOOT.format(name=_site(page.source)),
        page.meta,
    )


def gkmlpt_json(page: ListPage) -> str:
    """The platform's own list: ``/gkmlpt/api/all/<category>?page=N&sid=2``."""
    rows = [
        {
            "id": 4_000_000 + number,
            "title": row.article.title,
            "url": row.href + "#45",
            "date": int(row.article.day.strftime("%Y%m%d")),
            "publish_date": f"{row.article.day} 09:30:00",
        }
        for number, row in enumerate(page.rows)
    ]
    return json.dumps({"total": len(rows) * page.count, "articles": rows}, ensure_ascii=False)


def nfcms_article(page: ArticlePage) -> str:
    """The article of both."""
    article = page.article
    body = (
        f'<h3 class="zw-title">{escape(article.title)}</h3><p>时间 : {article.day} 09:30:11</p>'
        f"{held(page.source.selectors.body, _paragraphs(article), 'div.article-content')}"
    )
    title = f"{escape(article.title)} {_site(page.source)}"
    return _page(title, _metas(page), body + _FOOT.format(name=_site(page.source)), page.meta)


# --- www.gov.cn and UCAP


def ucap_list(page: ListPage) -> str:
    """A list of links; 四川 adds where the reader came from to each address."""
    rows = "".join(
        f'<li><h4>{_anchor(row)}<span class="date">{row.article.day}</span></h4></li>'
        '<li class="line"></li>'
        for row in page.rows
    )
    body = f'<div class="news_box"><div class="list list_1 list_2"><ul>{rows}</ul></div></div>'
    title = f"{page.source.name}_中国政府网"
    return _page(title, "", body + _FOOT.format(name=_site(page.source)), page.meta)


def ucap_json(page: ListPage) -> str:
    """The whole list in one file."""
    rows = [
        {
            "TITLE": row.article.title,
            "SUB_TITLE": "",
            "URL": row.href,
            "DOCRELPUBTIME": f"{row.article.day}",
        }
        for row in page.rows
    ]
    return json.dumps(rows, ensure_ascii=False)


def ucap_article(page: ArticlePage) -> str:
    """firstpublishedtime instead of PubDate; the body in its own element."""
    article = page.article
    head = f'<meta name="firstpublishedtime" content="{article.day}-17:00:00"/>\n'
    body = (
        f'<h1 id="ti">{escape(article.title)}</h1><div class="pages-date">{article.day} 17:00 '
        f"<span>来源： {article.issuer}</span></div>"
        f"{held(page.source.selectors.body, _paragraphs(article), '#UCAP-CONTENT')}"
        '<div class="editor">责任编辑：某某</div>'
    )
    title = f"{escape(article.title)}_要闻_中国政府网"
    return _page(title, head, body + _FOOT.format(name=_site(page.source)), page.meta)


# --- 大汉 JPaaS


def jpaas_unit_path(column: str) -> str:
    """The unit that has the rows of a column."""
    page_id = hashlib.sha256(column.encode()).hexdigest()[:32]
    return (
        "/api-gateway/jpaas-publish-server/front/page/build/unit?parseType=buildstatic"
        f"&webId=8d828e40&tplSetId=20974b21&pageType=column&tagId={quote('右侧内容')}&editType=null"
        f"&pageId={page_id}"
    )


def jpaas_shell(page: ListPage) -> str:
    """A column without rows; the script that asks for them has the parameters in single quotes."""
    path, _, query = jpaas_unit_path(page.url).partition("?")
    written = ",".join(f"'{key}':'{value}'" for key, value in parse_qsl(query))
    body = (
        '<div class="lmy_main_rb"><script>var authorizedReadUnitId = "95e2ec85";</script>'
        '<script id="95e2ec85" parseType="buildstatic" src="/script/AuthorizedRead/unitbuild.js" '
        f'url="{path}" queryData="{{{written}}}"></script></div>'
    )
    return _page(page.source.name, _site_metas(page.source), body, page.meta)


def jpaas_unit(page: ListPage) -> str:
    """The rows, as HTML in JSON."""
    rows = "".join(
        f'<li class="cf"><a class="fl" href="{row.href}" title="{row.article.title}"><i></i>'
        f'{row.article.title[:12]}...</a><span class="fr">{row.article.day}</span></li>'
        for row in page.rows
    )
    fragment = f'<div id="右侧内容"><div class="page-content"><ul>{rows}</ul></div></div>'
    answer = {"success": True, "code": "200", "data": {"html": fragment}}
    return json.dumps(answer, ensure_ascii=False)


def jpaas_search(page: ListPage) -> str:
    """The library of documents: hits in groups, times in milliseconds."""
    hits = [
        {
            "title": row.article.title,
            "url": row.href,
            "deploytime": int(datetime.combine(row.article.day, time(1), UTC).timestamp() * 1000),
        }
        for row in page.rows
    ]
    found = [{"groupData": [{"data": hit}]} for hit in hits]
    return json.dumps({"data": {"searchResult": {"dataResults": found}}}, ensure_ascii=False)


def jpaas_article(page: ArticlePage) -> str:
    """The time of the tag PubDate is not that of the page."""
    article = page.article
    body = (
        f'<h1 id="con_title">{escape(article.title)}</h1><div class="cinfo">'
        f'<span id="con_time">发布时间：{article.day} 16:27</span>'
        f"<span>来源：{article.issuer}</span></div>"
        f'<div class="ccontent" id="con_con">{_paragraphs(article)}</div>'
    )
    title = f"{escape(article.title)}_{page.source.name}"
    late = f"{article.day + timedelta(days=1)} 14:46"
    return _page(title, _metas(page, published=late), body, page.meta)


# --- www.nda.gov.cn


def nda_list(page: ListPage) -> str:
    """Days with dots; how many pages there are is said in a script."""
    rows = "".join(
        f'<li><a href="{row.href}" title="{row.article.title}">{row.article.title}</a>'
        f"{_explained(row, number)}<span>{row.article.day:%Y.%m.%d}</span></li>"
        for number, row in enumerate(page.rows)
    )
    pager = (
        f"<script>$('.pages').pagination({{totalData: {page.count * 15}, showData: 15}})</script>"
    )
    body = f'<ul class="u-list">{rows}</ul><div class="pages"></div>{pager}'
    return _page(page.source.name, _site_metas(page.source), body, page.meta)


def nda_article(page: ArticlePage) -> str:
    """The national tags; attachments in a list below."""
    article = page.article
    body = (
        f'<h1>{escape(article.title)}</h1><li class="source">来源：{article.issuer}</li>'
        f'<div class="article">{_paragraphs(article)}</div>'
        '<div class="filelist"></div>'
    )
    return _page(f"{escape(article.title)}-国家数据局", _metas(page), body, page.meta)


# --- www.cac.gov.cn


def cac_list(page: ListPage) -> str:
    """Addresses without scheme and without quotes."""
    rows = "".join(
        f'<li><h5><a href={row.href} target=_blank title="{row.article.title}">'
        f'{row.article.title}</a></h5><div class="times">{row.article.day}</div></li>'
        for row in page.rows
    )
    body = f"<ul id=\"loadingInfoPage\">{rows}</ul><script>var o = {{total:'400'}};</script>"
    return _page(page.source.name, "", body, page.meta)


def cac_article(page: ArticlePage) -> str:
    """No tags at all."""
    article = page.article
    when = f"{article.day.year}年{article.day.month:02d}月{article.day.day:02d}日 19:36"
    body = (
        f'<h1 class="title">{escape(article.title)}</h1><div class="info">'
        f'<span id="pubtime">{when}</span><span id="source">来源：<a>{article.issuer}</a></span>'
        f'</div><div class="main-content"><DIV id=BodyLabel>{_paragraphs(article)}</DIV></div>'
    )
    return _page(f"{escape(article.title)}_中央网络安全和信息化委员会办公室", "", body, page.meta)


# --- www.cena.com.cn


def cena_list(page: ListPage) -> str:
    """Times of a list are relative: 5 分前, 今天 10:23, 02-28 16:12."""
    times = (f"{page.visit % 50 + 3} 分前", "今天 10:23", "02-28 16:12")
    rows = "".join(
        f'<div class="item"><a href="{row.href}"><img src="/images/{n}.jpg"></a>'
        f'<h3><a href="{row.href}">{row.article.title}</a></h3><span>{times[n % 3]}</span></div>'
        for n, row in enumerate(page.rows)
    )
    pager = f'<div class="page"><a href="index_{page.number + 1}.html">下一页</a></div>'
    return _page("电子信息产业网", "", f'<div class="list">{rows}</div>{pager}', page.meta)


def cena_article(page: ArticlePage) -> str:
    """The markup of its crawlers of 2019 and 2023."""
    article = page.article
    when = f"{article.day.year}年{article.day.month:02d}月{article.day.day:02d}日 10:23"
    body = (
        f'<div class="content"><h1>{escape(article.title)}</h1><div class="midline">'
        f'<span class="time">发布时间：{when}</span>'
        f'<span class="laiyuan">来源：{article.issuer}</span></div>'
        f'<div id="art_body">{_paragraphs(article)}</div></div>'
        f'<div class="hot"><p>阅读量 {page.visit * 3}</p></div>'
    )
    return _page(f"{escape(article.title)}-电子信息产业网", "", body, page.meta)


# --- Founder e-paper


def epaper_page(day: date, number: int, pages: int, rows: Sequence[Row], up: str) -> str:
    """A page of an issue, and the index, which is the newest issue's first page."""
    others = "".join(
        f'<li><a href="{up}{day:%Y%m}/{day:%d}/node_{n:02d}.html">第{n:02d}版：要闻</a>'
        f'<a class="pdf" href="{up}{day:%Y%m}/{day:%d}/0{n}.pdf">PDF</a></li>'
        for n in range(1, pages + 1)
    )
    aside = (
        f'<li><a href="{up}../content/{day:%Y%m}/{day:%d}/content_9901.html">公益广告</a></li>'
        f'<li><a href="{up}../content/{day:%Y%m}/{day:%d}/content_9902.html">编辑：某某</a></li>'
        f'<li><a href="{up}../content/{day:%Y%m}/{day:%d}/content_9903.html"> </a></li>'
    )
    articles = "".join(f'<li><a href="{row.href}">{row.article.title}</a></li>' for row in rows)
    body = (
        f'<p id="paperdate">{day.year}年{day.month:02d}月{day.day:02d}日</p>'
        f'<ul id="list">{others}</ul><ul id="articlelist">{articles}{aside}</ul>'
    )
    return _page(f"中国电子报 第{number:02d}版", "", body, "utf-8")


def epaper_article(page: ArticlePage) -> str:
    """The body hides in ``#ozoom``; the day is the issue's."""
    article, day = page.article, page.article.day
    body = (
        f'<p id="paperdate">{day.year}年{day.month:02d}月{day.day:02d}日</p>'
        f'<div class="detail-art"><h2 class="art-title">{escape(article.title)}</h2>'
        f'<div id="ozoom"><founder-content>{_paragraphs(article)}</founder-content></div></div>'
    )
    return _page("中国电子报", "", body, page.meta)


# --- systems of a site's own


def own_list(page: ListPage) -> str:
    """What the hex-id portals and the other ones have in common: a list."""
    rows = "".join(
        f'<li><a href="{row.href}" title="{row.article.title}">{row.article.title}</a>'
        f'<span class="date">{row.article.day}</span></li>'
        for row in page.rows
    )
    title = f"{page.source.name}-{_site(page.source)}"
    body = f'<ul class="tadaty-list">{rows}</ul>' + _FOOT.format(name=_site(page.source))
    return _page(title, _site_metas(page.source), body, page.meta)


def own_article(page: ArticlePage) -> str:
    """With the national tags, but for the oldest sites, which have a byline alone."""
    article, source = page.article, page.source
    old = source.id in {"gansu", "hebei"}
    body = (
        f"<h2>{escape(article.title)}</h2>"
        f"<p>发布时间：{article.day} 来源：{article.issuer} 访问量：<i>{page.visit * 11}</i></p>"
        f"{held(source.selectors.body, _paragraphs(article), 'div.article-content')}"
        "<div>【打印本页】【关闭窗口】</div>"
    )
    title = f"{escape(article.title)}_{source.name}"
    head = "" if old else _metas(page)
    return _page(title, head, body + _FOOT.format(name=_site(source)), page.meta)


ListFrame = Callable[[ListPage], str]
ArticleFrame = Callable[[ArticlePage], str]

FRAMES: dict[str, tuple[ListFrame, ArticleFrame]] = {
    "trs": (trs_list, trs_article),
    "jcms": (jcms_list, jcms_article),
    "gkmlpt": (nfcms_list, nfcms_article),
    "ucap": (ucap_list, ucap_article),
    "jpaas": (jpaas_shell, jpaas_article),
    "nda": (nda_list, nda_article),
    "cac": (cac_list, cac_article),
    "cena": (cena_list, cena_article),
    "founder_epaper": (own_list, epaper_article),
    "own": (own_list, own_article),
    "generic": (own_list, own_article),
}
