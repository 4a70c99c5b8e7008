"""``monitor extract --explain`` and ``monitor topics``: why a sentence became what it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.amounts import amount_cell
from monitor.cli.options import ConfigOption, FormatOption, RegionOption, region_of
from monitor.cli.output import Format, counted, print_error, print_status, write_rows
from monitor.config.settings import load_settings
from monitor.extraction.extract import CONTEXT, ExplainedSentence, explain
from monitor.extraction.topics import check_topics, load_topics
from monitor.json_contract import statement_json
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Speaker, Target
from monitor.printable import printable

if TYPE_CHECKING:
    from rich.text import Text

topics_app = typer.Typer(
    help="Topics: what is in scope, as lexicons in YAML.", no_args_is_help=True
)


def write_explained(found: Sequence[ExplainedSentence], form: Format) -> None:
    """Print sentences with what decided: a block each for people, an object or row for programs."""
    if form is Format.TABLE:
        from rich.console import Console

        console = Console(soft_wrap=True, highlight=False)
        for item in found:
            console.print(_block(item), "")
        return
    objects = [explained_json(item) for item in found]
    columns = [*objects[0]] if objects else ["text"]
    write_rows(form, columns, ([_cell(o[c]) for c in columns] for o in objects), objects=objects)


def explained_json(item: ExplainedSentence) -> dict[str, Any]:
    """An explained sentence as a JSON object."""
    return {
        "text": item.text,
        "start": item.start,
        "end": item.end,
        "topic": item.statement.topic if item.statement else None,
        "statement": statement_json(item.statement) if item.statement else None,
        "section": item.section,
        "section_reason": item.section_reason,
        "label_reason": item.label_reason,
        "cues": list(item.cues),
        "words": list(item.words),
        "in_scope_by": item.in_scope_by,
        "attribution": item.attribution,
        "themes": [{"theme": theme, "word": word} for theme, word in item.theme_words],
        "rejected": item.rejected,
    }


@topics_app.command("check")
def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]…", help="Topic files; those of the settings if none."),
    ] = None,
    form: FormatOption = Format.TABLE,
    config: ConfigOption = None,
) -> None:
    """Read topic files and print them; an error names the file and the line."""
    files = paths or list(load_settings(config).existing_paths("topics"))
    errors = check_topics(files)
    for error in errors[:-1]:
        print_error(str(error))
    if errors:
        raise errors[-1]
    topics = load_topics(files).topics
    write_rows(
        form,
        ("id", "name", "themes"),
        ((topic.id, topic.name, ", ".join(topic.themes)) for topic in topics),
    )
    print_status(f"{counted(len(topics), 'topic')}, no errors")


@topics_app.command("test")
def try_out(
    file: Annotated[Path, typer.Argument(help="A topic file.")],
    text: Annotated[str, typer.Argument(help="A sentence, or several.")],
    region: RegionOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Apply a topic file to a text as if it stood in a government's plan; print what decided."""
    provenance = Provenance(DocumentKind.PAGE, Speaker.GOVERNMENT, region_of(region))
    found = explain(text, provenance, load_topics([file]))
    if not found and form is Format.TABLE:
        print_status("no topic has a word in this text")
    write_explained(found, form)


def _block(item: ExplainedSentence) -> Text:
    from rich.text import Text

    statement = item.statement
    block = Text(printable(item.text.strip()) + "\n", style="bold")
    if statement is None:
        lines = [("not taken", item.rejected)]
    else:
        lines = [
            ("label", f"{statement.label}  ← {item.label_reason}"),
            (
                "speaker",
                f"{statement.speaker}, {statement.region or '?'}  ← {item.attribution or '–'}",
            ),
            *([("source", statement.source_line)] if statement.source_line else []),
            ("topic", f"{statement.topic}  ← {_scope(item)}"),
            ("themes", ", ".join(f"{t} ← {w or 'default'}" for t, w in item.theme_words)),
            *(
                ("target", f"{t.metric} {t.op} {_amount(t)} ({t.year or '–'})  ← {t.raw}")
                for t in statement.targets
            ),
        ]
    lines.append(("section", f"{item.section}  ← {item.section_reason}"))
    if item.cues:
        lines.append(("cues", ", ".join(item.cues)))
    for name, said in lines:
        block.append(f"  {name:<9} {said}\n", style="not bold")
    return block


def _amount(target: Target) -> str:
    return amount_cell(Format.TABLE, target.value, target.unit)


def _scope(item: ExplainedSentence) -> str:
    words = "、".join(item.words)
    return f"what it refers to: {words}" if item.in_scope_by == CONTEXT else words


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return "; ".join(str(part) for part in value)
    return value["label"] if isinstance(value, dict) else value
