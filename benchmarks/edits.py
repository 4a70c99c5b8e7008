"""Edits of a report: cosmetic ones that change nothing, and ones that change one commitment.

Used by mutations.py. Every edit is a function of a seeded generator, so a case can be repeated.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from opencc import OpenCC

from monitor.model.changes import Kind
from monitor.model.statements import Op, Statement, Target

Cosmetic = Callable[[Random, str], str]

_SENTENCE = re.compile(r"[^。！？；\n]+[。！？；]")
_HAN_LATIN = re.compile(r"(?<=[一-鿿])(?=[0-9A-Za-z])|(?<=[0-9A-Za-z%])(?=[一-鿿])")
_HALF = str.maketrans("，：；！？（）", ",:;!?()")
_WIDE = {ord(c): ord(c) + 0xFEE0 for c in "0123456789%"}


@cache
def _traditional() -> OpenCC:
    return OpenCC("s2t")


def _paragraphs(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def _swapped(rng: Random, text: str) -> str:
    """Two sentences of a paragraph change places, in a tenth of the paragraphs."""
    lines = []
    for found in text.split("\n"):
        line, parts = found, _SENTENCE.findall(found)
        if len(parts) > 2 and "".join(parts) == line and rng.random() < 0.1:
            at = rng.randrange(1, len(parts) - 1)
            parts[at], parts[at + 1] = parts[at + 1], parts[at]
            line = "".join(parts)
        lines.append(line)
    return "\n".join(lines)


def _captioned(rng: Random, text: str) -> str:
    lines = text.split("\n")
    caption = rng.choice(
        [
            "图为市民在人工智能体验馆参观。（资料图片）",
            "图①：智算中心机房。图②：机器人巡检。 本报记者摄",
            "（编辑：王某 责任编辑：李某）",
            "来源：省政府办公厅 浏览次数：3021",
        ]
    )
    lines.insert(rng.randrange(1, len(lines)), caption)
    return "\n".join(lines)


def _spaced(rng: Random, text: str) -> str:
    gap = rng.choice([" ", "\u00a0", "\u2009", "\u200b"])
    return _HAN_LATIN.sub(gap, text)


def _wrapped(rng: Random, text: str) -> str:
    width = rng.choice([30, 34, 38])
    lines: list[str] = []
    for line in _paragraphs(text):
        lines.extend(line[at : at + width] for at in range(0, len(line), width))
    return "\n".join(lines)


def _quoted(rng: Random, text: str) -> str:
    pair = rng.choice(['""', "「」", "＂＂"])
    return text.replace("“", pair[0]).replace("”", pair[1])


def _thousands(_rng: Random, text: str) -> str:
    return re.sub(r"(?<![0-9.])([1-9])([0-9]{3})(?![0-9年.])", r"\1,\2", text)


COSMETIC: dict[str, Cosmetic] = {
    "punctuation in half width": lambda _, text: text.translate(_HALF),
    "digits and % in full width": lambda _, text: text.translate(_WIDE),
    "spaces between Chinese and Latin": _spaced,
    "indented paragraphs, blank lines": lambda _, text: "\n\n".join(
        "　　" + line for line in _paragraphs(text)
    ),
    "other quotes": _quoted,
    "traditional characters": lambda _, text: _traditional().convert(text),
    "sentences in another order": _swapped,
    "a photo caption, an editor's line": _captioned,
    "lines broken at a width": _wrapped,
    "a comma in thousands": _thousands,
    "units in capitals": lambda _, text: text.replace("Eflops", "EFLOPS").replace("万P", "万p"),
}
"""Edits of the text that change no commitment."""


def _menu(rng: Random) -> str:
    items = rng.sample(["首页", "政务公开", "新闻动态", "人工智能专题", "互动交流", "数据开放"], 4)
    links = "".join(f'<li><a href="/{i}.html">{item}</a></li>' for i, item in enumerate(items))
    return f"<div class='nav'><ul>{links}</ul></div>"


def page(rng: Random, text: str) -> bytes:
    """A page with the text in it, each time with another layout."""
    tag = rng.choice(["p", "div", "span"])
    lines = [html.escape(line) for line in _paragraphs(text)]
    if rng.random() < 0.5:
        lines = [
            re.sub(r"([0-9]+)", r"<font face='Arial'>\1</font>", line)
            if rng.random() < 0.3
            else line
            for line in lines
        ]
    if rng.random() < 0.3:
        lines = [f"<strong>{line}</strong>" if len(line) < 30 else line for line in lines]
    if tag == "span":
        body = "<br/>".join(f"<span style='font-size:16px'>　　{line}</span>" for line in lines)
    else:
        body = "\n".join(f"<{tag} style='text-indent:2em'>{line}</{tag}>" for line in lines)
    counter = f"<span>浏览次数：<i id='hits'>{rng.randrange(9999)}</i></span>"
    day = f"<div class='info'>打印日期：2026-0{rng.randrange(1, 9)}-11 {counter}</div>"
    foot = f"<div class='footer'>版权所有 访问量{rng.randrange(10**6)} 京ICP备00000000号</div>"
    name = rng.choice(["TRS_Editor", "content", "article-body"])
    return (
        f"<!doctype html><html><head><meta charset='utf-8'><title>政府工作报告</title></head><body>"
        f"{_menu(rng)}{day}<h1>政府工作报告</h1><div class='{name}'>{body}</div>{foot}"
        f"</body></html>"
    ).encode()


# --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edit:
    """A text with one commitment edited, and what a reader would say of it.

    ``kinds``: the kind of each change to be reported, none for an edit that only moves words about;
    ``delta``: values before and after in any unit, when a number was changed.
    """

    text: str
    kinds: tuple[Kind, ...]
    delta: tuple[float, float] | None = None


Editor = Callable[[Random, str, Sequence[Statement], Statement], Edit | None]

_NUMBER = re.compile(r"(?<![0-9.])[0-9]+(?:\.[0-9]+)?(?![0-9.])")
_SCALES = (("万亿", 1e12), ("亿", 1e8), ("万", 1e4))


def _put(text: str, one: Statement, words: str) -> str:
    return text[: one.start] + words + text[one.end :]


def _number_of(one: Statement, target: Target) -> tuple[int, str, str, float] | None:
    """Where the digits of a target stand in its sentence, the word of scale after them, and
    how much one of them is worth; None when that is not plain."""
    if one.text.count(target.raw) != 1:
        return None
    found = [m for m in _NUMBER.finditer(target.raw) if not target.raw.startswith("年", m.end())]
    if len(found) != 1:
        return None
    digits = found[0][0]
    after = target.raw[found[0].end() :] + one.text.partition(target.raw)[2]
    scale = next((word for word, _ in _SCALES if after.startswith(word)), "")
    worth = target.value / float(digits) if float(digits) else 0.0
    if worth <= 0:
        return None
    return one.text.index(target.raw) + found[0].start(), digits, scale, worth


def _numbered(factor: Callable[[Random], float]) -> Editor:
    def edit(rng: Random, text: str, _all: Sequence[Statement], one: Statement) -> Edit | None:
        target = rng.choice(one.targets) if one.targets else None
        place = _number_of(one, target) if target else None
        if target is None or place is None:
            return None
        at, digits, _, worth = place
        places = len(digits.partition(".")[2])
        new = f"{float(digits) * factor(rng):.{places}f}"
        if float(new) == float(digits) or float(new) == 0:
            return None
        words = one.text[:at] + new + one.text[at + len(digits) :]
        up = (float(new) > float(digits)) != (target.op is Op.AT_MOST)
        kind = Kind.STRENGTHENED if up else Kind.WEAKENED
        return Edit(_put(text, one, words), (kind,), (target.value, float(new) * worth))

    return edit


def _unit(rng: Random, text: str, _all: Sequence[Statement], one: Statement) -> Edit | None:
    """Another unit behind the same digits: 亿 for 万, 万 for 亿, Eflops for P."""
    target = rng.choice(one.targets) if one.targets else None
    place = _number_of(one, target) if target else None
    if target is None or place is None:
        return None
    at, digits, scale, _ = place
    end = at + len(digits)
    if scale == "万" and target.unit in {"元", "P"}:
        new, ratio = "亿", 1e4
    elif scale == "亿" and one.text[end : end + 2] == "亿元":
        new, ratio = "万", 1e-4
    elif scale == "" and target.unit == "P" and one.text[end : end + 1] == "P":
        tail = re.sub("^P(?:F|FLOPS|Flops)?(?![A-Za-z])", "", one.text[end:])
        words = one.text[:end] + "Eflops" + tail
        delta = (target.value, target.value * 1e3)
        return Edit(_put(text, one, words), (Kind.STRENGTHENED,), delta)
    else:
        return None
    words = one.text[:end] + new + one.text[end + len(scale) :]
    up = (ratio > 1) != (target.op is Op.AT_MOST)
    kind = Kind.STRENGTHENED if up else Kind.WEAKENED
    return Edit(_put(text, one, words), (kind,), (target.value, target.value * ratio))


_NEW = (
    "新建智算中心{n}座，接入全省算力调度平台。",
    "培育人工智能企业{n}家以上。",
    "出台促进人形机器人产业发展的若干措施。",
    "到2029年，建成行业大模型{n}个。",
    "设立人工智能产业基金，首期规模{n}亿元。",
    "开展自动驾驶出租车试运营，投放车辆{n}台。",
    "支持高校建设集成电路学院。",
    "实施“算力进企”工程，发放算力券{n}亿元。",
)


def _added(rng: Random, text: str, statements: Sequence[Statement], one: Statement) -> Edit | None:
    words = rng.choice(_NEW).format(n=rng.randrange(11, 97))
    if any(words[:8] in statement.text for statement in statements) or one.text[-1] not in "。；":
        return None
    return Edit(text[: one.end] + words + text[one.end :], (Kind.ADDED,))


def _removed(_rng: Random, text: str, _all: Sequence[Statement], one: Statement) -> Edit | None:
    return Edit(_put(text, one, ""), (Kind.DROPPED,)) if text.count(one.text) == 1 else None


SYNONYMS = (
    ("加快", "加速"), ("打造", "营造"), ("推动", "促进"), ("推进", "落实"), ("支持", "扶持"),
    ("建设", "筹建"), ("培育", "扶育"), ("开展", "组织"), ("深化", "深入"), ("完善", "健全"),
    ("积极", "主动"), ("大力", "全力"), ("加强", "强化"), ("发展", "壮大"), ("实施", "施行"),
    ("构建", "搭建"), ("拓展", "开拓"), ("提升", "提高"), ("聚焦", "瞄准"), ("布局", "谋划"),
)  # fmt: skip


def _reworded(rng: Random, text: str, _all: Sequence[Statement], one: Statement) -> Edit | None:
    pairs = [pair for pair in SYNONYMS if pair[0] in one.text]
    if not pairs:
        return None
    words = one.text
    for old, new in rng.sample(pairs, min(2, len(pairs))):
        words = words.replace(old, new, 1)
    return Edit(_put(text, one, words), (Kind.REWORDED,))


def _moved(rng: Random, text: str, statements: Sequence[Statement], one: Statement) -> Edit | None:
    """To behind another commitment under the same heading."""
    others = [
        other
        for other in statements
        if other.label is one.label
        and other.text[-1] in "。！"
        and "\n" in text[min(one.end, other.end) : max(one.start, other.start)]
    ]
    if not others or one.text[-1] not in "。！" or text[one.start - 1 : one.start] in {"；", "，"}:
        return None
    there = rng.choice(others).end
    if there > one.end:
        moved = text[: one.start] + text[one.end : there] + one.text + text[there:]
    else:
        moved = text[:there] + one.text + text[there : one.start] + text[one.end :]
    return Edit(moved, ())


def _cut(words: str) -> str | None:
    commas = [m.start() for m in re.finditer("，", words) if 10 <= m.start() <= len(words) - 10]
    return None if not commas else words[: commas[len(commas) // 2]]


def _split(_rng: Random, text: str, _all: Sequence[Statement], one: Statement) -> Edit | None:
    head = _cut(one.text)
    if head is None:
        return None
    return Edit(_put(text, one, head + "。" + one.text[len(head) + 1 :]), ())


def _split_reworded(
    _rng: Random, text: str, _all: Sequence[Statement], one: Statement
) -> Edit | None:
    head = _cut(one.text)
    if head is None:
        return None
    return Edit(_put(text, one, head + "。同时，" + one.text[len(head) + 1 :]), (Kind.REWORDED,))


def _merged(
    _rng: Random, text: str, statements: Sequence[Statement], one: Statement
) -> Edit | None:
    following = next((s for s in statements if s.start == one.end and s.label is one.label), None)
    if following is None or one.text[-1] not in "。；" or following.text[:2] in {"一是", "同时"}:
        return None
    return Edit(text[: one.end - 1] + "，" + text[one.end :], ())


_VERB = re.compile("加快|推动|推进|支持|建设|培育|开展|实施|打造|发展|构建|布局|深化|鼓励")


def _negated(rng: Random, text: str, _all: Sequence[Statement], one: Statement) -> Edit | None:
    if _VERB.match(one.text) is None:
        return None
    words = rng.choice(["不再", "暂缓", "停止", "暂停"]) + one.text
    return Edit(_put(text, one, words), (Kind.WEAKENED,))


def _year(rng: Random, text: str, _all: Sequence[Statement], one: Statement) -> Edit | None:
    years = list(re.finditer("(?:到|至)(20[2-3][0-9])年|(20[2-3][0-9])年(?:底|末)?前", one.text))
    if len(years) != 1:
        return None
    step = rng.choice([-1, 1, 2])
    (found,) = years
    group = 1 if found[1] else 2
    year = int(found[group]) + step
    words = one.text[: found.start(group)] + str(year) + one.text[found.end(group) :]
    return Edit(_put(text, one, words), (Kind.WEAKENED if step > 0 else Kind.STRENGTHENED,))


SUBSTANTIVE: dict[str, Editor] = {
    "number raised": _numbered(lambda rng: rng.choice([1.1, 1.25, 1.5, 2, 3])),
    "number lowered": _numbered(lambda rng: rng.choice([0.9, 0.75, 0.5, 0.3])),
    "unit changed": _unit,
    "commitment added": _added,
    "commitment removed": _removed,
    "reworded": _reworded,
    "moved to another paragraph": _moved,
    "split by a full stop": _split,
    "split by other words": _split_reworded,
    "merged with the next": _merged,
    "negated": _negated,
    "year moved": _year,
}
"""Edits of one commitment."""
