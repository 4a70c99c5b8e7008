"""Reporting clauses of the press (某某表示): the subject before a verb of saying, and its role.

Everything here reads one sentence. What the subject refers to when it is a pronoun, a bare name or
a document (他, 王某, 《方案》) is for the state of the discourse to tell (``speakers.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, lru_cache
from itertools import islice

from monitor.extraction.speaker_words import Manner, Role, press_pattern, roles, speaker_words
from monitor.extraction.toponyms import places_in, region_of_all, regions_in
from monitor.extraction.vocabulary import alternation, alternation_by_first_character
from monitor.model.statements import NATION, Speaker


class KnownBy(StrEnum):
    """How the speaker of a sentence is known, from the surest to the weakest."""

    NAMED = "named"  # a reporting clause in the sentence itself
    QUOTE = "quote"  # a reporting clause beside the quotation
    DOCUMENT = "document"  # the words of a document: its issuer
    ACTING = "acting"  # a place or an office that is the subject of a plan
    ISSUED = "issued"  # the text is a document of the speaker's own
    BLOCK = "block"  # below a line that names the speaker: a list of voices, a signature
    CONTINUED = "continued"  # the words of the speaker before go on
    OWNER = "owner"  # a plan without a subject: whoever the article is about
    HEADING = "heading"  # a heading: the text below it
    NEWSPAPER = "newspaper"  # nobody else


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who says a sentence, and how.

    ``cue`` is the text that decided, ``distance`` the number of sentences since it was read.
    ``person`` is the name of the person who speaks, or the title of one without a name
    (负责人); empty when an office, a place or a document speaks. ``named_by`` is the cue that
    introduced the speaker: where 他 or 会议 speaks, the one that named the person or the office.
    ``news_region`` is that of a sentence after an authority's plan if the newspaper says it.
    """

    speaker: Speaker
    region: str | None
    manner: Manner
    cue: str
    known_by: KnownBy = KnownBy.NEWSPAPER
    distance: int = 0
    person: str = ""
    named_by: str = ""
    news_region: str | None = None

    def __post_init__(self) -> None:
        """A new speaker is named by the cue; a copy with another cue keeps the first one."""
        if not self.named_by:
            object.__setattr__(self, "named_by", self.cue)


class Reference(StrEnum):
    """What the subject of a reporting clause is."""

    ROLE = "role"  # an office, a person with a title, a place: known from the clause itself
    DOCUMENT = "document"
    MEETING = "meeting"
    PRONOUN = "pronoun"  # 他, 该负责人
    NAME = "name"  # a name without a title


@dataclass(frozen=True, slots=True)
class Subject:
    """Who or what a clause is about.

    ``speaker`` is None unless the words themselves tell it; ``name`` is the person's.
    """

    reference: Reference
    text: str
    speaker: Speaker | None = None
    region: str | None = None
    name: str = ""

    @property
    def person(self) -> str:
        """The person's name, or the title of one without a name."""
        unnamed = (title for title in ("负责人", "发言人", "负责同志") if title in self.text)
        return self.name or next(unnamed, "")


@dataclass(frozen=True, slots=True)
class ReportingClause:
    """A subject with a verb of saying, found outside quotes.

    ``closes`` tells that nothing follows, so that the reported words are those before it;
    ``end`` is where the reported words begin; ``appears`` that none are reported: 介绍有关情况.
    """

    subject: Subject
    manner: Manner
    verb: str
    end: int
    closes: bool
    appears: bool = False

    @property
    def cue(self) -> str:
        """The end of the subject with the verb, for explanations."""
        return f"{self.subject.text[-30:]}{self.verb}"


@cache
def _verbs() -> tuple[re.Pattern[str], dict[str, Manner]]:
    words = speaker_words()
    manner = {verb: name for name, verbs in words.saying.items() for verb in verbs}
    never = alternation_by_first_character(set(words.not_saying))
    verbs = alternation_by_first_character(set(manner))
    return re.compile(f"(?P<never>{never})|(?P<verb>{verbs})"), manner


@cache
def _person_pattern() -> re.Pattern[str]:
    words = speaker_words()
    return re.compile(
        f"(?:{alternation(words.titles)})(?!{alternation(words.no_names)})"
        f"(?P<name>(?:{alternation(words.compound_surnames)})[一-鿿]{{1,2}}"
        f"|[{words.surnames}][一-鿿]{{1,2}}"
        "|[一-鿿]{1,6}·[一-鿿]{1,8})"
    )


@cache
def _quote_mark_pattern() -> re.Pattern[str]:
    return re.compile("[“”《》]")


