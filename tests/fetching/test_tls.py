"""TLS is always verified; an old server gets the smallest exception."""

import asyncio
import ssl
import warnings
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from loopback import answer, at_loopback, fetcher, site

from monitor.catalogue.model import FetchRoute, Tls
from monitor.errors import FetchError
from monitor.fetching.pools import TlsContexts
from monitor.model.documents import Outcome

NAME = "www.example.gov.cn"
PAGE = b"<p>words</p>"


@dataclass(frozen=True)
class Authority:
    """A root everybody trusts here, and an intermediate one under it."""

    root: trustme.CA
    middle: trustme.CA
    folder: Path

    @property
    def root_file(self) -> str:
        return str(self.folder / "root.pem")

    @property
    def middle_file(self) -> Path:
        return self.folder / "middle.pem"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    root = trustme.CA()
    found = Authority(root, root.create_child_ca(), tmp_path_factory.mktemp("tls"))
    root.cert_pem.write_to_path(found.root_file)
    found.middle.cert_pem.write_to_path(str(found.middle_file))
    return found


def serving(cert, *, chain=True):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with cert.private_key_pem.tempfile() as key:
        pems = cert.cert_chain_pems if chain else cert.cert_chain_pems[:1]
        with trustme.Blob(b"".join(pem.bytes() for pem in pems)).tempfile() as path:
            context.load_cert_chain(path, key)
    return context


async def visit(authority, context, route=FetchRoute(), through=None):  # noqa: B008 - frozen
    async with (
        site(context) as here,
        fetcher(ca_file=authority.root_file, resolver=at_loopback) as net,
    ):
        here.scripts["/"] = answer(PAGE)
        url = here.url("/", NAME)
        if through is None:
            return await net.fetch(url, route=replace(route, allow_private=True))
        async with through(here.port) as port:
            return await net.fetch(
                f"https://{NAME}:{port}/", route=replace(route, allow_private=True)
            )


async def test_a_good_certificate_is_accepted(authority):
    fetched = await visit(authority, serving(authority.root.issue_cert(NAME)))
    assert (fetched.outcome, fetched.body) == (Outcome.OK, PAGE)


@pytest.mark.parametrize("tls", Tls)
@pytest.mark.parametrize(
    ("issue", "reason"),
    [
        (
            lambda root: root.issue_cert(NAME, not_after=datetime(2020, 1, 1, tzinfo=UTC)),
            "certificate has expired",
        ),
        (lambda root: root.issue_cert("www.other.gov.cn"), "Hostname mismatch"),
        (lambda _root: trustme.CA().issue_cert(NAME), "certificate verify failed"),
    ],
    ids=["expired", "wrong name", "unknown authority"],
)
async def test_a_certificate_that_does_not_hold_is_refused_whatever_the_exception(
    authority, issue, reason, tls
):
    fetched = await visit(authority, serving(issue(authority.root)), FetchRoute(tls=tls))
    assert fetched.outcome is Outcome.ERROR
    assert reason in fetched.reason
    assert "tries" not in fetched.reason


async def test_a_self_signed_certificate_is_refused(authority):
    fetched = await visit(authority, old_server(ssl.TLSVersion.TLSv1_3, bits=2048))
    assert fetched.outcome is Outcome.ERROR
    assert "self-signed certificate" in fetched.reason


async def test_a_missing_intermediate_is_refused_and_accepted_with_the_bundle(authority):
    context = serving(authority.middle.issue_cert(NAME), chain=False)
    refused = await visit(authority, context)
    assert refused.outcome is Outcome.ERROR
    assert "unable to get local issuer certificate" in refused.reason
    accepted = await visit(authority, context, FetchRoute(ca_file=authority.middle_file))
    assert accepted.outcome is Outcome.OK


async def test_a_bundle_says_nothing_for_other_names(authority):
    context = serving(authority.middle.issue_cert("www.other.gov.cn"), chain=False)
    fetched = await visit(authority, context, FetchRoute(ca_file=authority.middle_file))
    assert "Hostname mismatch" in fetched.reason


async def test_a_missing_bundle_is_an_error_of_the_page(authority):
    context = serving(authority.root.issue_cert(NAME))
    fetched = await visit(authority, context, FetchRoute(ca_file=authority.folder / "none.pem"))
    assert fetched.outcome is Outcome.ERROR
    assert "ca_file" in fetched.reason


