"""What a page shows to exist beside its text, and that has not been read. Pure.

Pages that only a script can open, the rest of a shortened text, frames, pictures of a text, an
article that goes on elsewhere in the newspaper. Whatever is found is said in words; a page of
which something is known to lack is *partial*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from monitor.documents.attachments import announcing_lines, holds_text, is_announced, is_copy
from monitor.documents.blocks import Layout, Line, Reference
from monitor.documents.gaps import is_short
from monitor.documents.html_text import clean_line, letters_of
from monitor.model.documents import Attachment

_MAX_LINKS = 2_000
_MAX_LABEL, _MAX_PAGER, _MAX_GATE = 16, 100, 80
_BELOW_FOR_PAGERS, _BELOW = 10, 3
_MIN_PICTURES = 3
_MIN_WRITTEN = 60
_MAX_SCRIPT = 200_000
_MAX_OPTIONS = 60
_MAX_OPENED = 50
_MAX_OTHERS, _MIN_TITLE = 3, 8
_MIN_FRAME = 200
_MAX_ANCESTORS = 30
_MAX_SAME = 3


_GATE_WORDS = ("全文", "剩余", "余下", "试读", "解锁", "付费", "会员", "继续", "未读")


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page, and which of its lines were taken for its article."""

    tree: LexborHTMLParser
    markup: str
    layout: Layout
    first: int
    last: int
    text: str
    title: str
    url: str | None
    attachments: tuple[Attachment, ...]
    has_further_pages: bool


def find_unread(page: ReadPage) -> tuple[str, ...]:
    """What the page shows to exist and does not hold, in words."""
    found = [
        *(() if page.has_further_pages else _pages_by_script(page)),
        *(() if page.has_further_pages else _whole_elsewhere(page)),
        *_gated(page),
        *_continued(page),
        *_broken_off(page),
        *_frames(page),
        *_pictures(page),
        *_attachments_by_script(page),
        *_written_by_script(page),
    ]
    return tuple(found)


def frame_of(layout: Layout, url: str | None) -> str | None:
    """The only frame of a page that may hold its text, as written; None without one."""
    found = [one for one in layout.references if _may_hold_text(one, url)]
    return _source(found[0]) if len(found) == 1 else None


def open_on_demand(tree: LexborHTMLParser, markup: str) -> bool:
    """Show what 展开全文 ("show all") opens, if its script names it.

    Returns:
        Whether the page has such a control. What other controls open stays hidden.
    """
    if "展开" not in markup and "全文" not in markup and "更多" not in markup:
        return False
    has_control, named = False, dict[str, None]()
    for node in tree.css("a, button, [onclick]")[:_MAX_LINKS]:
        label = node.text(deep=True, strip=True)
        if not label or len(label) > _MAX_LABEL or _expanding().fullmatch(label) is None:
            continue
        attributes = node.attributes
        reference = (attributes.get("href") or "").strip()
        if reference and not reference.startswith(("#", "javascript:", "void")):
            continue
        # 更多 alone opens menus and lists, too.
        has_control |= "更多" not in label or "内容" in label
        script = f"{attributes.get('onclick') or ''} {reference}"[:2_000]
        named |= dict.fromkeys(_word_pattern().findall(script))
    for name in list(named)[:_MAX_OPENED]:
        for hidden in tree.css(f"[id='{name}']")[:1]:
            for attribute in ("style", "hidden", "class"):
                if attribute in hidden.attributes:
                    del hidden.attrs[attribute]
    return has_control


@cache
def _expanding() -> re.Pattern[str]:
    return re.compile(
        r"[\[【(（+]?\s*(?:点击|点此)?(?:展开|显示|查看|阅读|打开)?(?:全文|全部|全部内容|更多内容|剩余内容|余下内容|余下全文|剩余全文|阅读全文|更多)"
        r"(?:内容)?[\]】)）>»↓▼∨…]*"
    )


@cache
def _word_pattern() -> re.Pattern[str]:
    return re.compile(r"['\"]#?([A-Za-z_][\w-]{0,40})['\"]")


@cache
def _whole_pattern() -> re.Pattern[str]:
    return re.compile(
        r"[\[【(（…>]*\s*(?:(?:点击|点此|此处|请|查看|阅读|浏览|显示|展开|全部|余下|剩余|完整|在本页)\s*){1,3}(?:全文|余文|全部内容|完整内容|剩余内容)"
        r"(?:阅读|内容)?\s*[\]】)）>»…]*|[\[【(（]全文[\]】)）]"
    )


