"""Who may read the site, how often, and what its answers let a browser do."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

import httpx
import pytest
from fresh_database import fresh_sqlite
from small_history import write_history
from sqlalchemy import insert, text, update
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware

from monitor.config.settings import Settings, WebSettings
from monitor.daemon.site import serve_site
from monitor.errors import UserError, UserErrors
from monitor.rate_limiter import RateLimiter
from monitor.rules.model import ANY_VOCABULARY
from monitor.storage.base import get_row
from monitor.storage.engine import Database
from monitor.storage.statement_tables import statement_table
from monitor.storage.tables import document_table, snapshot_table, source_table
from monitor.suggestion import nearest
from monitor.web.app import build_site
from monitor.web.rules import read_rule
from monitor.web.security import Access, Guard
from monitor.web.site import Site
from monitor.web.templates import static_address

TOKEN = "correct-horse-battery-staple"
# In a text, an attribute, an address and a name.
HOSTILE = """"><script>alert(1)</script><img src=x onerror=alert(1)> ' {{7*7}} \u202e]]>&lt;"""
HOSTILE_ADDRESS = "javascript:alert(document.cookie)"
PAGES = (
    "/",
    "/changes/1",
    "/commitments/1",
    "/documents/1",
    "/snapshots/1?start=0&end=4",
    "/map",
    "/regions/贵州省",
    "/metrics",
    "/reports",
    "/fulfilment",
    "/sources",
    "/rules",
    "/downloads",
    "/api",
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A history whose texts all attack the reader."""
    found = Database(fresh_sqlite(tmp_path_factory.mktemp("security") / "history.db"))
    write_history(found)
    with found.write() as connection:
        # The log is append-only; whoever wrote it as it is now would have been a hostile source.
        triggers = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for name in connection.scalars(triggers).all():
            connection.execute(text(f'DROP TRIGGER "{name}"'))
        connection.execute(update(statement_table).values(section=HOSTILE, person=HOSTILE))
        connection.execute(update(document_table).values(title=HOSTILE, url=HOSTILE_ADDRESS))
        connection.execute(update(snapshot_table).values(title=HOSTILE, url=HOSTILE_ADDRESS))
        connection.execute(text("UPDATE change SET summary = :said"), {"said": HOSTILE})
        connection.execute(
            insert(source_table).values(
                id="evil",
                name=HOSTILE,
                region=None,
                document_kind="news",
                added_at=get_row(connection, document_table, 1).first_seen_at,
                last_reason=HOSTILE,
                enabled=True,
            )
        )
        connection.execute(update(document_table).values(source_id="evil"))
    yield found
    found.close()


def site_over(database: Database, access: Access, limiter: RateLimiter | None = None) -> Guard:
    site = Site(database, zone=ZoneInfo("Asia/Shanghai"), themes=("compute",))
    app = build_site(site, access, limiter=limiter or RateLimiter(burst=10**9))
    assert isinstance(app, Guard)
    return app


@asynccontextmanager
async def reader(
    app: Guard, *, client: str = "127.0.0.1", host: str = "localhost"
) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(client, 5))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as found:
        yield found


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8765", 200),
        ("localhost.", 200),
        ("127.0.0.1:80", 200),
        ("[::1]:8765", 200),
        ("[::1]", 200),
        ("monitor.example.org:443", 200),
        ("evil.example", 400),
        ("localhost.evil.example", 400),
        ("localhost@evil.example", 400),
        ("monitor.example.org:evil", 400),
        ("localhost.:80", 200),
        ("[fd00::5]:8765", 200),
        ("[fd00::6]", 400),
        ("localhost:²", 400),
        ("[::1", 400),
        ("", 400),
    ],
)
async def test_only_known_names_are_answered(database: Database, header: str, status: int) -> None:
    app = site_over(database, Access(frozenset({"monitor.example.org", "fd00::5"})))
    async with reader(app) as client:
        answer = await client.get("/downloads", headers={"host": header.encode("latin-1")})
    assert answer.status_code == status


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("Bearer " + TOKEN, 200),
        ("bearer  " + TOKEN, 200),
        (basic("anybody", TOKEN), 200),
        (basic("", TOKEN), 200),
        (basic(TOKEN, ""), 401),
        ("Bearer " + TOKEN[:-1], 401),
        ("Bearer", 401),
        ("Bearer é", 401),
        ("Basic !!!", 401),
        ("Basic " + base64.b64encode(b"\xff\xfe").decode(), 401),
        ("Digest " + TOKEN, 401),
        (TOKEN, 401),
    ],
)
async def test_a_token_lets_in(database: Database, authorization: str | None, status: int) -> None:
    app = site_over(database, Access(token=TOKEN))
    headers = {} if authorization is None else {"authorization": authorization.encode()}
    async with reader(app) as client:
        answer = await client.get("/downloads", headers=headers)
    assert answer.status_code == status
    assert (status == 401) == ("www-authenticate" in answer.headers)


@pytest.mark.parametrize(
    ("client", "user", "status"),
    [
        ("10.0.0.2", "ann", 200),
        ("10.0.0.2", " ", 401),
        ("10.0.0.2", None, 401),
        ("10.0.0.9", "ann", 401),
    ],
)
async def test_a_user_is_believed_from_the_proxy_alone(
    database: Database, client: str, user: str | None, status: int
) -> None:
    access = Access(user_header="x-forwarded-user", proxies=frozenset({"10.0.0.2"}))
    headers = {} if user is None else {"X-Forwarded-User": user}
    async with reader(site_over(database, access), client=client) as found:
        assert (await found.get("/downloads", headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("doubled", "status"),
    [
        ([("host", "localhost"), ("host", "evil.example")], 400),
        ([("host", "localhost"), ("x-user", "evil"), ("x-user", "ann")], 401),
        ([("host", "localhost"), ("authorization", "Bearer x"), ("authorization", TOKEN)], 401),
        ([("x-user", "ann")], 400),
        ([("host", "localhost"), ("x-user", "ann")], 200),
    ],
)
async def test_a_header_that_decides_is_given_once(
    database: Database, doubled: list[tuple[str, str]], status: int
) -> None:
    app = site_over(database, Access(token=TOKEN, user_header="x-user"))
    asked = httpx.Request("GET", "http://localhost/api", headers=doubled)
    if not any(name == "host" for name, _ in doubled):
        del asked.headers["host"]
    async with reader(app) as client:
        assert (await client.send(asked)).status_code == status


async def test_a_network_of_ipv6_is_one_reader(database: Database) -> None:
    app = site_over(database, Access(), RateLimiter(burst=1, clock=lambda: 0.0))
    answers = []
    for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "::ffff:10.0.0.2", "10.0.0.2"):
        async with reader(app, client=address) as client:
            answers.append((await client.get("/api")).status_code)
    assert answers == [200, 429, 200, 200, 429]


async def test_each_reader_has_a_rate_of_their_own(database: Database) -> None:
    now = 0.0
    limiter = RateLimiter(burst=2, refill=1.0, clock=lambda: now)
    access = Access(token=TOKEN, user_header="x-user", proxies=frozenset({"10.0.0.2"}))
    app = site_over(database, access, limiter)
    async with reader(app, client="10.0.0.2") as proxy, reader(app, client="10.0.0.9") as other:
        for user in ("ann", "bob"):
            asked = [await proxy.get("/api", headers={"x-user": user}) for _ in range(3)]
            assert [one.status_code for one in asked] == [200, 200, 429]
        # Whoever guesses tokens is slowed down as well.
        guesses = [await other.get("/", headers={"authorization": "Bearer x"}) for _ in range(3)]
        assert [one.status_code for one in guesses] == [401, 401, 429]
        assert guesses[-1].headers["retry-after"] == "1"
        now = 1.0
        assert (await proxy.get("/api", headers={"x-user": "ann"})).status_code == 200


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/", 200),
        ("/?kind=x", 400),
        ("/changes/999999", 404),
        ("/changes/99999999999999999999999", 404),
        ("/documents/99999999999999999999999", 404),
        ("/snapshots/99999999999999999999999", 404),
        ("/commitments/99999999999999999999999", 404),
        ("/nowhere", 404),
        (static_address("site.css"), 200),
        ("/static/000000000000/site.css", 404),
        ("/static/000000000000/..%2fapp.py", 404),
        ("/static/x/htmx.LICENSE", 404),
        ("/feed.atom", 200),
        ("/downloads/change_log.csv", 200),
        ("/downloads/alert_log.csv", 404),
        ("/api/openapi.json", 200),
        ("/api/v1/changes?limit=x", 400),
        ("/preferences?theme=dark", 303),
        ("/?words=%00", 400),
        ("/?words=" + "x" * 300, 400),
        ("/?before=９", 400),
        # What was a fault of ours, or took a core for up to a minute.
        ("/changes/" + "9" * 5_000, 400),
        ("/static/x/" + "a" * 300 + ".css", 404),
        ("/static/x/a%00.css", 404),
        ("/regions/" + "贵" * 900, 404),
        ("/reports?region=" + "贵" * 3_000, 400),
        ("/?kind=" + "x" * 30_000, 400),
        ("/api/v1/changes?kind=" + "x" * 30_000, 400),
        ("/rules?rule=" + "x" * 40_000, 400),
        ("/rules?rule=- id: 0x" + "f" * 3_900, 200),
    ],
)
async def test_every_kind_of_answer_has_the_headers(
    database: Database, address: str, status: int
) -> None:
    async with reader(site_over(database, Access())) as client:
        answer = await client.get(address)
    assert answer.status_code == status
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    public = "public" in answer.headers["cache-control"]
    assert public == (status == 200 and address.startswith("/static/"))


async def test_a_fault_of_ours_tells_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr("monitor.web.timeline.list_changes", fail)
    async with reader(site_over(database, Access())) as client:
        answer = await client.get("/")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_no_route_takes_anything_but_reading(database: Database) -> None:
    app = site_over(database, Access())
    assert isinstance(app.app, GZipMiddleware)
    assert isinstance(app.app.app, Starlette)
    paths = [getattr(route, "path", "") for route in app.app.app.routes]
    assert len(paths) > 20
    async with reader(app) as client:
        for path in paths:
            address = path.replace(":int", "").replace("{id}", "1")
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                answer = await client.request(method, address)
                assert answer.status_code == 405, (method, path)


@pytest.mark.parametrize("address", PAGES)
async def test_what_sources_say_is_text(database: Database, address: str) -> None:
    async with reader(site_over(database, Access())) as client:
        answer = await client.get(address)
    assert answer.status_code == 200
    page = answer.text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert 'href="javascript:' not in page


@pytest.mark.parametrize(
    ("back", "to"),
    [
        ("/map?year=2025", "/map?year=2025"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\r\nset-cookie: a=b", "/"),
        ("", "/"),
    ],
)
async def test_a_choice_leads_back_to_this_site_alone(
    database: Database, back: str, to: str
) -> None:
    async with reader(site_over(database, Access())) as client:
        answer = await client.get("/preferences", params={"language": "en", "back": back})
    assert answer.headers["location"] == to
    (cookie,) = answer.headers.get_list("set-cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


@pytest.mark.parametrize(
    ("cookie", "theme"),
    [
        ("a=b; theme=dark", "dark"),
        ("theme=<script>", "auto"),
        ('theme="' + "\\\\" * 30_000 + '"', "auto"),
        ("seen=" + "9" * 4_000 + ".1.1", "auto"),
        ("seen=1.1.-99999999999999", "auto"),
        (";=;;seen", "auto"),
    ],
)
async def test_a_cookie_of_others_is_none(database: Database, cookie: str, theme: str) -> None:
    async with reader(site_over(database, Access())) as client:
        answer = await client.get("/", headers={"cookie": cookie})
    assert answer.status_code == 200
    assert f'data-theme="{theme}"' in answer.text


@pytest.mark.parametrize(("field", "name"), [("regions", "贵洲"), ("speakers", "贵洲发改委")])
def test_a_tried_rule_is_explained_so_far(field: str, name: str) -> None:
    text = f"- id: a\n  name: a\n  {field}: [" + ",".join([name] * 40) + "]"
    with pytest.raises(UserErrors) as raised:
        read_rule(text, ANY_VOCABULARY)
    found = [one for one in raised.value.errors if name in str(one)]
    assert len(found) == 40
    assert ["贵州" in (one.hint or "") for one in found] == [True] * 20 + [False] * 20


def test_nobody_means_a_word_by_a_long_text() -> None:
    assert nearest("a" * 60 + "b", ["a" * 60])
    assert nearest("a" * 65, ["a" * 64]) is None


async def test_an_open_address_needs_somebody_who_checks(database: Database) -> None:
    settings = Settings.model_construct(web=WebSettings(host="0.0.0.0"))
    with pytest.raises(UserError, match=r"web.host: 0.0.0.0 is open to others"):
        async with serve_site(settings, database, 0):
            raise AssertionError
