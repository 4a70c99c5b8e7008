"""``monitor ingest``: imports reports of earlier years into the history."""

from __future__ import annotations

import shlex
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.import_index import ImportEntry, entry_of, is_index, read_index
from monitor.cli.options import ConfigOption, DatabaseOption, RegionOption, open_database
from monitor.cli.output import print_above, print_status, progress
from monitor.clock import utc_now
from monitor.config.settings import load_settings
from monitor.documents.cost import MAX_BYTES
from monitor.documents.dates import find_date
from monitor.documents.reader import KnownDays, read_document
from monitor.errors import MonitorError, StorageError, UserError
from monitor.extraction.extract import extract
from monitor.extraction.identify import infer_provenance
from monitor.extraction.topics import Topics, load_topics
from monitor.ingest.acceptance import contradictions, refusal_reason
from monitor.ingest.ingest import ingest as ingest_document
from monitor.ingest.plan import MIRROR, NO_COMMITMENT, REMOVED, IngestRequest, IngestResult
from monitor.model.documents import (
    Document,
    DocumentKind,
    FetchRecord,
    Origin,
    Outcome,
    Provenance,
)
from monitor.model.statements import NATION, Label
from monitor.parser_process import ParserError, ParserProcess
from monitor.rules.matcher import RuleSet
from monitor.storage.documents import get_document

if TYPE_CHECKING:
    from rich.progress import Progress

    from monitor.storage.engine import Database

_SUFFIXES = frozenset({".txt", ".html", ".htm", ".shtml", ".pdf", ".docx"})
_INTERRUPTED = 130
_UNDATED = 9999


class _FileOutcome(StrEnum):
    """What became of a file."""

    ADDED = "imported"
    KNOWN = "already in the history"
    REFUSED = "refused"
    FAILED = "failed"


class _NotWritable(StorageError):
    """The database takes nothing, now and for the files that follow."""


class _Refused(MonitorError):
    """The file is no report or article, or contradicts what was said of it."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A file that was read and identified."""

    entry: ImportEntry
    document: Document
    provenance: Provenance

    @property
    def age(self) -> tuple[int, date, str]:
        """Sorts older documents first, so that each report finds the one of the year before."""
        day = self.provenance.published
        year = self.provenance.year or (day.year if day else _UNDATED)
        return year, day or date(year, 12, 31), str(self.entry.path)