@cache
def _count_pattern() -> re.Pattern[str]:
    return re.compile(r"共\s*(?:[2-9]|[1-9]\d)\s*页|(?<!\d)1\s*/\s*(?:[2-9]|[1-9]\d)\s*页?(?!\d)")


@cache
def _current_pattern() -> re.Pattern[str]:
    return re.compile(r"第\s*(\d{1,3})\s*(?:/\s*\d{1,3}\s*)?页")


@cache
def _pager_pattern() -> re.Pattern[str]:
    # Nothing but a pager: 附件（共2页） and 共印200份 共3页 are none.
    return re.compile(
        r"(?:[\s0-9/／,，;；|｜<>《》«»‹›\[\]【】:：.…·\-]|第|共|页|[上下前后]一?页|[首尾末]页|最后一?页|跳转|转到|跳至|到|当前|确定|分页"
        r"|(?:本文|本新闻|文章|正文)(?=[共当分])|(?:在本页)?(?:阅读|余下|显示|浏览|查看)全文|GO|Go|go)+"
    )


@cache
def _second_pattern() -> re.Pattern[str]:
    return re.compile(
        r"[—\-\s]*(?:第\s?2\s?页[\s/／，,]{0,3}共\s?\d{1,3}\s?页|2\s?/\s?\d{1,3}\s?页)[—\-\s]*"
    )


@cache
def _other_matter_pattern() -> re.Pattern[str]:
    # Headings of what follows an article; a pager below them is theirs.
    return re.compile("评论|跟帖|留言|相关|推荐|排行|热点|往期|搜索|检索|列表|链接|图集")


def _pages_by_script(page: ReadPage) -> Iterator[str]:
    others = 0
    for index, line in enumerate(
        page.layout.lines[page.first : page.last + _BELOW_FOR_PAGERS], page.first
    ):
        is_below = index > page.last
        others += is_below and line.link_share > 0.8 and len(line.text) > _MIN_TITLE
        is_heading = is_below and len(line.text) <= _MAX_LABEL
        if others >= _MAX_OTHERS or (is_heading and _other_matter_pattern().search(line.text)):
            break
        if len(line.text) > _MAX_PAGER:
            continue
        if _is_numbered(line):
            yield f"further pages are not read ({line.text[:_MAX_LABEL]})"
            return
        if "页" not in line.text:
            continue
        if _pager_pattern().fullmatch(line.text.strip("（）() ")) is None:
            continue
        count = _count_pattern().search(line.text)
        current = _current_pattern().search(line.text)
        if count is not None and (current is None or current[1] == "1"):
            later = page.layout.lines[index + 1 : page.last + _BELOW_FOR_PAGERS]
            if any(_second_pattern().fullmatch(one.text) for one in later if "页" in one.text):
                # The numbers of pages that stand below each other.
                return
            yield f"further pages are not read, as they have no address ({count[0]})"
            return
    if "第2页" in page.markup or "第 2 页" in page.markup:
        options = [
            clean_line(one.text(deep=True)).replace(" ", "")
            for one in page.tree.css("select option")[:_MAX_OPTIONS]
        ]
        if "第1页" in options and "第2页" in options:
            yield "further pages are not read, as they have no address (第2页)"


def _whole_elsewhere(page: ReadPage) -> Iterator[str]:
    if "全文" not in page.markup and "内容" not in page.markup:
        return
    found: dict[str, list[tuple[Reference, str]]] = {}
    for one in page.layout.references[:_MAX_LINKS]:
        reference = (one.attributes.get("href") or "").strip()
        if one.node.tag != "a" or not _is_page(reference):
            continue
        label = one.node.text(deep=True, strip=True)
        if len(label) > _MAX_LABEL or _whole_pattern().fullmatch(label) is None:
            continue
        target = _address(page.url, reference)
        found.setdefault(target, []).append((one, label))
    known = {attachment.url for attachment in page.attachments}
    # Several are of several articles: teasers.
    for target in found if len(found) == 1 else ():
        ends = any(_ends_article(page, one, label) for one, label in found[target][:_MAX_SAME])
        if ends and target not in known and target.partition("#")[0] != page.url:
            yield f"the whole text stands elsewhere: {target}"