@lru_cache(maxsize=2048)
def mask_quotes(text: str, *, inside: bool = False) -> str:
    """The text with the words in quotes and in titles of documents blanked, offsets unchanged.

    ``inside`` tells that the text begins in a quote that opened before.
    """
    pieces: list[str] = []
    quotes, titles, at = int(inside), 0, 0
    for mark in _quote_mark_pattern().finditer(text):
        hidden = quotes or titles
        pieces.append("□" * (mark.start() - at) if hidden else text[at : mark.start()])
        # Quotation marks in a title end no clause: 《某省“人工智能+”行动方案》.
        pieces.append("□" if titles and mark[0] in "“”" else mark[0])
        at = mark.end()
        quotes = max(0, quotes + (mark[0] == "“") - (mark[0] == "”"))
        titles = max(0, titles + (mark[0] == "《") - (mark[0] == "》"))
    pieces.append("□" * (len(text) - at) if quotes or titles else text[at:])
    return "".join(pieces)


_SUBJECT_LIMIT = 100
_CLAUSES_BACK = 3
_VERBS_READ = 12


@cache
def _clause_end_pattern() -> re.Pattern[str]:
    return re.compile("[，。；：！？”—]")


@lru_cache(maxsize=2048)
def reporting_clauses(sentence: str, *, inside: bool = False) -> tuple[ReportingClause, ...]:
    """The reporting clauses of a sentence outside quotes, in order."""
    return tuple(_reporting_clauses(sentence, inside=inside))


def _reporting_clauses(sentence: str, *, inside: bool) -> Iterator[ReportingClause]:
    masked = mask_quotes(sentence, inside=inside)
    pattern, manner = _verbs()
    for match in islice(pattern.finditer(masked), _VERBS_READ):
        verb = match["verb"]
        follows = masked[match.end() : match.end() + 1]
        if verb is None or (follows == "的" and not verb.endswith("下")):
            continue
        # 上海提到，“…” quotes a plan as 上海提出 does.
        announces = verb == "提到" and masked.startswith("，“", match.end())
        subject = _subject_before(
            sentence, masked, match.start(), Manner.ANNOUNCE if announces else manner[verb]
        )
        after = match.end() + (follows == "了")
        appears = verb in _APPEARING and (
            press_pattern("only_tells").match(masked[after:]) is not None
        )
        if follows == "了" and not appears and not _sets(subject, verb):
            continue
        if subject is not None and not _is_heard(subject):
            closes = masked[match.end() : match.end() + 1] in {"。", "", "！", "；"}
            told = ReportingClause(subject, manner[verb], verb, match.end(), closes)
            yield replace(told, appears=appears)


_APPEARING = frozenset({"介绍", "通报", "汇报", "解读", "总结", "分析", "分享经验", "回应", "答复"})


def _sets(subject: Subject | None, verb: str) -> bool:
    """Whether a document tells what it sets, though it has already done so: 榜单明确了…."""
    document = subject is not None and subject.reference is Reference.DOCUMENT
    return document and verb in {"明确", "提出", "规定", "部署"}


def _is_heard(subject: Subject) -> bool:
    """Whether the subject only hears others (听取…介绍), but not 听取意见的某部负责人."""
    if subject.name:
        return False
    speaker = subject.text.rpartition("的")[2]
    words = speaker if role_of(speaker) is not None else subject.text
    return press_pattern("heard").search(words) is not None


def _subject_before(sentence: str, masked: str, at: int, manner: Manner) -> Subject | None:
    """The subject of the verb at ``at``: in its clause, or before an adverbial clause."""
    end = at
    for _ in range(_CLAUSES_BACK):
        begin = _clause_begin(masked, end)
        if at - begin > _SUBJECT_LIMIT:
            return None
        subject = read_subject(sentence[begin:end], masked[begin:end], manner)
        if subject is not None:
            before = masked[:begin].rstrip("，、")
            return _as_delegate(subject, before[max(0, len(before) - 40) :])
        adverbial = begin == end or _is_adverbial(masked[begin:end])
        if not begin or not adverbial or masked[begin - 1] in "。；！？”":
            return None
        end = begin - 1
    return None


def _clause_begin(masked: str, end: int) -> int:
    """Where the clause begins that ends at ``end``; a quote in an occasion's name ends none.

    在“…”系列发布会上表示 goes on behind the quote.
    """
    begin = end
    while begin and not _clause_end_pattern().match(masked, begin - 1):
        begin -= 1
        if (
            begin
            and masked[begin - 1] == "”"
            and _occasion_end_pattern().fullmatch(masked, begin, end)
        ):
            opened = masked.rfind("“", 0, begin)
            begin = opened if opened > 0 and masked[opened - 1] not in "，。；：！？”—" else begin
    return begin


@cache
def _occasion_end_pattern() -> re.Pattern[str]:
    """What follows the theme of an occasion in quotes: 系列主题新闻发布会上."""
    return re.compile(
        "[^，。；：“”□]{0,14}(?:会|论坛|活动|仪式|现场|期间)(?:现场)?(?:上|中|期间)?[^，。；：“”]{0,4}"
    )


