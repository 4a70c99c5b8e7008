"""Who speaks, by name: the office or document and the person behind each sentence.

``speakers.py`` tells what kind of speaker a sentence has, and the words that decided (its cue).
Here the cue is read for a name. 他, 该负责人 and 《方案》 stand for what the article named before,
and a sentence that only continues has the cue, and so the name, of the sentence that began.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from monitor.extraction.attribution import Attribution
from monitor.extraction.issuers import AUTHORITIES
from monitor.extraction.offices import OfficeMention, government_of, is_central, offices_in
from monitor.extraction.regions import find_region
from monitor.extraction.speaker_words import speaker_words
from monitor.extraction.text import normalize_characters
from monitor.extraction.vocabulary import DATA, WordTable, alternation, read_table
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import NATION, Speaker

_MAX_TITLE = 40
_MAX_NAME = 80
_MAX_KNOWN = 200
_HEAD_LINES = 15
_TAIL_LINES = 6
_CLAUSES_BACK = 2
_COUNTY_ENDS = frozenset("区县旗")
_CLAUSE_ENDS = frozenset("，。；：“”！？")


@dataclass(frozen=True, slots=True)
class SourceName:
    """Who says something, by name.

    ``source`` is an office by its official name, several joined by 、, or a document in 《》 where
    nobody says whose it is; ``title`` is the person's, without the office.
    """

    source: str | None = None
    person: str | None = None
    title: str | None = None


NOBODY = SourceName()
"""Nobody is named."""


@dataclass(frozen=True)
class SourceWords(WordTable):
    """``data/source_names.yaml``."""

    titles: tuple[str, ...]
    titles_after: tuple[str, ...]
    no_names: tuple[str, ...]
    after_name: tuple[str, ...]
    adverbial: str
    occasion: str
    opening: str
    person_reference: str
    source_reference: str
    document: str
    state_document: str
    issuing: str
    joining: str


@cache
def _words() -> SourceWords:
    return read_table(DATA / "source_names.yaml", SourceWords)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(getattr(_words(), name))


@cache
def _verbs() -> frozenset[str]:
    return frozenset(verb for verbs in speaker_words().saying.values() for verb in verbs)


@cache
def _longest_verb() -> int:
    return max(map(len, _verbs()))


@cache
def _titles() -> str:
    return alternation((*speaker_words().titles, *_words().titles))


@cache
def _name() -> str:
    words = speaker_words()
    return (
        f"(?!{alternation(_words().no_names)})"
        f"(?:(?:{alternation(words.compound_surnames)})[一-鿿]{{1,2}}?"
        f"|[{words.surnames}][一-鿿]{{1,2}}?|[一-鿿]{{1,6}}·[一-鿿·]{{1,10}})"
    )


@cache
def _person_pattern() -> re.Pattern[str]:
    """A title, then a name that something else than a name follows."""
    after = alternation((*_words().after_name, *_verbs()))
    return re.compile(f"(?:{_titles()})(?P<name>{_name()})(?=$|[，：（“、0-9]|{after})")


@cache
def _introduced_pattern() -> re.Pattern[str]:
    """A title and a name, whatever follows; the name may be one character too long."""
    name = f"(?!{alternation(_words().no_names)})[{speaker_words().surnames}][一-鿿]{{1,2}}"
    return re.compile(f"(?:{_titles()})(?P<name>{name})")


@cache
def _titled_pattern() -> re.Pattern[str]:
    """A subject that is a name with a title after it: 王某某局长."""
    after = alternation((*_words().after_name, *_verbs()))
    titles = alternation(_words().titles_after)
    return re.compile(
        f"^[“，、—]?(?P<name>[{speaker_words().surnames}][一-鿿]{{1,2}}?)(?P<title>{titles})"
        f"(?=$|[，：“]|{after})"
    )


@cache
def _line_pattern() -> re.Pattern[str]:
    """A line that opens with a name and its title: 张某某，贵州省大数据局局长."""
    return re.compile(
        f"^(?P<name>[{speaker_words().surnames}][一-鿿]{{1,2}})[，（(]"
        f"(?P<title>[^，。；：）)]{{2,40}}?(?:{_titles()}))(?=[，。）)：]|$)"
    )


@cache
def _document_title_pattern() -> re.Pattern[str]:
    return re.compile("《(?P<title>[^《》]{2,70}(?:《[^《》]*》[^《》]*)?)》")


# --- Whole documents ---


def source_of_document(text: str, provenance: Provenance) -> SourceName:
    """Who issued a report or a plan: every sentence of it has this source.

    A report is the government's of its region. Another document is its issuer's: named in its
    title, in its header or in its signature; else the document itself, by its title.

    Args:
        text: normalised.
        provenance: what the document is.
    """
    if provenance.kind is DocumentKind.REPORT:
        return SourceName(government_of(provenance.region))
    title = normalize_characters(provenance.title)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in (title, *lines[:_HEAD_LINES]):
        if len(line) <= _MAX_NAME and (issuer := _issuer_of_line(line, provenance)):
            return SourceName(issuer)
    for line in lines[-_TAIL_LINES:]:
        signed = offices_in(line, provenance.region, bare=True) if len(line) <= _MAX_NAME else ()
        if signed and signed[0].start == 0 and signed[-1].end == len(line):
            return SourceName(_joined(signed))
    if any(_government_number_pattern().match(line) for line in lines[:_HEAD_LINES]):
        return SourceName(government_of(provenance.region))
    named = title or (lines[0] if lines else "")
    found = _document_title_pattern().search(named)
    if found is not None:
        return SourceName(f"《{found['title']}》")
    titled = _ends_as_document(named) and not re.search(_words().issuing, named)
    return SourceName(f"《{named}》") if titled and len(named) <= _MAX_NAME else NOBODY


@cache
def _government_number_pattern() -> re.Pattern[str]:
    """The number of a government's document: 合政办〔2026〕3号, 苏府规字〔2026〕3号."""
    letters = "[一-鿿] ?"
    return re.compile(f"(?:{letters}){{1,3}}[政府] ?(?:{letters}){{0,4}}[〔\\[（【]20[0-9]{{2}}")