def _ends_article(page: ReadPage, one: Reference, label: str) -> bool:
    """Whether a link stands in the article, or below it with no words between but of editors."""
    if not _stands_in(page, one):
        return False
    block = page.layout.blocks[one.block]
    wanted = letters_of(label)
    for index in range(max(block.first, page.first), block.end):
        text = page.layout.lines[index].text
        if wanted not in letters_of(text):
            continue
        if text.partition(label)[0].rstrip().endswith("》") and not is_short(page.text):
            # Of a document that the article tells of.
            return False
        between = page.layout.lines[page.last + 1 : index + 1]
        letters = (letters_of(line.text).replace(wanted, "") for line in between)
        return all(not one or _editors_pattern().match(one) for one in letters)
    return False


@cache
def _gate_pattern() -> re.Pattern[str]:
    return re.compile(
        r"剩余\s?\d{1,3}(?:\.\d)?\s?[%％]的?(?:内容|正文|全文|文章|未读)|解锁(?:全文|全部|完整|剩余|后续)"
        r"|试读(?:前|部分|已?结束|完)|试读到此"
        r"|(?:登录|登陆|注册)(?:/?(?:登录|注册)|后|即可|才可|方可|才能|可|免费|继续|账号|[，,\s])*"
        r"(?:阅读|查看|解锁|浏览|获取)[^。]{0,4}(?:全文|完整内容|全部内容|剩余|余下)"
        r"|(?:订阅|购买|付费|充值|(?:成为|开通|加入)[^。]{0,6}会员)[^。]{0,16}"
        r"(?:阅读|查看|解锁|浏览|获取)[^。]{0,4}(?:全文|完整内容|全部内容|剩余|余下)"
        r"|(?:本文|全文|(?:以下|余下|其余|剩余|后续|此处|该|此)(?:内容|部分|章节)?)(?:为|系|是|仅[限供对]?)?(?:付费|会员|VIP|订阅|订户)"
        r"[^，。]{0,4}(?:专享|专属|内容|文章|阅读|可见|查看|可读)"
        r"|(?:订阅|购买|付费|支付|登录|登陆|注册|扫码|开通[^，。]{0,6}|成为[^，。]{0,6})(?:之?后|即可|可)[，,]?(?:才能|可以?|方可)?(?:继续|接着|完整)(?:阅读|浏览|查看|收听)"
        r"|(?:余下|剩余|还有|未读)\s?[\d,]{2,7}\s?字",
        re.IGNORECASE,
    )


def _gated(page: ReadPage) -> Iterator[str]:
    """That the end of the article asks its readers to log in or to pay for the rest."""
    if not any(word in page.markup for word in _GATE_WORDS):
        return
    start = max(page.first, page.last - _BELOW)
    for line in page.layout.lines[start : page.last + _BELOW_FOR_PAGERS]:
        if len(line.text) > _MAX_GATE:
            continue
        found = _gate_pattern().search(line.text)
        if found is not None:
            yield f"the rest of the text is for subscribers ({found[0][:_MAX_LABEL]})"
            return
        if _other_matter_pattern().match(line.text) is not None:
            return


@cache
def _numbered_pattern() -> re.Pattern[str]:
    return re.compile(r"(?:[【\[]\s?\d{1,2}\s?[】\]]\s*){2,}")


def _is_numbered(line: Line) -> bool:
    """Whether a line holds only the links 【1】【2】 …; those to places on this page are notes."""
    if not line.linked or line.href.startswith("#") or line.text[0] not in "【[":
        return False
    numbered = _numbered_pattern().fullmatch(line.text) is not None
    return numbered and re.findall(r"\d+", line.text)[1] == "2"


@cache
def _editors_pattern() -> re.Pattern[str]:
    return re.compile("(?:责任编辑|责编|编辑|来源|作者|审核|校对)")


def _is_page(reference: str) -> bool:
    return bool(reference) and not reference.startswith(("#", "javascript:", "mailto:", "data:"))


def _address(url: str | None, reference: str) -> str:
    """The address of a reference on the page ``url``; as written where that is not known."""
    return urljoin(url, reference) if url else reference


def _stands_in(page: ReadPage, one: Reference) -> bool:
    """Whether an element stands in the article or right below it."""
    block = page.layout.blocks[one.block]
    return block.end > page.first and block.first <= page.last + _BELOW


@cache
def _continued_pattern() -> re.Pattern[str]:
    return re.compile(
        r"[（(【\[]?\s*(?:紧?下转|转)\s*第?[A-Z]?[0-9一二三四五六七八九十]{1,3}版[^。）)】\]]{0,12}[）)】\]]?"
    )


