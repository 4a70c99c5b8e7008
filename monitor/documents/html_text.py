"""Converts a tree of elements to lines of text, one line a paragraph."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

LABEL_GAP = r"\s{0,80}(?:<[^<>]{0,200}>\s{0,80}){0,4}"
"""Regex of the tags between a label (来源：) and its value; every repetition is bounded."""


def _style_rules(style: str) -> Iterator[tuple[str, str]]:
    """The selectors and declarations of the rules that hold on every screen."""
    depth = 0
    for piece in style.split("}"):
        opened = piece.count("{")
        # Rules of print or of narrow screens (@media) are nested.
        if not depth and opened == 1:
            selectors, _, rules = piece.partition("{")
            if "@" not in selectors:
                yield selectors[-2000:], rules[:2000]
        depth = max(0, depth + opened - 1)


_MAX_CLASSES = 300
_MAX_BESIDE = 4
_BLOCK_NAMES = """
address article aside blockquote body br center dd details dialog div dl dt fieldset figcaption
figure footer form h1 h2 h3 h4 h5 h6 header hr li main menu nav ol p pre section summary table
tbody tfoot thead tr ul caption founder-content ucapcontent
"""
_INVISIBLE_NAMES = """
script style noscript template iframe object embed svg math canvas audio video select option
textarea button head title meta link map del datalist
amp-ad amp-embed amp-iframe amp-video amp-sidebar amp-social-share amp-consent amp-user-notification
"""
BLOCK_ELEMENTS = frozenset(_BLOCK_NAMES.split())
CELLS = frozenset({"td", "th"})
INVISIBLE_ELEMENTS = frozenset(_INVISIBLE_NAMES.split())
"""Elements whose text a reader of the page does not see."""


@cache
def _hidden_style_pattern() -> re.Pattern[str]:
    return re.compile(
        r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0(?:\.0+)?\s*(?:;|!|$)"
        r"|font-size\s*:\s*0(?:\.0+)?\s*(?:px|pt|em|rem|%)?\s*(?:;|!|$)"
        r"|(?<![\w-])(?:left|top|right|text-indent|margin-left)\s*:\s*-\d{4,}"
        r"|(?<![\w-])clip\s*:\s*rect\(\s*[01](?:px)?\s*,?\s*[01](?:px)?\s*,",
        re.IGNORECASE,
    )


@cache
def _shown_style_pattern() -> re.Pattern[str]:
    return re.compile(r"display\s*:\s*(?!none)\w|visibility\s*:\s*visible", re.IGNORECASE)


HIDING_ATTRIBUTES = frozenset({"style", "hidden", "aria-hidden", "class", "id"})
"""The attributes that may hide an element, other than a dialog."""

_HIDDEN_CLASSES = frozenset(
    f".{name}"
    for name in ("hidden", "hide", "d-none", "ng-hide", "layui-hide", "sr-only", "visually-hidden")
)
"""Classes that hide in the style sheets of the usual frameworks."""


@cache
def _style_comment_pattern() -> re.Pattern[str]:
    return re.compile(r"/\*.{0,5000}?\*/", re.DOTALL)


@cache
def _simple_selector_pattern() -> re.Pattern[str]:
    return re.compile(r"(?:[a-z][a-z0-9]{0,20})?([.#])([A-Za-z_][\w-]{0,80})")


_MAX_STYLE = 60_000
_HIDING_WORDS = (
    "display",
    "visibility",
    "font-size:0",
    "font-size: 0",
    "-999",
    "opacity",
    "clip",
    "left:-",
    "text-indent",
)


ANY_STYLE = frozenset({""})
"""Names to hide nothing by style: what a page hides until its script shows it is read."""


def hidden_names(tree: LexborHTMLParser) -> frozenset[str]:
    """The classes (``.name``) and ids (``#name``) that are hidden on a screen.

    They are those that the usual frameworks hide, and those that the page's own style does. Only
    selectors of one class or id count, and the last rule for one decides.
    """
    shown = dict.fromkeys(_HIDDEN_CLASSES, False)
    for node in tree.css("style")[:50]:
        style = node.text(deep=True) or ""
        if any(word in style for word in _HIDING_WORDS):
            shown.update(_rules_of(style[:_MAX_STYLE]))
    return frozenset(name for name, visible in shown.items() if not visible)


@lru_cache(maxsize=128)
def _rules_of(style: str) -> tuple[tuple[str, bool], ...]:
    """Whether each class or id is shown, by the rules of a style; all pages of a site share it."""
    shown: list[tuple[str, bool]] = []
    if "/*" in style:
        style = _style_comment_pattern().sub("", style)
    for selectors, rules in _style_rules(style):
        if not any(word in rules for word in _HIDING_WORDS):
            continue
        hides = _hidden_style_pattern().search(rules) is not None
        if not hides and "display" not in rules:
            continue
        for selector in selectors.split(","):
            found = _simple_selector_pattern().fullmatch(selector.strip())
            if found is not None:
                shown.append((found[1] + found[2], not hides))
    return tuple(shown)


@cache
def _space_pattern() -> re.Pattern[str]:
    # Every space except the ideographic one.
    return re.compile(r"[^\S\u3000]+")


# Controls, marks of direction, joiners, fillers, variation selectors and tags.
_INVISIBLE = (
    r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    r"\U000e0000-\U000e0fff"
)
# Radicals and compatibility ideographs.
_COMPATIBLE = r"\u2e80-\u2fd5\uf900-\ufaff\U0002f800-\U0002fa1f"


@cache
def _invisible_character_pattern() -> re.Pattern[str]:
    return re.compile(f"[{_INVISIBLE}]")


@cache
def _odd_character_pattern() -> re.Pattern[str]:
    return re.compile(f"[{_INVISIBLE}{_COMPATIBLE}]")


@cache
def _cms_mark_pattern() -> re.Pattern[str]:
    return re.compile(r"<\$\[[^\]<>]{0,40}\]>(?:begin|end)")


@cache
def _entity_pattern() -> re.Pattern[str]:
    # What stands so in a text was escaped twice; &lt; and &amp; may be what the text speaks of.
    return re.compile(
        r"&(?:nbsp|ensp|emsp|thinsp|ldquo|rdquo|lsquo|rsquo|mdash|ndash|hellip|middot|bull|times|permil"
        r"|quot|#12288|#160|#822\d|#x3000|#xa0);",
        re.IGNORECASE,
    )


_CHINESE = r"\u3000-\u303f\u3400-\u9fff\uff00-\uffef“”‘’—…"


@cache
def _wrapped_line_pattern() -> re.Pattern[str]:
    return re.compile(rf"(?<=[{_CHINESE}])[ \t]*[\r\n][ \t\r\n]*(?=[{_CHINESE}])")


def walk(
    top: LexborNode, hidden: frozenset[str] = frozenset()
) -> Iterator[tuple[LexborNode, bool]]:
    """Every node below ``top`` in document order, without recursion: first False, at its end True.

    Nodes below an invisible element are skipped; ``hidden`` are names that the page's style hides.
    """
    node = top.first_child
    while node is not None:
        yield node, False
        seen = node.is_element_node and not is_invisible(node, hidden)
        below = node.first_child if seen else None
        if below is not None:
            node = below
            continue
        yield node, True
        while node is not None and node.next is None:
            node = node.parent
            if node is None or node.mem_id == top.mem_id:
                return
            yield node, True
        node = node.next if node is not None else None


def stands_apart(node: LexborNode) -> bool:
    """Whether an element that HTML does not know has no text beside it.

    Systems of components write <page-title> and <page-text>, and their style begins a new line
    with each; an element within a sentence begins none.
    """
    parent = node.parent
    if parent is None or not _begins_line(parent.tag):
        return False
    for step in ("prev", "next"):
        beside = getattr(node, step)
        for _ in range(_MAX_BESIDE):
            if beside is None or _begins_line(beside.tag):
                break
            if beside.is_element_node or (beside.text_content or "").strip():
                return False
            beside = getattr(beside, step)
    return True


def _is_own_block(node: LexborNode) -> bool:
    return "-" in (node.tag or "") and node.is_element_node and stands_apart(node)


def _begins_line(tag: str | None) -> bool:
    return tag is not None and (tag in BLOCK_ELEMENTS or ("-" in tag and tag[0] != "-"))


def is_invisible(node: LexborNode, hidden: frozenset[str] = frozenset()) -> bool:
    """Whether a reader of the page does not see the text of the element."""
    return node.tag in INVISIBLE_ELEMENTS or is_hidden(node.tag, node.attributes, hidden)


def is_hidden(
    tag: str | None, attributes: dict[str, str | None], names: frozenset[str] = frozenset()
) -> bool:
    """Whether an element's attributes, or the page's style for its names, hide it.

    Args:
        tag: of the element.
        attributes: of the element.
        names: of ``hidden_names``; ``ANY_STYLE`` if no style is to be believed.
    """
    if tag == "dialog":
        return "open" not in attributes
    if not attributes:
        return False
    style = None if names is ANY_STYLE else attributes.get("style")
    shown = _shown_by_style(style[:300]) if style else None
    if shown is False and _is_animated(attributes):
        shown = None
    if (
        shown is False
        or attributes.get("hidden", "until-found") != "until-found"
        or attributes.get("aria-hidden") == "true"
    ):
        return True
    if shown or not names:
        return False
    written = attributes.get("class")
    if written and not names.isdisjoint(_selectors_of(written)):
        return True
    identity = attributes.get("id")
    return bool(identity) and f"#{identity}" in names


@cache
def _animated_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?:^|\s)(?:wow|aos-\w+|animated|animate__\w+|fade-?(?:in|up)\w*|scroll-?reveal|reveal)(?:\s|$)",
        re.IGNORECASE,
    )


def _is_animated(attributes: dict[str, str | None]) -> bool:
    """Whether a hidden element comes into sight when its readers scroll down to it."""
    if _gone_pattern().search(attributes.get("style") or "") is not None:
        return False
    if "data-aos" in attributes or "data-sr-id" in attributes:
        return True
    return _animated_pattern().search((attributes.get("class") or "")[:_MAX_CLASSES]) is not None


@cache
def _gone_pattern() -> re.Pattern[str]:
    return re.compile(r"display\s*:\s*none", re.IGNORECASE)


def _selectors_of(written: str) -> frozenset[str]:
    # The items of a menu all have the same classes; what is long was made to fill the memory.
    return _short_selectors_of(written) if len(written) <= _MAX_CLASSES else _split(written)


@lru_cache(maxsize=2048)
def _short_selectors_of(written: str) -> frozenset[str]:
    return _split(written)


def _split(written: str) -> frozenset[str]:
    return frozenset(f".{name}" for name in written.split())


@lru_cache(maxsize=2048)
def _shown_by_style(style: str) -> bool | None:
    """Whether a style attribute shows or hides its element; None if it says nothing of it."""
    if _hidden_style_pattern().search(style) is not None:
        return False
    return True if _shown_style_pattern().search(style) is not None else None


def lines_of(top: LexborNode, hidden: frozenset[str] = frozenset()) -> list[str]:
    """The lines of text below ``top``, stripped, without empty ones.

    Spaces collapse as in a browser; a line break of the source between two Chinese characters
    leaves no space. Ideographic spaces are kept within a line and stripped at its ends.
    """
    lines: list[str] = []
    parts: list[str] = []
    preformatted = int(top.tag == "pre")  # open elements whose line breaks count

    def flush() -> None:
        if parts:
            line = clean_line("".join(parts))
            if line:
                lines.append(line)
            parts.clear()

    for node, left in walk(top, hidden):
        if node.is_text_node:
            text = "" if left else node.text_content or ""
            if preformatted and "\n" in text:
                first, *others = text.split("\n")
                parts.append(first)
                for other in others:
                    flush()
                    parts.append(other)
            else:
                parts.append(text)
        elif node.tag in BLOCK_ELEMENTS or _is_own_block(node):
            flush()
            preformatted += (node.tag == "pre") * (-1 if left else 1)
        elif left and node.tag in CELLS:
            parts.append(" ")
    flush()
    return lines


def clean_line(text: str) -> str:
    """One line without invisible characters, with single spaces, stripped."""
    text = clean_characters(text)
    if "&" in text and ";" in text:
        text = _entity_pattern().sub(lambda found: unescape(found[0]), text)
    if "<$[" in text:
        text = _cms_mark_pattern().sub("", text)
    if "\n" in text or "\r" in text:
        text = _wrapped_line_pattern().sub("", text)
    text = text.strip()
    if "\u3000" not in text:
        return " ".join(text.split())
    return _space_pattern().sub(" ", text).strip()


@cache
def _not_letter_pattern() -> re.Pattern[str]:
    return re.compile(r"[^0-9A-Za-z\u3400-\u9fff]+")


def letters_of(text: str) -> str:
    """The letters and digits of a text."""
    return _not_letter_pattern().sub("", text)


def clean_characters(text: str) -> str:
    """The text without invisible characters, radicals and compatibility characters as usual ones.

    A PDF or a page made of one writes 人工 with the characters of a table of radicals, which look
    the same and are others.
    """
    if _odd_character_pattern().search(text) is None:
        return text
    text = _invisible_character_pattern().sub("", text)
    return _radical_pattern().sub(_usual_character, text)


@cache
def _radical_pattern() -> re.Pattern[str]:
    return re.compile(f"[{_COMPATIBLE}]")


# The supplement of radicals has no decomposition in Unicode.
_RADICALS = (
    "⺁厂⺃乚⺅亻⺇几⺉刂⺋卩⺌小⺍小⺎兀⺏尢⺐尢⺑尣⺒巳⺓幺⺔彑⺕彐⺖忄⺗忄⺘扌⺙攵⺛旡⺜日⺝月⺞歺⺟母⺠民"
    "⺡氵⺢氺⺣灬⺤爫⺥爫⺦丬⺧牛⺨犭⺩王⺪疋⺫罒⺬示⺭礻⺮竹⺯糸⺰纟⺱罓⺲罒⺳罓⺴罓⺵罓⺶羊⺷羊⺸羊⺹耂⺺肀⺻聿⺼月"
    "⺽臼⺾艹⺿艹⻀艹⻁虎⻂衤⻃覀⻄西⻅见⻆角⻇角⻈讠⻉贝⻊足⻋车⻌辶⻍辶⻎辶⻏阝⻐钅⻑長⻒镸⻓长⻔门⻕阜⻖阝⻗雨"
    "⻘青⻙韦⻚页⻛风⻜飞⻝食⻞食⻟飠⻠饣⻡首⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻫斉⻬齐⻭歯⻮齿⻯竜⻰龙⻱龟⻲龟⻳龟"
)


@cache
def _radical_table() -> dict[str, str]:
    return dict(zip(_RADICALS[::2], _RADICALS[1::2], strict=True))


def _usual_character(found: re.Match[str]) -> str:
    return _radical_table().get(found[0]) or unicodedata.normalize("NFKC", found[0])
