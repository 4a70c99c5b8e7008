"""Imports point one way, the core is pure, and one package leads to the network.

A package is a folder or a module right under ``monitor/``; design.md, "Layout".
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "monitor"

# What a package may import besides itself. A later line may name earlier ones only, so that
# imports point one way.
BASE = {
    *("model", "errors", "yaml", "folding", "urls", "atomic_file", "retry", "secret_mask"),
    *("printable", "suggestion", "public_hosts", "yaml_mistakes"),
}
PURE = {"discovery", "documents", "extraction", "comparison", "rules"}

MAY_IMPORT: dict[str, Set[str]] = {
    "__init__": set(),
    "errors": set(),
    "model": set(),
    "clock": set(),
    "secret_mask": set(),
    "printable": set(),
    "line_breaks": set(),
    "table": {"line_breaks", "printable"},
    "logs": {"model", "printable", "secret_mask"},
    "atomic_file": {"errors"},
    "urls": {"errors"},
    "public_hosts": {"errors"},
    "retry": set(),
    "folding": set(),
    "suggestion": set(),
    "rate_limiter": set(),
    "periods": {"errors"},
    "http_limits": set(),
    "http_connection": {"http_limits"},
    "http_server": {"errors", "http_connection", "http_limits"},
    "probes": {"http_server"},
    "yaml": {"errors", "suggestion"},
    "yaml_mistakes": {"errors", "model", "yaml"},
    "synonyms": {"yaml"},
    "config": BASE,
    "documents": BASE,
    "warm_up": set(),
    "parser_process": {"documents", "warm_up"},
    "catalogue": BASE | {"documents", "extraction"},
    "extraction": BASE,
    "comparison": BASE | {"extraction"},
    "rules": BASE | {"extraction", "synonyms"},
    "fetching": BASE | {"clock", "catalogue", "documents"},
    "discovery": BASE | {"catalogue", "documents", "fetching"},
    "table_files": {"errors", "printable"},
    "storage": BASE | {"table_files"},
    "json_contract": BASE,
    "messages": BASE | {"rules", "comparison"},
    "channels": BASE | {"clock", "messages", "json_contract", "line_breaks"},
    "outbox": BASE | {"storage", "messages", "channels"},
    "bot": BASE
    | {"logs", "http_server", "storage", "messages", "channels", "outbox", "rules", "extraction"}
    | {"rate_limiter"},
    "ingest": BASE
    | PURE
    | {"catalogue", "fetching", "storage", "outbox", "messages", "config", "json_contract"}
    | {"parser_process", "warm_up"},
    "status": {"ingest", "model", "outbox", "storage"},
    "observer": {"catalogue", "channels", "errors", "fetching", "ingest", "messages", "model"},
    "metrics": {"ingest", "model", "observer", "status"},
    "app": BASE
    | {"clock", "catalogue", "config", "extraction", "rules", "logs", "fetching", "storage"}
    | {"messages", "channels", "outbox", "bot", "ingest", "observer"},
    "web": BASE
    | {"clock", "periods", "rate_limiter", "json_contract", "extraction", "comparison", "rules"}
    | {"storage", "messages", "http_limits", "channels", "table_files"},
    "daemon": {"app", "catalogue", "ingest", "model", "outbox", "retry", "storage", "web"}
    | {
        "clock",
        "config",
        "errors",
        "fetching",
        "http_server",
        "metrics",
        "observer",
        "extraction",
        "probes",
        "status",
    },
    "roles": {"app", "catalogue", "config", "daemon", "errors", "ingest", "model", "outbox"}
    | {"retry", "storage"},
    "demo": {"app", "clock", "daemon", "config", "errors", "ingest", "messages", "model"}
    | {"storage", "table", "yaml"},
    "cli": BASE
    | {"clock", "catalogue", "config", "documents", "discovery", "extraction", "comparison"}
    | {"rules", "json_contract", "logs", "fetching", "storage", "messages", "channels", "outbox"}
    | {"ingest", "app", "daemon", "demo", "parser_process", "roles", "periods"}
    | {"line_breaks", "table", "table_files", "status", "synonyms"},
    "__main__": {"cli"},
}

# Libraries that only some packages may use: mostly those that reach outside.
ONLY_IN: dict[str, Set[str]] = {
    **dict.fromkeys(("httpcore", "httptools", "ssl", "socksio"), frozenset({"fetching"})),
    # The daemon tells systemd through a socket of this machine.
    "socket": {"fetching", "daemon"},
    "httpx": {"fetching", "urls"},
    **dict.fromkeys(("aiohttp", "urllib.request", "http.client"), frozenset()),
    "apprise": {"channels"},
    "requests": set(),
    **dict.fromkeys(("urllib3", "anyio", "trio", "h2", "websockets"), frozenset()),
    **dict.fromkeys(("ftplib", "smtplib", "imaplib", "poplib", "xmlrpc"), frozenset()),
    **dict.fromkeys(("socketserver", "asyncore"), frozenset()),
    **dict.fromkeys(("multiprocessing", "pebble", "resource"), frozenset({"parser_process"})),
    # An option of the C library's memory.
    "ctypes": {"daemon"},
    "protego": {"fetching"},
    "http.server": {"demo"},
    "telegram": {"bot", "channels"},
    "apscheduler": {"daemon"},
    "sqlalchemy": {"storage", "ingest", "outbox", "demo", "web"},
    "alembic": {"storage"},
    "sqlite3": {"storage"},
    "procrastinate": {"roles"},
    "psycopg": {"storage", "roles"},
    "rich": {"channels", "cli", "demo", "app", "line_breaks", "table"},
    "typer": {"cli"},
    "resvg_py": {"messages"},
    "pygal": {"messages"},
    "jinja2": {"messages", "demo", "web"},
    "starlette": {"web"},
    # Telegram's updates by webhook, and probes of a supervisor.
    **dict.fromkeys(("uvicorn", "h11"), frozenset({"http_server", "http_connection"})),
    "prometheus_client": {"metrics"},
    "structlog": {"logs"},
    "subprocess": set(),
}

# The grammar of an address and the usual authorities of TLS are httpx's; to use them opens nothing.
HARMLESS = {
    ("catalogue", "httpx"): {"URL", "InvalidURL"},
    ("discovery", "httpx"): {"URL", "InvalidURL"},
    ("channels", "httpx"): {"create_ssl_context"},
}

# What asyncio, which every shell package may import, connects with.
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

# PDFium keeps state for the whole process, so that its reader takes turns; rules are read again
# while other threads ask for them.
LOCKED = {("pdf.py", "threading"), ("provider.py", "threading")}

# What is imported under another name than it is installed by, or comes with another package.
DISTRIBUTION = {
    "ahocorasick": "pyahocorasick",
    "h11": "uvicorn",
    "httpcore": "httpx",
    "re2": "google-re2",
    "markupsafe": "jinja2",
    "telegram": "python-telegram-bot",
    "yaml": "pyyaml",
}


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


def package_of(file: Path) -> str:
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
    """Imports of the package itself: the import, the package, and the rest of the path."""
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


def complaint(lines: list[str]) -> str:
    return "\n" + "\n".join(lines)


def test_every_package_has_its_place_in_the_plan() -> None:
    unknown = {package_of(file) for file in modules()} - set(MAY_IMPORT)
    assert not unknown, f"say in MAY_IMPORT what these may import: {sorted(unknown)}"


def test_the_plan_itself_has_no_circle() -> None:
    left = {package: set(needs) for package, needs in MAY_IMPORT.items()}
    while left:
        free = {package for package, needs in left.items() if not needs & set(left)}
        assert free, f"a circle among {sorted(left)}"
        left = {package: needs for package, needs in left.items() if package not in free}


def test_imports_go_one_way() -> None:
    wrong = [
        f"{found.place}: {package_of(found.file)} may not import {package}"
        for found, package, _ in inner_imports()
        if package != package_of(found.file) and package not in MAY_IMPORT[package_of(found.file)]
    ]
    assert not wrong, complaint(wrong)


def test_libraries_stay_in_their_packages() -> None:
    wrong = []
    for file in modules():
        package = package_of(file)
        for found in imports_of(file):
            paths = [found.module, *(f"{found.module}.{name}" for name in found.names)]
            for library, packages in ONLY_IN.items():
                here = any(path == library or path.startswith(f"{library}.") for path in paths)
                if here and package not in packages and (package, library) not in HARMLESS:
                    wrong.append(f"{found.place}: {library} is not for {package}")
    assert not wrong, complaint(wrong)


def test_nobody_connects_by_way_of_the_event_loop() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {node.attr}"
        for file in modules()
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Attribute)
        and node.attr in CONNECTS
        and package_of(file) != "fetching"
    ]
    assert not wrong, complaint(wrong)


@pytest.mark.parametrize(("package", "library"), HARMLESS)
def test_harmless_use_of_a_library_stays_harmless(package: str, library: str) -> None:
    wrong = []
    for file in (file for file in modules() if package_of(file) == package):
        for found in imports_of(file):
            if found.library == library and found.names:
                wrong.append(f"{found.place}: import {library} whole, so that its use is seen")
        for node in ast.walk(tree_of(file)):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == library
                and node.attr not in HARMLESS[package, library]
            ):
                wrong.append(f"{file.relative_to(ROOT)}:{node.lineno}: {library}.{node.attr}")
    assert not wrong, complaint(wrong)


def test_the_core_knows_no_clock_and_no_chance() -> None:
    wrong = []
    for file in (file for file in modules() if package_of(file) in PURE):
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
    for extra in ("postgres", "webhook", "parquet", "channels", "web"):
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


@pytest.mark.parametrize("module", ["messages.template", "messages.chart", "messages.escaping"])
def test_messages_load_no_database(module: str) -> None:
    code = f"import monitor.{module}, sys; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_run_without_a_token_loads_no_telegram() -> None:
    code = "import monitor.daemon.run, sys; sys.exit('telegram' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_log_line_loads_no_colours(form: str) -> None:
    code = (
        "import logging, sys; from monitor.logs import start_logging; "
        f"start_logging(form='{form}'); logging.getLogger('monitor').info('x'); "
        "print('structlog' in sys.modules, 'rich' in sys.modules, 'pygments' in sys.modules); "
        "import rich.console"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["True", "False", "False"]


def test_what_several_processes_need_is_loaded_for_them_alone() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in modules()
        if package_of(file) != "roles"
        for node in tree_of(file).body
        if isinstance(node, ast.Import | ast.ImportFrom) and "monitor.roles" in ast.unparse(node)
    ]
    assert not wrong, complaint(wrong)


def test_only_the_command_line_prints() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno}: print()"
        for file in modules()
        if package_of(file) != "cli"
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    ]
    assert not wrong, complaint(wrong)