def _continued(page: ReadPage) -> Iterator[str]:
    if "版" not in page.text:
        return
    lines = page.text.split("\n")
    for index, line in enumerate(lines):
        found = _continued_pattern().search(line[-30:])
        if found is not None and line.rstrip("。 ").endswith(found[0]):
            if any("上接" in later[:20] for later in lines[index + 1 :]):
                # The page shows both sheets.
                continue
            yield f"the article goes on elsewhere: {found[0]}"
            return


_MAX_TAIL, _MIN_OPEN = 2_000, 16


@cache
def _whole_sentence_pattern() -> re.Pattern[str]:
    return re.compile("[。！？；：…!?;:.）)】\\]》”’」』]$")


def _broken_off(page: ReadPage) -> Iterator[str]:
    """That the bytes of the page end within its article: within a tag or a sentence."""
    tail = page.markup[-_MAX_TAIL:].rstrip()
    if "</body" in tail or "</html" in tail or page.last < len(page.layout.lines) - 1:
        return
    lower = tail.lower()
    if "</body" in lower or "</html" in lower or not page.text:
        return
    last = page.text.rpartition("\n")[2]
    is_open = (
        not tail.endswith(">")
        and len(last) >= _MIN_OPEN
        and _chinese_prose_pattern().search(page.text) is not None
        and _whole_sentence_pattern().search(last) is None
    )
    if is_open or tail.rfind("<") > tail.rfind(">"):
        yield "the page breaks off within its text"


@cache
def _gadget_pattern() -> re.Pattern[str]:
    # Frames of players, counters, comments and the like, by their address, name or class.
    return re.compile(
        r"share|comment|pinglun|video|shipin|spbf|bofang|ditu|player|audio|live|map|advert|[_/.-]ads?[_/.?-]|login|search|qr|count|stat|weather|tool|vote|survey"
        r"|head|foot|top|nav|menu|left|right|banner|robot|kefu|chat|captcha|print|preview|calendar|tongji|gonggao|about:|blank"
        r"|xgwz|xgxw|xgyd|xgzt|relat|recommend|yqlj|friend|link|dzpl|plun|guanggao|(?:^|[/_-])(?:gg|pl|ad)(?=[/_.-]|$)|(?:^|[/_-])form|submit|hidden"
        r"|fenxiang|dianzan|jiucuo|feedback|score|pingfen|hits|click",
        re.IGNORECASE,
    )


@cache
def _hiding_pattern() -> re.Pattern[str]:
    return re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")


def _is_low(one: Reference) -> bool:
    """Whether a frame is given the height of a bar or a picture."""
    height = (one.attributes.get("height") or "").strip().removesuffix("px")
    return height.isascii() and height.isdigit() and int(height[:5]) < _MIN_FRAME


def _source(one: Reference) -> str:
    return (one.attributes.get("src") or "").strip()


def _may_hold_text(one: Reference, url: str | None) -> bool:
    """Whether a frame may hold the text of a page: of the same site, shown, no gadget."""
    source = _source(one)
    if one.node.tag != "iframe" or not _is_page(source):
        return False
    attributes = one.attributes
    names = " ".join(filter(None, (attributes.get(key) for key in ("id", "name", "class"))))
    path = source.partition("?")[0]
    if _gadget_pattern().search(f"{path} {names}") is not None:
        return False
    size = {(attributes.get(key) or "").strip().removesuffix("px") for key in ("width", "height")}
    if size & {"0", "1"} or _hiding_pattern().search(attributes.get("style") or ""):
        return False
    there = urlsplit(_address(url, source))
    return not there.netloc or url is None or there.netloc == urlsplit(url).netloc


def _frames(page: ReadPage) -> Iterator[str]:
    shown = {attachment.url for attachment in page.attachments}
    for one in page.layout.references[:_MAX_LINKS]:
        if one.node.tag != "iframe" or not _stands_in(page, one) or _is_low(one):
            continue
        target = _address(page.url, _source(one))
        if target not in shown and "file=" not in target and _may_hold_text(one, page.url):
            yield f"a frame is not read: {target}"
            return


@cache
def _icon_pattern() -> re.Pattern[str]:
    return re.compile(
        r"logo|icon|/ico|share|weixin|wechat|weibo|qr|ewm|erwei|btn|button|arrow|print|close|banner|loading"
        r"|blank|space|line|dot|\.gif|^data:",
        re.IGNORECASE,
    )


