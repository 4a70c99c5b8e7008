"""The line above a list that its sentences stand under: which one it is, and what it changes.

到2028年： for 到2027年： changes every promise of the list below it, though none of their words.
"""

from __future__ import annotations

import re
from functools import cache

from monitor.comparison.cues import cue_pattern, places
from monitor.comparison.deadlines import Years, due_months
from monitor.comparison.normalize import normalize

_MAX_LINES = 30
_MAX_LENGTH = 60
_MAX_TITLE_LENGTH = 24
_COLON = ("：", ":")


def list_context(text: str, start: int) -> str:
    """The context line of the list that contains a sentence, or an empty string.

    Args:
        text: the whole text.
        start: where the sentence begins.

    Returns:
        The nearest line above that ends in a colon, or that is as short as a heading: a year or a
        place alone heads a list too. Of a list without full stops the other items are no context.
    """
    end = text.rfind("\n", 0, start)
    own = text[end + 1 : text.find("\n", start) if "\n" in text[start:] else len(text)].strip()
    item = None if _written_pattern().search(own) else _marker_form(own)
    for _ in range(_MAX_LINES):
        if end < 0:
            return ""
        begin = text.rfind("\n", 0, end) + 1
        line = text[begin:end].strip()
        if line.endswith(_COLON) and len(line) <= _MAX_LENGTH:
            return line
        heads = line and len(line) <= _MAX_TITLE_LENGTH and not _is_a_sentence(line)
        if heads and (_marker_form(line) != item or _when_or_where(line)):
            return line
        end = begin - 1
    return ""


def is_heading(text: str, sentence: str, start: int) -> bool:
    """Whether a sentence is a numbered heading with prose below, as （二）做强算力底座 is.

    An item of a list without full stops is none: it has another item below.
    """
    begin = text.rfind("\n", 0, start) + 1
    line, _, rest = text[begin:].partition("\n")
    line = line.strip()
    if len(line) > _MAX_TITLE_LENGTH or _written_pattern().search(line) or sentence.strip() != line:
        return False
    below = rest.lstrip().partition("\n")[0]
    return bool(_marker_form(line)) and "。" in below and _marker_form(below) != _marker_form(line)


def list_context_direction(before: str, after: str, years: Years) -> int | None:
    """The effect of a changed line above a list on the promises under it; None for no effect.

    到2028年： for 到2027年： is -1, 以下任务不再推进： too; another place is 0, which is a change
    without a direction.
    """
    if normalize(before) == normalize(after):
        return None
    retractions = cue_pattern("retractions")
    gained = len(retractions.findall(after)) - len(retractions.findall(before))
    if gained:
        return -1 if gained > 0 else 1
    then = due_months(before, years[0])
    now = due_months(after, years[1])
    if then and now and then != now:
        return (sum(now) < sum(then)) - (sum(now) > sum(then))
    old, new = places(before), places(after)
    return 0 if old and new and old != new else None


def _marker_form(line: str) -> str:
    """What a line begins with, its number aside: 3. and 4. are one form, as are two bare lines."""
    marker = _marker_pattern().match(line)
    return "" if marker is None else _marker_number_pattern().sub("", marker[0])


def _is_a_sentence(line: str) -> bool:
    """Whether a line has marks of a sentence, or a number of its own beside the years it names."""
    words = _year_line_pattern().sub("", _marker_pattern().sub("", line, count=1))
    return (
        _written_pattern().search(line) is not None or _amount_pattern().search(words) is not None
    )


def _when_or_where(line: str) -> bool:
    """Whether a line names a year or a place and nothing more."""
    rest = _year_line_pattern().sub("", line.rstrip("市省区县州"))
    return not rest or rest in places(rest)


@cache
def _written_pattern() -> re.Pattern[str]:
    return re.compile("[，。；！？]")


@cache
def _amount_pattern() -> re.Pattern[str]:
    return re.compile("(?:达到?|突破|超过?|不低于|增长|建成|新[建增])[^0-9]{0,4}[0-9]")


@cache
def _marker_pattern() -> re.Pattern[str]:
    return re.compile(
        "(?:[0-9]{1,2}[.、）]|[（(]?[一二三四五六七八九十]{1,3}(?:[）)、]|是)|[-—•·●■▲◆]+)"
    )


@cache
def _marker_number_pattern() -> re.Pattern[str]:
    return re.compile("[0-9一二三四五六七八九十]+")


@cache
def _year_line_pattern() -> re.Pattern[str]:
    return re.compile("(?:到|至)?(?:20[0-9]{2}年?|今年|明年)(?:底|末|上半年|下半年)?(?:之?前)?")