def _issuer_of_line(line: str, provenance: Provenance) -> str | None:
    """The offices that a title (某省人民政府关于…的意见) or a header (某厅文件) opens with."""
    found = offices_in(line, provenance.region, bare=True)
    if not found or found[0].start > 0:
        return None
    run = _run_from(line, found, 0)
    rest = line[run[-1].end :]
    issues = re.match(
        f"(?:办公[厅室])?(?:关于|文件|$)|等[^，。]{{0,8}}关于|(?:{_words().issuing})", rest
    )
    return _joined(run) if issues else None


# --- The press ---


@dataclass
class _Article:
    """The names that the sentences read so far have introduced."""

    home: str | None
    people: dict[str, SourceName] = field(default_factory=dict)
    documents: dict[str, SourceName] = field(default_factory=dict)
    """Who issued a document, by its title."""
    last_document: SourceName = NOBODY
    last_person: SourceName = NOBODY
    by_cue: dict[str, SourceName] = field(default_factory=dict)

    def add_person(self, named: SourceName) -> None:
        self.last_person = named
        if named.person and len(self.people) < _MAX_KNOWN:
            self.people[named.person] = named


def name_sources(
    paragraphs: Sequence[Sequence[str]],
    attributions: Sequence[Sequence[Attribution]],
    provenance: Provenance,
) -> list[list[SourceName]]:
    """The source of each sentence of an article, in the shape of ``paragraphs``.

    Args:
        paragraphs: the sentences, paragraph by paragraph, normalised.
        attributions: who says each of them.
        provenance: what the article is.
    """
    article = _Article(provenance.region)
    found: list[list[SourceName | None]] = []
    for sentences, said in zip(paragraphs, attributions, strict=True):
        found.append([])
        for sentence, attribution in zip(sentences, said, strict=True):
            article.home = _home(attribution, provenance)
            _note_document(sentence, article)
            named = _named_by_cue(sentence, attribution, article)
            found[-1].append(named)
            _note_people(sentence, article)
    later: list[list[SourceName]] = []
    for names, said in zip(found, attributions, strict=True):
        later.append([])
        for named, one in zip(names, said, strict=True):
            # 省数据局 of a headline is that of its own region, not of the last one named.
            article.home = _home(one, provenance)
            later[-1].append(_named_later(one, article) if named is None else named)
    return later