def _pictures(page: ReadPage) -> Iterator[str]:
    """A text of which a page shows pictures: the words beside them are short."""
    if not is_short(page.text) or _photograph_pattern().search(page.text) is not None:
        return
    count = 0
    for node in page.tree.css("p img, center img, figure img")[:200]:
        attributes = node.attributes
        source = attributes.get("src") or attributes.get("data-src") or ""
        sides = [attributes.get(key) or "" for key in ("width", "height")]
        small = any(side.isdigit() and int(side) < 100 for side in sides)
        if source and not small and _icon_pattern().search(source) is None:
            count += not _stands_beside(node)
    if count >= _MIN_PICTURES:
        yield f"{count} pictures are not read"


@cache
def _photograph_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?:记者|通讯员|社|网)[^，。；\n]{1,12}摄(?:影)?(?![\u3400-\u9fff])|摄影[:：/]|(?:^|\n)[（(▲△↑]?(?:图为|图片来源)"
    )


@cache
def _beside_pattern() -> re.Pattern[str]:
    return re.compile(
        r"foot|(?<!in)aside|side-?bar|(?:^|[\s_-])(?:side|nav|ad|ads)(?:$|[\s_-])|links?\b|banner|relat|recommend"
    )


def _stands_beside(node: LexborNode) -> bool:
    """Whether a box around an element is of the foot, a column or links of the page."""
    for _ in range(_MAX_ANCESTORS):
        above = node.parent
        if above is None or above.tag in {"body", "html"}:
            return False
        if above.tag in {"footer", "aside", "nav"}:
            return True
        attributes = above.attributes
        names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".lower()
        if _beside_pattern().search(names) is not None:
            return True
        node = above
    return False


@cache
def _anchor_pattern() -> re.Pattern[str]:
    return re.compile(r"\b(?:id|name)\s{0,3}=\s{0,3}[\"']?([^\"'<>\s]{1,60})")


def _attachments_by_script(page: ReadPage) -> Iterator[str]:
    """附件：, then a link that only a script can follow."""
    if "附件" not in page.markup:
        return
    names = []
    announced = announcing_lines(page.layout)
    anchors = set(_anchor_pattern().findall(page.markup))
    known = {attachment.name for attachment in page.attachments}
    for one in page.layout.references[:_MAX_LINKS]:
        reference = (one.attributes.get("href") or "").strip()
        if _is_page(reference) or one.node.tag in {"iframe", "embed", "object"}:
            continue
        if reference.startswith("#") and reference[1:] in anchors:
            # It stands below.
            continue
        name = clean_line(one.node.text(deep=True)[:200])
        if len(letters_of(name)) < 4 or not is_announced(page.layout, one, name, announced):
            continue
        attachment = Attachment(name, "")
        if name not in known and holds_text(attachment, page.title, strict=True):
            names.append(name)
    names = [name for name in dict.fromkeys(names) if not is_copy(Attachment(name, ""), page.title)]
    if names:
        yield f"attachments are not read, as they have no address: {', '.join(names[:3])}"


@cache
def _writing_pattern() -> re.Pattern[str]:
    return re.compile(
        r"document\.write(?:ln)?\s*\(\s*(?:\"((?:[^\"\\\n]|\\.){80,})\"|'((?:[^'\\\n]|\\.){80,})')"
    )


@cache
def _imprint_pattern() -> re.Pattern[str]:
    # What scripts write below every page of a site.
    return re.compile(
        "版权|主办单位|主办：|承办|备案|邮编|邮政编码|免责声明|转载|浏览器|标识码|本网站?(?:声明|赞同|注明)"
    )


@cache
def _chinese_prose_pattern() -> re.Pattern[str]:
    return re.compile(r"[\u3400-\u9fff]{2,}[，。；][\u3400-\u9fff]")


def _written_by_script(page: ReadPage) -> Iterator[str]:
    if "document.write" not in page.markup:
        return
    whole = letters_of(page.text)
    for node in page.tree.css("script")[:100]:
        script = (node.text(deep=True) or "")[:_MAX_SCRIPT]
        for match in _writing_pattern().finditer(script):
            written = re.sub(r"<[^<>]*>", "", match[1] or match[2])
            letters = letters_of(written)
            prose = _chinese_prose_pattern().search(written) is not None
            prose &= _imprint_pattern().search(written) is None
            if prose and len(letters) >= _MIN_WRITTEN and letters[:40] not in whole:
                yield "a script writes text that is not read"
                return
