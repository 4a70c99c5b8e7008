"""``monitor init`` writes a first set of files; ``monitor demo`` runs a sample."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.atomic_file import replace_text, write_error
from monitor.cli.output import print_status
from monitor.config.settings import FILE_NAME, WEB_PORT
from monitor.errors import UserError

EXAMPLES = (
    "computing.yaml",
    "fulfilment.yaml",
    "regions.yaml",
    "rules.schema.json",
    "templates/figures.html",
    "templates/short.html",
    "voices.yaml",
    "words.yaml",
)
"""By name: in a checkout people keep rules of their own beside them, as the README says."""

_SETTINGS = """\
# Settings of the policy monitor. Every key has an environment name too:
# [telegram] token is MONITOR_TELEGRAM__TOKEN (recommended for the token).
# All keys: docs/reference/settings.md

database = "sqlite:///monitor.db"
rules = ["rules"]
catalogue = ["catalogue.yaml"]

[crawl]
# Part of the User-Agent, so that a site's operator can reach you. Please set it.
contact = "https://example.org/policy-monitor"

[telegram]
# token_file = "telegram-token.txt"
# allowed_chats = [123456789]

# Other channels, which rules name in then.channels (docs/how-to/other-channels.md):
# [channels.team]
# apprise_file = "team.url"      # a group robot, e-mail, a chat service
# digest = "daily 09:00"
"""

_CATALOGUE = """\
# Sources of your own, beside the built-in ones (monitor sources list).
# The same id as a built-in source overrides what you name here.
sources: []
#  - id: cena-epaper        # disables this source
#    enabled: false
"""


def init(
    folder: Annotated[
        Path, typer.Argument(help="The folder; the current one if not given.")
    ] = Path(),
) -> None:
    """Write monitor.toml, catalogue.yaml and example rules. Existing files stay unchanged."""
    if folder.exists() and not folder.is_dir():
        raise UserError("this is a file", file=folder, hint="name a folder")
    wanted = {Path(FILE_NAME): _SETTINGS, Path("catalogue.yaml"): _CATALOGUE}
    for name in EXAMPLES:
        wanted[Path("rules") / name] = (examples_folder() / name).read_text(encoding="utf-8")
    for place, content in wanted.items():
        path = folder / place
        if path.is_file():
            print_status(f"kept     {path}")
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(error, path.parent) from None
        replace_text(path, content)
        print_status(f"written  {path}")
    print_status("next: monitor rules check, then monitor run --once")


def demo(
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|FOLDER",
            help="Keep the demo's database in this file (demo.db), or with its catalogue and "
            "rules in this folder.",
        ),
    ] = None,
    web: Annotated[
        bool,
        typer.Option("--web", help="Then serve the site over the demo's history, until Ctrl-C."),
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port of this site; 0 takes a free one.")
    ] = WEB_PORT,
) -> None:
    """Run the whole pipeline on a bundled sample site: crawl, compare, match, alert."""
    # Only the demo needs the sample site and the whole daemon.
    from monitor.demo.run import run_demo

    run_demo(keep, web_port=port if web else None)


def examples_folder() -> Path:
    """The example rules: packed into the wheel, or at the top of a checkout."""
    package = Path(__file__).resolve().parents[1]
    packed = package / "_rules"
    return packed if packed.is_dir() else package.parent / "rules"