def _home(attribution: Attribution, provenance: Provenance) -> str | None:
    local = attribution.region if attribution.region != NATION else None
    return local or provenance.region


def _named_by_cue(sentence: str, attribution: Attribution, article: _Article) -> SourceName | None:
    """The name in the words that decided; None when they stand in a later sentence."""
    cue = attribution.cue
    if not cue:
        return NOBODY
    span = _find_cue(sentence, cue)
    if span is None:
        return article.by_cue.get(cue)
    if attribution.distance and cue in article.by_cue and find_region(cue) is not None:
        return article.by_cue[cue]
    named = _read_cue(sentence, *span, attribution, article)
    if named == NOBODY and attribution.named_by != cue:
        named = _named_before(attribution, article)
    if named == NOBODY and attribution.speaker in AUTHORITIES:
        named = _issued_by_place(sentence, span[0], article)
    if named.person is None and cue.endswith(_HEARD):
        heard = _heard_from(sentence, cue, attribution, article)
        named = replace(heard, source=heard.source or named.source) if heard else named
    article.by_cue[cue] = named
    if named.person or (named.source and attribution.speaker in AUTHORITIES):
        article.add_person(named)
    return named


_HEARD = ("获悉", "了解到", "获知")


def _heard_from(
    sentence: str, cue: str, attribution: Attribution, article: _Article
) -> SourceName | None:
    """Who says what was heard: 记者从某集团获悉，该集团总裁王某宣布，…."""
    begin = sentence.find(cue) + len(cue)
    clause = sentence[begin : begin + _MAX_NAME].lstrip("，")
    match = _person_pattern().search(clause)
    if match is None or _pattern("opening").sub("", clause[: match.start()]).count("，"):
        return None
    if not clause.startswith(tuple(_verbs()), match.end()):
        return None
    return _with_known_office(_person_of(clause, match, article.home, attribution), article)


def _issued_by_place(sentence: str, start: int, article: _Article) -> SourceName:
    """The document that a place issues, of which no office is named: 某省印发《…方案》."""
    issued = _issued_pattern().match(sentence, start)
    if issued is None or not _ends_as_document(issued["title"]):
        return NOBODY
    return _known_document(issued["title"], article) or NOBODY


@cache
def _issued_pattern() -> re.Pattern[str]:
    return re.compile(
        f"[^，。；：《》]{{2,30}}?(?:{_words().issuing})了?(?:实施)?[^，。；：《》]{{0,6}}《(?P<title>[^《》]{{2,70}})》"
    )


def _named_before(attribution: Attribution, article: _Article) -> SourceName:
    """The name in the words that introduced who is now 他, 会议 or 方案."""
    words = attribution.named_by
    known = article.by_cue.get(words)
    if known is not None:
        return known
    subject = words[: _end_of_subject(words, 0, len(words))]
    return _read_subject(subject, subject, attribution, article) or NOBODY


def _named_later(attribution: Attribution, article: _Article) -> SourceName:
    """The name of a sentence whose cue stands in a later one, or in none as it is written."""
    named = article.by_cue.get(attribution.cue)
    return _named_before(attribution, article) if named is None else named


def _find_cue(sentence: str, cue: str) -> tuple[int, int] | None:
    """Where a cue stands; of one that leaves out words before its verb, its subject."""
    at = sentence.find(cue)
    if at >= 0:
        return at, _end_of_subject(sentence, at, at + len(cue))
    subject = cue[: _end_of_subject(cue, 0, len(cue))]
    at = sentence.find(subject) if len(subject) > 1 else -1
    return (at, at + len(subject)) if at >= 0 else None


def _end_of_subject(text: str, start: int, end: int) -> int:
    for size in range(min(_longest_verb(), end - start), 0, -1):
        if text[end - size : end] in _verbs():
            return end - size
    return end