def _as_delegate(subject: Subject, before: str) -> Subject:
    """The subject, who is a delegate when the clause before says so and a name follows."""
    office = press_pattern("delegate_before").search(before)
    if office is None or not subject.name:
        return subject
    clause = _clause_end_pattern().split(before)[-1]
    region = _first(clause) or subject.region
    return replace(subject, speaker=Speaker.DELEGATE, region=region, text=clause + subject.text)


def _is_adverbial(clause: str) -> bool:
    return (
        press_pattern("circumstance").match(clause) is not None
        or press_pattern("adverbs").fullmatch(clause) is not None
    )


def read_subject(clause: str, masked: str, manner: Manner) -> Subject | None:
    """The subject in the words before a verb of saying, or None when they name nobody.

    Args:
        clause: the words before the verb, from the last comma.
        masked: the same with quotes and titles blanked.
        manner: of the verb: a place alone announces, but it does not tell (广东提出, not 广东说).
    """
    cut = press_pattern("trailing").search(masked)
    core = masked[: cut.start()] if cut else masked
    opening = press_pattern("opening").match(core)
    begin = opening.end() if opening else 0
    core = core[begin:]
    adverbial = press_pattern("adverbial_place").fullmatch(masked) or press_pattern(
        "adverbs"
    ).fullmatch(core)
    if not core or adverbial or press_pattern("news_desk").search(core):
        return None
    return _subject(clause[begin : begin + len(core)], core, manner)


@cache
def _firm() -> Role:
    """The role of whoever is of a firm named before (该厂负责人)."""
    return next(role for role, _ in roles() if role.speaker is Speaker.ENTERPRISE)


def _subject(clause: str, core: str, manner: Manner) -> Subject:
    of_firm = press_pattern("that_body").match(core)
    if not of_firm and any(press_pattern(one).fullmatch(core) for one in ("pronoun", "group")):
        return Subject(Reference.PRONOUN, clause)
    person = _named_person(core)
    role = _firm() if of_firm else role_of(core)
    document = press_pattern("document_subject").search(core) is not None
    if role is not None and (person or not document):
        return Subject(Reference.ROLE, clause, *_rank(role, core), person)
    if document:
        return Subject(Reference.DOCUMENT, clause)
    if press_pattern("meeting").search(core):
        return Subject(Reference.MEETING, clause)
    announces = manner is Manner.ANNOUNCE
    here = announces and press_pattern("that_place").fullmatch(core) is not None
    region = _announcing_place(core) if announces and not here else None
    if here or region is not None:
        return Subject(Reference.ROLE, clause, Speaker.GOVERNMENT, region)
    return Subject(Reference.NAME, clause, name=person or core)


def _rank(role: Role, core: str) -> tuple[Speaker, str | None]:
    """Speaker and region of a role; the departments of a region are its government's."""
    first = _first(core)
    if role.speaker is not Speaker.MINISTRY:
        return role.speaker, role.region or first
    if first is not None and press_pattern("departments").search(core):
        return Speaker.GOVERNMENT, first
    return role.speaker, NATION


def _first(text: str) -> str | None:
    return next((region.name for region in regions_in(text)), None)


def _announcing_place(core: str) -> str | None:
    """The region of 广东, 北京、上海等地, 安徽等10个省份; None when anything else is named."""
    if press_pattern("everywhere_acts").fullmatch(core + "将"):
        return NATION
    spans = places_in(core)
    if spans and spans[0][0] == 0 and core[spans[0][1] :][:1] == "的":
        return spans[0][2].name
    core = core.rpartition("的")[2]
    places = places_in(core)
    rest = core
    for start, end, _ in reversed(places):
        rest = rest[:start] + rest[end:]
    if press_pattern("several").fullmatch(rest) is None:
        return None
    return region_of_all([place for _, _, place in places])


def _named_person(masked: str) -> str:
    """The name between a title and the verb: 副厅长牟某某 (any surname)."""
    match = _title_and_name_pattern().search(masked)
    return match["name"] if match else ""


@cache
def _title_and_name_pattern() -> re.Pattern[str]:
    words = speaker_words()
    compound = f"(?:{alternation(words.compound_surnames)})[一-鿿]{{1,2}}"
    return re.compile(
        f"(?:{alternation(words.titles)})"
        f"(?P<name>{compound}|[一-鿿]{{2,3}}|[一-鿿]{{1,6}}·[一-鿿]{{1,8}})$"
    )


def role_of(subject: str) -> Role | None:
    """The role that a subject's words match first, or None."""
    return next((role for role, pattern in roles() if pattern.search(subject)), None)


_NOT_OF_NAMES = frozenset("的说介认称")
"""What begins the words behind a name of two characters rather than ends one of three."""


def people_in(text: str) -> list[str]:
    """Names (two or three characters) of the persons a text introduces with a title."""
    names = (match["name"] for match in _person_pattern().finditer(text))
    return [name[:2] if name[2:3] in _NOT_OF_NAMES else name for name in names]