@pytest.mark.parametrize(
    ("bits", "version", "enough"),
    [
        (2048, ssl.TLSVersion.TLSv1_2, Tls.STRICT),
        (1024, ssl.TLSVersion.TLSv1_2, Tls.LEGACY),
        (2048, ssl.TLSVersion.TLSv1_1, Tls.TLS1),
        (2048, ssl.TLSVersion.TLSv1, Tls.TLS1),
    ],
    ids=["today", "short key", "TLS 1.1", "TLS 1.0"],
)
async def test_old_servers_need_the_smallest_exception_that_works(authority, bits, version, enough):
    context = old_server(version, bits=bits, root=authority.root)
    reached = [
        tls
        for tls in Tls
        if (await visit(authority, context, FetchRoute(tls=tls))).outcome is Outcome.OK
    ]
    assert reached == list(Tls)[list(Tls).index(enough) :]


@pytest.mark.parametrize("tls", [Tls.STRICT, Tls.LEGACY])
async def test_a_server_without_rfc_5746_is_reached_with_legacy(authority, tls):
    # OpenSSL cannot play such a server. A man in the middle takes the extension out of its hello:
    # who goes on with the handshake notices him at its end, and not before.
    context = serving(authority.root.issue_cert(NAME))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    fetched = await visit(authority, context, FetchRoute(tls=tls), through=without_rfc_5746)
    assert fetched.outcome is Outcome.ERROR
    refused = "UNSAFE_LEGACY_RENEGOTIATION" in fetched.reason.upper().replace(" ", "_")
    assert refused is (tls is Tls.STRICT), fetched.reason


def test_one_context_is_built_for_each_policy(authority):
    contexts = TlsContexts(authority.root_file)
    policies = [(tls, file) for tls in Tls for file in (None, authority.middle_file)]
    built = [contexts.of(*policy) for policy in policies]
    assert [contexts.of(*policy) for policy in policies] == built
    assert len({id(context) for context in built}) == len(policies)
    assert contexts.for_proxies() is contexts.for_proxies()
    for context in (*built, contexts.for_proxies()):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


def test_only_the_exception_permits_old_protocols(authority):
    contexts = TlsContexts(authority.root_file)
    strict, legacy, tls1 = (contexts.of(tls, None) for tls in Tls)
    assert [context.options & 0x4 for context in (strict, legacy, tls1)] == [0, 4, 4]
    assert strict.minimum_version == legacy.minimum_version == ssl.TLSVersion.TLSv1_2
    assert tls1.minimum_version == ssl.TLSVersion.TLSv1
    assert contexts.for_proxies().options & 0x4 == 0


def test_a_bundle_without_certificates_is_refused(authority):
    empty = authority.folder / "empty.pem"
    empty.write_text("nothing", encoding="utf-8")
    with pytest.raises(FetchError, match="ca_file"):
        TlsContexts(authority.root_file).of(Tls.STRICT, empty)


def old_server(version, *, bits, root=None):
    """A server of one TLS version with an RSA key of so many bits; self-signed without a root."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    own = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    issuer, signer = own, key
    if root is not None:
        issuer = x509.load_pem_x509_certificate(root.cert_pem.bytes()).subject
        signer = serialization.load_pem_private_key(root.private_key_pem.bytes(), None)
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        # Python 3.13 and later ask for it (RFC 5280, 4.2.1.1), and every public authority sets it.
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = min(version, ssl.TLSVersion.TLSv1_2)
        context.maximum_version = version
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    with trustme.Blob(pem + cert.public_bytes(serialization.Encoding.PEM)).tempfile() as path:
        context.load_cert_chain(path)
    return context


@asynccontextmanager
async def without_rfc_5746(port):
    """The port of a man in the middle who takes renegotiation_info out of the server's hello."""

    async def pump(reader, writer, change=None):
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(5)
                record = await reader.readexactly(int.from_bytes(head[3:], "big"))
                if change and head[0] == 22 and record[0] == 2:
                    record, change = change(record), None
                writer.write(head[:3] + len(record).to_bytes(2, "big") + record)
                await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def serve(reader, writer):
        serving.append(asyncio.current_task())
        there, onward = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, onward), pump(there, writer, _strip))

    serving = []
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*serving)


def _strip(record):
    length = int.from_bytes(record[1:4], "big")
    hello, rest = record[4 : 4 + length], record[4 + length :]
    at = 2 + 32 + 1 + hello[34] + 2 + 1
    fixed, extensions, kept = hello[:at], hello[at + 2 :], b""
    while extensions:
        end = 4 + int.from_bytes(extensions[2:4], "big")
        if extensions[:2] != b"\xff\x01":
            kept += extensions[:end]
        extensions = extensions[end:]
    hello = fixed + len(kept).to_bytes(2, "big") + kept
    return b"\x02" + len(hello).to_bytes(3, "big") + hello + rest