def _read_cue(
    sentence: str, start: int, end: int, attribution: Attribution, article: _Article
) -> SourceName:
    """The name in ``sentence[start:end]``, read from the beginning of its clause."""
    begin = min(start, end)
    for _ in range(_CLAUSES_BACK):
        begin = _clause_start(sentence, begin)
        clause = sentence[begin:end]
        named = _read_subject(clause, sentence[begin:], attribution, article)
        if named is not None:
            return named
        if begin < 2 or (clause and not _pattern("adverbial").match(clause)):
            break
        begin -= 1
    return NOBODY


def _clause_start(sentence: str, at: int) -> int:
    """Where the clause begins that ``at`` is in; marks in the title of a document end none."""
    depth = 0
    for index in range(at - 1, -1, -1):
        character = sentence[index]
        if character == "》":
            depth += 1
        elif character == "《":
            depth = max(0, depth - 1)
        elif not depth and character in _CLAUSE_ENDS and not _in_title(sentence, index):
            return index + 1
    return 0


def _in_title(sentence: str, at: int) -> bool:
    return sentence.count("《", 0, at) > sentence.count("》", 0, at)


def _read_subject(
    clause: str, rest: str, attribution: Attribution, article: _Article
) -> SourceName | None:
    """Whom a subject names; None when it names nobody.

    Args:
        clause: the subject, or as much of it as decided who speaks.
        rest: the sentence from there on, where a list of offices may go on.
        attribution: who says the sentence.
        article: what is known so far.
    """
    named = _read_person(clause, attribution, article) or _read_office(
        clause, rest, attribution, article
    )
    if named is None and _pattern("source_reference").search(clause):
        return replace(article.last_person, person=None, title=None)
    return named


def _read_person(clause: str, attribution: Attribution, article: _Article) -> SourceName | None:
    """The person who is a clause's subject: with a title, by name alone, or as 他."""
    person = _person_in(clause, article.home, attribution)
    if person is not None:
        return _with_known_office(person, article)
    if _pattern("person_reference").search(clause):
        return article.last_person
    return _known_person(clause.lstrip("“、"), article)


def _read_office(
    clause: str, rest: str, attribution: Attribution, article: _Article
) -> SourceName | None:
    """The offices that are a clause's subject, or the document with who issued it."""
    subject = _pattern("occasion").sub("", clause) or clause
    if "政府工作报告" in subject and attribution.speaker in AUTHORITIES:
        return SourceName(government_of(attribution.region))
    document = _document_of(subject, article)
    offices = _speaking_offices(subject, article.home, attribution)
    if document is not None and "《" in subject:
        offices = [office for office in offices if office.start < subject.index("《")]
    if not offices:
        return document
    if subject == clause:
        offices = _run_from(rest, _speaking_offices(rest, article.home, attribution), 0)
    return SourceName(_joined(offices))


def _known_person(clause: str, article: _Article) -> SourceName | None:
    """The person that a clause opens with, by name alone."""
    for name, named in article.people.items():
        if clause.startswith(name):
            return named
        # 李某出 was read where 李某出席 stood.
        if len(clause) == 2 and name.startswith(clause):
            return replace(named, person=clause)
    return None


def _speaking_offices(
    text: str, home: str | None, attribution: Attribution | None
) -> list[OfficeMention]:
    """The offices in a text that can be this kind of speaker; institutes for who does not govern.

    A delegate who was a minister does not speak for the ministry.
    """
    if attribution is None:
        return [office for office in offices_in(text, home) if not office.expert]
    speaker = attribution.speaker
    if speaker not in AUTHORITIES:
        return [office for office in offices_in(text, home) if office.expert]
    central = speaker is Speaker.MINISTRY or attribution.region == NATION
    return [
        office
        for office in offices_in(text, home, bare=central)
        if not office.expert and (office.region == NATION) is central
    ]


def _person_in(clause: str, home: str | None, attribution: Attribution | None) -> SourceName | None:
    """The last person that a clause names with a title, and the office before the title."""
    titled = _titled_pattern().match(clause)
    if titled is not None:
        return SourceName(None, titled["name"], titled["title"])
    matches = list(_person_pattern().finditer(clause))
    return _person_of(clause, matches[-1], home, attribution) if matches else None