def ingest(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]…", help="Files, or folders of them.")
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(
            "--index",
            metavar="FILE",
            help="CSV or JSON lines that say what each file is: file, title, published, url, "
            "region, year. Paths are relative to it.",
        ),
    ] = None,
    title: Annotated[str | None, typer.Option(help="The title of the one file.")] = None,
    published: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="When the one file was published."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Where the one file is published.")
    ] = None,
    region: RegionOption = None,
    year: Annotated[
        int | None, typer.Option(min=1949, max=2100, help="The plan year, when the text hides it.")
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Import also what looks like no report or article, and what contradicts what "
            "you say of it.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what each file is taken for; store nothing.")
    ] = False,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Import reports of earlier years into the history, without alerts.

    Title, day, region and year are those that the text names, unless an option or the index says
    them; a day may stand in the name of the file. The reports of a region form a series; each is
    compared with the one of the year before, in any order of import. A file that cannot be
    imported is reported and skipped; then the exit code is 1.
    """
    common = entry_of(Path(), title=title, published=published, url=url, region=region, year=year)
    entries = _entries(paths or [], index, common)
    if dry_run:
        settings = load_settings(config, database=database)
        run = _Run(
            load_topics(settings.existing_paths("topics")),
            None,
            force=force,
            alone=len(entries) == 1,
        )
        run.all(entries)
    else:
        with open_database(config, database) as (settings, store):
            topics = load_topics(settings.existing_paths("topics"))
            run = _Run(topics, store, force=force, alone=len(entries) == 1)
            run.all(entries)
    print_status(run.summary(len(entries)))
    if run.stopped:
        raise typer.Exit(_INTERRUPTED)
    if run.outcomes[_FileOutcome.REFUSED] or run.outcomes[_FileOutcome.FAILED]:
        raise typer.Exit(1)


class _Run:
    """One run over many files: reads and identifies all, then stores them, the oldest first.

    Attributes:
        outcomes: how many files ended how.
        changes: how many changes were logged.
        stopped: Ctrl-C ended the run between two files.
    """

    def __init__(
        self, topics: Topics, database: Database | None, *, force: bool, alone: bool
    ) -> None:
        """Keep what all files have in common; without a database nothing is stored."""
        self.outcomes: Counter[_FileOutcome] = Counter()
        self.changes = 0
        self.stopped = False
        self._topics, self._database = topics, database
        self._total = 0
        self._force, self._alone = force, alone

    def all(self, entries: Sequence[ImportEntry]) -> None:
        """Import the files.

        Raises:
            UserError: the only file of the run cannot be imported as it is named.
        """
        self._total = len(entries)
        parser = ParserProcess()
        prepared: list[_Prepared] = []
        try:
            with progress() as bar, _interruptible() as interrupted:
                for entry in bar.track(entries, description="reading"):
                    if interrupted.is_set():
                        break
                    with self._reporting(bar, entry):
                        prepared.append(_prepare(entry, parser, force=self._force))
                prepared.sort(key=lambda one: one.age)
                for one in bar.track(prepared, description="storing"):
                    if interrupted.is_set():
                        break
                    with self._reporting(bar, one.entry):
                        self._store(bar, one)
                self.stopped = interrupted.is_set()
        finally:
            parser.close()

    def summary(self, total: int) -> str:
        """The last line."""
        counts = [
            f"{count} {outcome}"
            for outcome, count in self.outcomes.items()
            if outcome != _FileOutcome.ADDED
        ]
        verb = "would be imported" if self._database is None else _FileOutcome.ADDED.value
        left = total - self.outcomes.total()
        if left:
            counts.append(f"stopped with {left} left")
        imported = f"{self.outcomes[_FileOutcome.ADDED]} of {total} documents {verb}"
        if self._database is not None:
            many = "change" if self.changes == 1 else "changes"
            counts.append(f"{self.changes} {many} logged, no alerts")
        return ": ".join(filter(None, (imported, ", ".join(counts))))

    @contextmanager
    def _reporting(self, bar: Progress, entry: ImportEntry) -> Iterator[None]:
        """Report what is wrong with a file, so that the others are imported."""
        try:
            yield
        except MonitorError as error:
            self._fail(bar, entry, error)
        except Exception as error:  # noqa: BLE001 - one file must not end the run
            text = f"this file cannot be imported: {type(error).__name__}: {error}"
            self._fail(bar, entry, MonitorError(" ".join(text.split())[:300]))

    def _fail(self, bar: Progress, entry: ImportEntry, error: MonitorError) -> None:
        if isinstance(error, _NotWritable):
            print_above(bar, self.summary(self._total))
            raise error
        if self._alone and isinstance(error, UserError):
            raise error
        self.outcomes[
            _FileOutcome.REFUSED if isinstance(error, _Refused) else _FileOutcome.FAILED
        ] += 1
        text = str(error)
        print_above(bar, text if text.startswith(str(entry.path)) else f"{entry.path}: {text}")

    def _store(self, bar: Progress, one: _Prepared) -> None:
        document, provenance = one.document, one.provenance
        statements = extract(document.text, provenance, self._topics)
        found = sum(item.label is Label.COMMITMENT for item in statements)
        result, outside = IngestResult(None, document.outcome, document.reason), False
        if self._database is not None:
            request = IngestRequest(
                document=document,
                provenance=provenance,
                statements=statements,
                fetch=FetchRecord(url=one.entry.url, body=_bytes_of(one.entry.path)),
                baseline=True,
                origin=Origin.INGESTED,
            )
            result, outside = _write(self._database, request)
        _check_stored(result)
        if result.reason == MIRROR:
            self.outcomes[_FileOutcome.KNOWN] += 1
            print_above(bar, f"{one.entry.path}: already in the history")
            return
        self.outcomes[_FileOutcome.ADDED] += 1
        self.changes += len(result.changes) + result.successor_changes
        print_above(bar, f"{one.entry.path}: {_described(one, found)}{_note(result, outside)}")


def _described(one: _Prepared, found: int) -> str:
    """What a file was taken for: kind, region, year, day, commitments, title."""
    provenance = one.provenance
    what = f"{provenance.kind} {provenance.region or '–'} {provenance.year or '–'}"
    unknown = "no day" if provenance.kind is DocumentKind.REPORT else "no day (add --published)"
    commitments = f"{found} commitment{'' if found == 1 else 's'}"
    return f"{what}, {provenance.published or unknown}, {commitments}: {provenance.title}"


def _write(database: Database, request: IngestRequest) -> tuple[IngestResult, bool]:
    """Store a document; also whether it stands outside of the series it seemed to belong to."""
    try:
        with database.faults_told(), database.write() as connection:
            result = ingest_document(connection, request, rules=RuleSet(()), now=utc_now())
            if result.document_id is None or request.provenance.kind is not DocumentKind.REPORT:
                return result, False
            return result, get_document(connection, result.document_id).kind is DocumentKind.PAGE
    except StorageError as error:
        raise _NotWritable(str(error)) from None


def _check_stored(result: IngestResult) -> None:
    """See that a document was stored.

    Raises:
        _Refused: it was not.
    """
    if result.reason == REMOVED:
        raise _Refused(
            f"this document was removed; monitor documents restore {result.document_id} "
            "brings it back"
        )
    if result.outcome is Outcome.SHRUNK:
        raise _Refused(f"not imported: document {result.document_id} has more: {result.reason}")


def _note(result: IngestResult, outside: bool) -> str:
    if outside:
        return " (kept beside the series: another report of this region and year is there)"
    if result.reason == NO_COMMITMENT:
        return f" ({result.reason}; see monitor extract --explain)"
    return f" (partial: {result.reason})" if result.outcome is Outcome.PARTIAL else ""


def _prepare(entry: ImportEntry, parser: ParserProcess, *, force: bool) -> _Prepared:
    """Read a file, and say what it is.

    Raises:
        UserError: the file cannot be read, or its region or year is unknown.
        _Refused: it is not to be imported without ``force``.
    """
    document = _with_day_of_name(_read(entry, parser), entry.path)
    own = infer_provenance(
        document.text, title=document.title, url=entry.url, published=document.published
    )
    given = infer_provenance(
        document.text,
        title=entry.title or document.title,
        url=entry.url,
        published=entry.published or document.published,
        region=entry.region,
    )
    said = {"region": entry.region, "year": entry.year, "published": entry.published}
    doubts = list(contradictions(own, **said))  # type: ignore[arg-type]
    provenance = replace(
        given,
        region=entry.region if doubts and entry.region else given.region,
        year=entry.year or given.year,
        title=entry.title or given.title,
    )
    if not force:
        reason = refusal_reason(document, provenance)
        if reason:
            raise _Refused(f"not imported: {reason} – add --force if it is a report or an article")
        if doubts:
            raise _Refused(f"not imported: {'; '.join(doubts)} – add --force if you are right")
    if provenance.kind is DocumentKind.REPORT and None in (provenance.region, provenance.year):
        lacking = "region" if provenance.region is None else "year"
        raise UserError(
            f"the {lacking} of this report is unknown",
            file=entry.path,
            hint=f"name it with --{lacking}, or in an index",
        )
    provenance = replace(provenance, title=provenance.title or _made_title(provenance, entry))
    document = replace(document, title=provenance.title, published=provenance.published)
    if entry.published:
        document = replace(document, published_from="given")
    return _Prepared(entry, document, provenance)


def _read(entry: ImportEntry, parser: ParserProcess) -> Document:
    path = entry.path
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _Refused(
                f"not imported: {size // 1_000_000:,} MB are more than the "
                f"{MAX_BYTES // 1_000_000} MB that are read"
            )
        body = _bytes_of(path)
        document = parser.call(
            [body], read_document, body, url=entry.url, days=KnownDays(today=utc_now().date())
        )
    except OSError as error:
        raise _unreadable(path, error) from None
    except ParserError as error:
        raise MonitorError(str(error)) from None
    if not document.has_text:
        reason = (document.reason or document.outcome) if body else "the file is empty"
        raise _Refused(f"not imported: {reason}")
    return document


def _with_day_of_name(document: Document, path: Path) -> Document:
    """The document, with the day in its file's name (2026-01-28, 20260128) if it names none."""
    day = None if document.published else find_date(path.stem)
    if day is None or day > utc_now().date():
        return document
    return replace(document, published=day, published_from="file name")


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> UserError:
    return UserError(f"this file cannot be read: {error.strerror or error}", file=path)


