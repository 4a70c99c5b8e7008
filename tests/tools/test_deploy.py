"""``deploy/`` and its pages name commands, options, settings and limits that there are."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError

import pytest
import yaml
from pydantic import BaseModel
from typer.core import TyperGroup
from typer.main import get_command

from monitor.cli.app import LazyCommand, app
from monitor.config.settings import Settings
from monitor.daemon.signals import STOP_SECONDS
from monitor.errors import UserError
from monitor.model.processes import Role

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "deploy" / "policy-monitor.service"
COMPOSE = ROOT / "deploy" / "compose.yaml"
COMPOSE_TWO_SITES = ROOT / "deploy" / "compose.two-sites.yaml"
COMPOSE_ROLES = ROOT / "deploy" / "compose.roles.yaml"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PAGES = ("back-up.md", "run-as-a-service.md")


def wrong_command(words: list[str]) -> str:
    """What of a command line of this program there is not; empty if all is there."""
    command, said = get_command(app), " ".join(words)
    while isinstance(command, TyperGroup):
        name = words.pop(0) if words else ""
        if name not in command.commands:
            return f"{said}: no command {name}"
        found = command.commands[name]
        command = found.load() if isinstance(found, LazyCommand) else found
    known = {option for parameter in command.params for option in parameter.opts}
    unknown = [word for word in words if word.startswith("-") and word not in known]
    return f"{said}: no option {unknown}" if unknown else ""


def is_setting(name: str) -> bool:
    model: object = Settings
    for part in name.removeprefix("MONITOR_").lower().split("__"):
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return False
        if part not in model.model_fields:
            return False
        model = model.model_fields[part].annotation
    return True


def named_settings(text: str) -> list[str]:
    return re.findall(r"\bMONITOR_[A-Z_]+", text)


@pytest.fixture(scope="module")
def unit() -> dict[str, list[str]]:
    lines = re.findall(r"^(\w+)=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    return {key: [value for other, value in lines if other == key] for key, _ in lines}


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))


def test_the_unit_starts_and_ends_the_daemon_as_it_wants(unit):
    (start,) = unit["ExecStart"]
    program, *words = shlex.split(start)
    assert Path(program).name == "monitor"
    assert wrong_command(words) == ""
    assert unit["RestartPreventExitStatus"] == [str(UserError.exit_code)]
    assert float(unit["TimeoutStopSec"][0]) > STOP_SECONDS
    assert unit["Type"] == ["notify"]
    assert float(unit["WatchdogSec"][0]) >= 60
    assert unit["TimeoutStartSec"] == ["infinity"]
    assert unit["WorkingDirectory"] == [f"/var/lib/{unit['StateDirectory'][0]}"]
    assert {one for one in unit["Environment"] if one in DOCKERFILE.split()} == set(
        unit["Environment"]
    )


def test_systemd_reads_the_unit_without_a_complaint(unit, tmp_path):
    hardened = {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes"}
    assert {key: unit[key] for key in hardened} == {key: [said] for key, said in hardened.items()}
    if (analyze := shutil.which("systemd-analyze")) is None:
        return
    copy = tmp_path / UNIT.name
    (start,) = unit["ExecStart"]
    copy.write_text(UNIT.read_text(encoding="utf-8").replace(start, "/bin/true"), encoding="utf-8")
    done = subprocess.run([analyze, "verify", copy], capture_output=True, text=True, check=False)
    assert UNIT.name not in done.stderr


def test_the_services_with_roles_fit_the_compose_file(compose):
    services = yaml.safe_load(COMPOSE_ROLES.read_text(encoding="utf-8"))["services"]
    assert services.pop("monitor") == {"profiles": ["one-process"]}
    assert {name: one["command"] for name, one in services.items()} == {
        role.value: ["run", "--role", role.value] for role in Role
    }
    alike = ("image", "user", "volumes", "stop_grace_period", "read_only", "cap_drop", "restart")
    for name, service in services.items():
        assert {key: service[key] for key in alike} == {
            key: compose["services"]["monitor"][key] for key in alike
        }
        assert set(service["networks"]) <= set(compose["networks"])
        has_token = "MONITOR_TELEGRAM__TOKEN_FILE" in service["environment"]
        assert has_token == (name in {"deliver", "bot"}) == ("secrets" in service)


def test_a_second_site_reaches_the_database_over_tls_where_it_was_told_and_nowhere_else(compose):
    files = [yaml.safe_load(one.read_text("utf-8")) for one in (COMPOSE, COMPOSE_ROLES)]
    assert [name for one in files for name, s in one["services"].items() if "ports" in s] == []
    services = yaml.safe_load(COMPOSE_TWO_SITES.read_text(encoding="utf-8"))["services"]
    assert set(services) == {"database"}
    database = services["database"]
    assert database["ports"] == ["${DATABASE_ADDRESS:-127.0.0.1}:${DATABASE_PORT:-5432}:5432"]
    (network,) = set(database["networks"]) - set(compose["services"]["database"]["networks"])
    assert not (compose["networks"][network] or {}).get("internal")
    said = dict(one.split("=") for one in database["command"] if "=" in one)
    assert said["ssl"] == "on"
    mounted = {one.split(":")[1]: one.split(":")[0] for one in database["volumes"]}
    assert all(one.endswith(":ro") for one in database["volumes"])
    assert {said["ssl_cert_file"], said["ssl_key_file"], said["hba_file"]} == set(mounted)
    # Neither is committed by mistake.
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    for setting in ("ssl_cert_file", "ssl_key_file"):
        assert mounted[said[setting]].replace("./", "/deploy/") in ignored
    access = (COMPOSE.parent / mounted[said["hba_file"]]).read_text(encoding="utf-8")
    rows = [line.split() for line in access.splitlines() if not line.startswith("#")]
    assert {row[-1] for row in rows if row[0] == "hostssl"} == {"scram-sha-256"}
    assert {row[0] for row in rows} == {"local", "hostssl"}
    page = (ROOT / "docs" / "how-to" / "several-machines.md").read_text(encoding="utf-8")
    named = re.findall(r"[a-z_]+[.]pem|DATABASE_ADDRESS|compose[.][a-z-]+[.]yaml", page)
    assert {"DATABASE_ADDRESS", COMPOSE_TWO_SITES.name, COMPOSE_ROLES.name} <= set(named)
    assert {Path(file).name for file in mounted.values()} - {"pg_hba.conf"} <= set(named)


def test_the_compose_file_holds_together(compose):
    services = compose["services"]
    monitor, database = services["monitor"], services["database"]
    assert wrong_command(list(monitor["command"])) == ""
    assert f"USER {monitor['user']}:" in DOCKERFILE
    assert monitor["depends_on"]["database"]["condition"] == "service_healthy"
    assert "pg_isready" in database["healthcheck"]["test"]
    environment = monitor["environment"]
    names = [name for name in environment if name.startswith("MONITOR_")]
    assert [name for name in names if not is_setting(name)] == []
    assert environment["MONITOR_DATABASE"] == "postgresql://{}@database/{}".format(
        database["environment"]["POSTGRES_USER"], database["environment"]["POSTGRES_DB"]
    )
    assert environment["PGPASSWORD"] == database["environment"]["POSTGRES_PASSWORD"]
    assert environment["PGPASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    (secret,) = monitor["secrets"]
    assert environment["MONITOR_TELEGRAM__TOKEN_FILE"] == f"/run/secrets/{secret}"
    assert float(monitor["stop_grace_period"].rstrip("s")) > STOP_SECONDS
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["user"] not in {"root", "0"}
        volumes = {one.partition(":")[0] for one in service["volumes"]}
        assert volumes <= set(compose["volumes"])
        assert set(service["networks"]) <= set(compose["networks"])
    assert set(compose["secrets"]) == {secret}


@pytest.mark.parametrize("status", [200, 503])
def test_the_health_check_of_the_image_asks_the_port_it_sets(status, monkeypatch):
    class Probe(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    (setting,) = set(re.findall(r"^ENV (MONITOR_\w+)=\d+$", DOCKERFILE, re.MULTILINE))
    assert is_setting(setting)
    (check,) = re.findall(r"^HEALTHCHECK [^[]*\\\n *CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    program, option, code = json.loads(check)
    assert (program, option) == ("python", "-c")
    with HTTPServer(("127.0.0.1", 0), Probe) as server:
        answer = Thread(target=server.handle_request)
        answer.start()
        monkeypatch.setenv(setting, str(server.server_port))
        with nullcontext() if status == 200 else pytest.raises(HTTPError):
            exec(code, {})  # noqa: S102
        answer.join()


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_and_settings_of_a_page_are_there(page):
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    found = []
    for line in "".join(re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)).splitlines():
        words = shlex.split(line, comments=True)
        places = [at for at, word in enumerate(words) if word.rpartition("/")[2] == "monitor"]
        rest = words[places[-1] + 1 :] if places else []
        # The program, not the user, service or database of that name.
        if rest and rest[0].isalpha():
            found.append(rest)
    assert len(found) >= 5
    assert [wrong for words in found if (wrong := wrong_command(words))] == []
    assert [name for name in named_settings(text) if not is_setting(name)] == []


def test_what_there_is_not_is_found():
    assert wrong_command(["db", "clone"]) == "db clone: no command clone"
    assert wrong_command(["db", "path", "--fast"]) == "db path --fast: no option ['--fast']"
    assert not is_setting("MONITOR_TELEGRAM__TOKENS")
    assert is_setting("MONITOR_TELEGRAM__TOKEN_FILE")