def _person_of(
    clause: str, match: re.Match[str], home: str | None, attribution: Attribution | None
) -> SourceName:
    before = clause[: match.start("name")]
    cut = _pattern("opening").match(before)
    offset = cut.end() if cut else 0
    before = before[max(offset, _end_of_person_before(before)) :]
    offices = _speaking_offices(before, home, attribution)
    run = _run_to(before, offices) if offices else []
    source = _joined(run) or None
    title = before[run[-1].end :] if run else before
    if attribution is None or attribution.speaker in AUTHORITIES:
        source, title = _governed(source, title)
    title = title.lstrip("的原、，和与及").rpartition("“")[2].rpartition("的")[2][-_MAX_TITLE:]
    return SourceName(source, match["name"], title or None)


def _end_of_person_before(text: str) -> int:
    """Where the last person of a list ends that goes on: 某局局长王某、某厅厅长."""
    ends = (match.end("name") for match in _listed_person_pattern().finditer(text))
    return max(ends, default=0)


@cache
def _listed_person_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:{_titles()})(?P<name>{_name()})(?=[、，和与及])")


def _governed(source: str | None, title: str) -> tuple[str | None, str]:
    """The government that a title heads (某省副省长; 某省委副书记、省长), and the title."""
    match = _head_pattern().search(title)
    if match is None:
        return source, title
    party = _party_pattern().fullmatch(source or "")
    if party is not None:
        return f"{source}、{government_of(party['region'])}", title
    region = find_region(match["place"])
    place = region.name if region else match["place"]
    if source or not (region or place[-1:] in _COUNTY_ENDS):
        return source, title
    return government_of(place), match["title"]


@cache
def _head_pattern() -> re.Pattern[str]:
    heads = "省长|市长|自治区主席|州长|区长|县长"
    return re.compile(f"(?P<place>[一-鿿]*?)(?P<title>(?:常务)?副?(?:{heads}))$")


@cache
def _party_pattern() -> re.Pattern[str]:
    return re.compile("中共(?P<region>.+)委员会")


def _with_known_office(person: SourceName, article: _Article) -> SourceName:
    """局长王某 again: with the office that the person was introduced with."""
    known = article.people.get(person.person or "")
    if known is not None and person.source is None and known.source is not None:
        return known
    return person


def _run_from(text: str, offices: Sequence[OfficeMention], first: int) -> list[OfficeMention]:
    """The offices that speak together: those joined to the one at ``first``."""
    run = [offices[first]]
    for office in offices[first + 1 :]:
        if not _pattern("joining").match(text[run[-1].end : office.start]):
            break
        run.append(office)
    return run


def _run_to(text: str, offices: Sequence[OfficeMention]) -> list[OfficeMention]:
    """The offices whose person is named after them: the last one with those joined to it."""
    first = len(offices) - 1
    while first and _pattern("joining").match(text[offices[first - 1].end : offices[first].start]):
        first -= 1
    return list(offices[first:])


def _joined(offices: Sequence[OfficeMention]) -> str:
    return "、".join(dict.fromkeys(office.name for office in offices))


# --- What sentences introduce ---


def _note_document(sentence: str, article: _Article) -> None:
    """Record the documents that a sentence names, and who issues them."""
    for match in _document_title_pattern().finditer(sentence):
        title = match["title"]
        before = sentence[: match.start()].rpartition("。")[2][-_MAX_NAME:]
        if not _ends_as_document(title):
            continue
        known = _known_document(title, article)
        if known is not None and len(title) <= len(_last_word(title)) + 4:
            article.last_document = known
            continue
        issuers = [
            office
            for office in offices_in(before, article.home, bare=True)
            if not before.startswith(_ASSENTS, office.end)
        ]
        issued = issuers and re.search(_words().issuing, before[issuers[-1].end :])
        own = issuers and issuers[-1].end >= len(before) - 1
        source = (
            _joined(_run_to(before, issuers))
            if issued or own
            else _issuer_in_title(title, article.home) or f"《{title}》"
        )
        if known is None or issued:
            article.documents[title] = SourceName(source)
        article.last_document = article.documents.get(title, known or NOBODY)


