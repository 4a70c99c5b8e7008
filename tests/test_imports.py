"""The house's plan: imports go one way, the core is pure, one door leads to the network.

``cli``, ``daemon`` → ``pipeline`` → rooms → ``storage`` and the model. A room is a folder or a
module right under ``monitor/``; what a room offers to others is what its ``__init__`` names.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "monitor"

WORDS = {"model", "errors", "yamlfile"}
PURE = {"documents", "commitments", "changes", "rules"}
ROOMS = PURE | {"catalogue", "crawl", "alerts", "storage"}
SHELL = WORDS | ROOMS | {"settings", "contract", "logs", "memory", "fetching", "pipeline"}
SHELL |= {"outgoing", "ways"}

MAY_IMPORT: dict[str, Set[str]] = {
    "__init__": set(),
    "model": set(),
    "errors": set(),
    "logs": set(),
    "memory": set(),
    "yamlfile": {"errors", "yamlload"},
    "yamlload": {"errors"},
    # When a way is told is written as a chat writes it: storage/hours.py reads both.
    "settings": {"errors", "yamlfile", "storage"},
    # A line of the log, with the document around a change, is the storage's.
    "contract": {"model", "storage"},
    **dict.fromkeys(PURE, frozenset(WORDS | PURE)),
    "catalogue": WORDS | {"documents"},
    "crawl": WORDS | {"catalogue", "documents"},
    "storage": WORDS,
    # The bot makes rules out of what chats write, and names regions as rules do.
    "alerts": WORDS | {"storage", "contract", "rules"},
    "web": WORDS | {"storage", "settings", "contract"},
    "fetching": WORDS | {"crawl", "settings"},
    # The settings' ways in the words of the alerts; it hands them the crawl's guarded door.
    "ways": WORDS | {"alerts", "crawl", "settings", "storage"},
    "pipeline": WORDS | ROOMS | {"settings", "contract"},
    "outgoing": SHELL - {"outgoing"},
    "daemon": SHELL | {"web"},
    "demo": SHELL | {"daemon"},
    "cli": SHELL | {"daemon", "demo", "web"},
    "__main__": {"cli"},
}

# Rooms whose inside is theirs: others import what __init__ names, and nothing else.
CLOSED = PURE | {"catalogue", "crawl", "alerts"}

# Libraries that only some rooms may use: mostly those that reach outside.
ONLY_IN: dict[str, Set[str]] = {
    **dict.fromkeys(("httpx", "httpcore", "socket", "ssl", "socksio"), frozenset({"crawl"})),
    **dict.fromkeys(("aiohttp", "urllib.request", "http.client"), frozenset()),
    # Messages by the services an operator names; requests is watched there, not used.
    "apprise": {"alerts"},
    "requests": {"alerts"},
    **dict.fromkeys(("urllib3", "anyio", "trio", "h11", "h2", "websockets"), frozenset()),
    **dict.fromkeys(("ftplib", "smtplib", "imaplib", "poplib", "xmlrpc"), frozenset()),
    **dict.fromkeys(("socketserver", "asyncore", "multiprocessing"), frozenset()),
    "ctypes": {"memory"},
    "protego": {"crawl"},
    "http.server": {"demo"},
    "telegram": {"alerts", "daemon"},
    "apscheduler": {"daemon"},
    "sqlalchemy": {"storage", "pipeline", "web", "demo"},
    "alembic": {"storage"},
    "sqlite3": {"storage"},
    "psycopg": {"storage"},
    "rich": {"alerts", "cli", "daemon", "demo", "outgoing"},
    "typer": {"cli"},
    "resvg_py": {"alerts"},
    "jinja2": {"alerts", "demo", "web"},
    "starlette": {"web"},
    # Telegram's updates by webhook come in at one endpoint of the bot.
    "uvicorn": {"web", "alerts"},
    "subprocess": set(),
}

# The grammar of an address is httpx's; to use it opens nothing.
HARMLESS = {("catalogue", "httpx"): {"URL", "InvalidURL"}}

# What asyncio, which every shell room may import, connects with.
CONNECTS = {
    "open_connection",
    "open_unix_connection",
    "create_connection",
    "create_unix_connection",
    "create_datagram_endpoint",
    "sock_connect",
    "getaddrinfo",
    "getnameinfo",
}

NOT_PURE = {"asyncio", "concurrent", "multiprocessing", "random", "secrets", "threading"}

# PDFium keeps state for the whole process, so that its reader takes turns.
LOCKED = {("pdf.py", "threading")}

# What is imported under another name than it is installed by, or comes with another package.
DISTRIBUTION = {
    "ahocorasick": "pyahocorasick",
    "httpcore": "httpx",
    "re2": "google-re2",
    "requests": "apprise",
    "telegram": "python-telegram-bot",
    "yaml": "pyyaml",
}

LONGEST_MODULE = 350


@dataclass(frozen=True)
class Import:
    """``module`` as written, the names taken from it, and where it stands."""

    file: Path
    line: int
    module: str
    names: tuple[str, ...]

    @property
    def place(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}"

    @property
    def library(self) -> str:
        return self.module.partition(".")[0]


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def imports_of(file: Path) -> Iterator[Import]:
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name, ())
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.relative_to(ROOT)}:{node.lineno}: a relative import"
            yield Import(file, node.lineno, node.module or "", tuple(a.name for a in node.names))


def inner_imports() -> Iterator[tuple[Import, str, tuple[str, ...]]]:
    """Imports of the package itself: the import, the room, and the rest of the path."""
    for file in modules():
        for found in imports_of(file):
            first, *path = found.module.split(".")
            if first != "monitor":
                continue
            if path:
                yield found, path[0], tuple(path[1:])
                continue
            for name in found.names:
                if (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file():
                    yield found, name, ()


def public_names(room: str) -> set[str]:
    for node in tree_of(PACKAGE / room / "__init__.py").body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def complaint(lines: list[str]) -> str:
    return "\n" + "\n".join(lines)


def test_every_room_has_its_place_in_the_plan() -> None:
    unknown = {room_of(file) for file in modules()} - set(MAY_IMPORT)
    assert not unknown, f"say in MAY_IMPORT what these may import: {sorted(unknown)}"


def test_the_plan_itself_has_no_circle() -> None:
    left = {
        room: needs - {room} - (PURE if room in PURE else set())
        for room, needs in MAY_IMPORT.items()
    }
    while left:
        free = {room for room, needs in left.items() if not needs & set(left)}
        assert free, f"a circle among {sorted(left)}"
        left = {room: needs for room, needs in left.items() if room not in free}


def test_imports_go_one_way() -> None:
    wrong = [
        f"{found.place}: {room_of(found.file)} may not import {room}"
        for found, room, _ in inner_imports()
        if room != room_of(found.file) and room not in MAY_IMPORT[room_of(found.file)]
    ]
    assert not wrong, complaint(wrong)


def test_others_import_only_what_a_room_offers() -> None:
    wrong = []
    for found, room, inside in inner_imports():
        if room not in CLOSED or room == room_of(found.file):
            continue
        if inside:
            wrong.append(f"{found.place}: {found.module} is an inside of {room}")
        else:
            wrong += [
                f"{found.place}: monitor.{room} does not offer {name} in __all__"
                for name in found.names
                if found.module == f"monitor.{room}" and name not in public_names(room)
            ]
    assert not wrong, complaint(wrong)


def test_libraries_stay_in_their_rooms() -> None:
    wrong = []
    for file in modules():
        room = room_of(file)
        for found in imports_of(file):
            paths = [found.module, *(f"{found.module}.{name}" for name in found.names)]
            for library, rooms in ONLY_IN.items():
                here = any(path == library or path.startswith(f"{library}.") for path in paths)
                if here and room not in rooms and (room, library) not in HARMLESS:
                    wrong.append(f"{found.place}: {library} is not for {room}")
    assert not wrong, complaint(wrong)


def test_nobody_connects_by_way_of_the_event_loop() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {node.attr}"
        for file in modules()
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Attribute) and node.attr in CONNECTS and room_of(file) != "crawl"
    ]
    assert not wrong, complaint(wrong)


@pytest.mark.parametrize(("room", "library"), HARMLESS)
def test_harmless_use_of_a_library_stays_harmless(room: str, library: str) -> None:
    wrong = []
    for file in (file for file in modules() if room_of(file) == room):
        for found in imports_of(file):
            if found.library == library and found.names:
                wrong.append(f"{found.place}: import {library} whole, so that its use is seen")
        for node in ast.walk(tree_of(file)):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == library
                and node.attr not in HARMLESS[room, library]
            ):
                wrong.append(f"{file.relative_to(ROOT)}:{node.lineno}: {library}.{node.attr}")
    assert not wrong, complaint(wrong)


def test_the_core_knows_no_clock_and_no_chance() -> None:
    wrong = []
    for file in (file for file in modules() if room_of(file) in PURE):
        wrong += [
            f"{found.place}: {found.module} has no place in the pure core"
            for found in imports_of(file)
            if found.library in NOT_PURE and (file.name, found.library) not in LOCKED
        ]
        wrong += [
            f"{file.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node.func)}() reads the clock"
            for node in ast.walk(tree_of(file))
            if isinstance(node, ast.Call)
            and ast.unparse(node.func).rpartition(".")[2] in {"now", "today", "utcnow"}
        ]
    assert not wrong, complaint(wrong)


def test_what_is_imported_is_what_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"]]
    for extra in ("postgres", "web", "parquet", "ways"):
        wanted += extras[extra]
    declared = {
        requirement.split(";")[0].split("[")[0].split("<")[0].split(">")[0].split("=")[0].strip()
        for requirement in wanted
    }
    wrong = [
        f"{found.place}: {found.library} is no dependency in pyproject.toml"
        for file in modules()
        for found in imports_of(file)
        if found.library != "monitor"
        and found.library not in sys.stdlib_module_names
        and DISTRIBUTION.get(found.library, found.library).replace("_", "-") not in declared
    ]
    assert not wrong, complaint(wrong)


def test_only_the_command_line_prints() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno}: print()"
        for file in modules()
        if room_of(file) != "cli"
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    ]
    assert not wrong, complaint(wrong)


def test_a_module_fits_into_a_head() -> None:
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in modules()}
    wrong = [
        f"{file.relative_to(ROOT)}: {length} lines, more than {LONGEST_MODULE}: is it one idea?"
        for file, length in lengths.items()
        if length > LONGEST_MODULE
    ]
    assert not wrong, complaint(wrong)