def _made_title(provenance: Provenance, entry: ImportEntry) -> str:
    """A title for a text without one."""
    if provenance.kind is not DocumentKind.REPORT:
        return entry.path.stem
    issuer = "国务院" if provenance.region == NATION else provenance.region
    return f"{provenance.year}年{issuer}政府工作报告"


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Ctrl-C sets the event, so that the file at hand is finished; a second one ends at once."""
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return
    before = signal.getsignal(signal.SIGINT)

    def stop(_number: int, _frame: object) -> None:
        interrupted.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, stop)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def _entries(paths: Sequence[Path], index: Path | None, common: ImportEntry) -> list[ImportEntry]:
    """The files to import with what is said of each."""
    described = [common.title, common.published, common.url]
    if index is not None:
        if paths or any(described):
            raise UserError(
                "--index goes with no file, --title, --published or --url",
                hint="put them into the index",
            )
        return [
            replace(one, region=one.region or common.region, year=one.year or common.year)
            for one in read_index(index)
        ]
    if not paths:
        raise UserError("no file is named", hint="name files or folders, or --index FILE")
    files = _files(paths)
    if len(files) > 1 and any(described):
        raise UserError(
            "--title, --published and --url describe one file",
            hint="describe several in an index: --index FILE",
        )
    return [replace(common, path=path) for path in files]


def _files(paths: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            every = sorted(p for p in path.rglob("*") if p.is_file() and p.name[0] != ".")
            inside = [p for p in every if p.suffix.lower() in _SUFFIXES]
            if not inside:
                raise UserError(
                    "no file to import in this folder",
                    file=path,
                    hint="files end in " + ", ".join(sorted(_SUFFIXES)),
                )
            if len(inside) < len(every):
                left = sorted({p.suffix.lower() or p.name for p in every if p not in set(inside)})
                count = len(every) - len(inside)
                many = "file is" if count == 1 else "files are"
                print_status(f"{path}: {count} other {many} left out ({', '.join(left[:6])})")
            files.extend(inside)
        elif is_index(path):
            raise UserError(
                "this is an index of files, not a document",
                file=path,
                hint=f"monitor ingest --index {shlex.quote(str(path))}",
            )
        elif path.exists():
            files.append(path)
        else:
            raise UserError("no such file", file=path)
    return files