_ASSENTS = ("同意", "批准", "审定", "授权")
"""Who does this lets another office issue a document: 经省政府同意，我厅印发…."""


def _issuer_in_title(title: str, home: str | None) -> str | None:
    """The offices that a title opens with: 《国务院关于…的意见》."""
    found = offices_in(title, home, bare=True)
    if not found or found[0].start > 0:
        return None
    run = _run_from(title, found, 0)
    rest = title[run[-1].end :]
    return _joined(run) if re.match("(?:办公[厅室])?(?:等[^，。]{0,8})?关于", rest) else None


def _ends_as_document(title: str) -> bool:
    return re.search(f"{_words().document}(?:（[^）]*）)?$", title) is not None


def _last_word(title: str) -> str:
    match = re.search(f"{_words().document}(?:（[^）]*）)?$", title)
    return match[0] if match else title


def _known_document(title: str, article: _Article) -> SourceName | None:
    """The document of this title, or the last one whose title ends with these words."""
    known = article.documents.get(title)
    if known is not None:
        return known
    return next(
        (
            named
            for full, named in reversed(article.documents.items())
            if _supplement_pattern().sub("", full).endswith(title)
        ),
        None,
    )


@cache
def _supplement_pattern() -> re.Pattern[str]:
    """What a title ends with beside its name: （2026—2028年）, （试行）."""
    return re.compile("(?:（[^（）]*）)+$")


def _document_of(clause: str, article: _Article) -> SourceName | None:
    """The document that is a clause's subject, by its title or as 该方案."""
    titles = (match["title"] for match in _document_title_pattern().finditer(clause))
    named = [title for title in titles if _ends_as_document(title)]
    if named:
        title = named[-1]
        return _known_document(title, article) or SourceName(f"《{title}》")
    if cut := _cut_title_pattern().search(clause):
        return _cut_document(cut, article)
    if state := _pattern("state_document").search(clause):
        return SourceName(f"《{state[0]}》")
    if re.search(f"{_words().document}(?:还|也|中|里|则|均|都)?$", clause) and len(clause) <= 12:
        last = re.search(_words().document, clause)
        return (_known_document(last[0], article) if last else None) or article.last_document
    return None


@cache
def _cut_title_pattern() -> re.Pattern[str]:
    """A title that a cue holds only the end or the beginning of."""
    return re.compile("^(?P<tail>[^《》]{2,})》|《(?P<head>[^《》]{2,})$")


def _cut_document(cut: re.Match[str], article: _Article) -> SourceName | None:
    for title, named in reversed(article.documents.items()):
        if title.endswith(cut["tail"]) if cut["tail"] else title.startswith(cut["head"]):
            return named
    return None


def _note_people(sentence: str, article: _Article) -> None:
    """Record the persons whom a sentence introduces with a title."""
    line = _line_pattern().match(sentence)
    if line is not None:
        offices = offices_in(line["title"], article.home)
        title = line["title"][offices[-1].end :] if offices else line["title"]
        source = _joined(_run_to(line["title"], offices)) if offices else None
        article.add_person(SourceName(source, line["name"], title or None))
    if _introduced_pattern().search(sentence) is None:
        return
    for clause in re.split("[，。；：]", sentence):
        for match in _introduced_pattern().finditer(clause):
            if not any(match["name"].startswith(name) for name in article.people):
                article.add_person(_person_of(clause, match, article.home, None))


def fitting_name(named: SourceName, speaker: Speaker, region: str | None) -> SourceName:
    """The name as far as it agrees with the kind of speaker.

    The paper has none; a ministry is no local office, and a region's government no ministry.
    """
    if speaker is Speaker.MEDIA:
        return NOBODY
    if named.source is None or speaker not in AUTHORITIES or named.source.startswith("《"):
        return named
    central = speaker is Speaker.MINISTRY or region == NATION
    return named if is_central(named.source.partition("、")[0]) is central else NOBODY
