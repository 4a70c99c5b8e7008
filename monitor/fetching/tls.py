"""TLS contexts, one for each policy. All of them verify certificates and names.

Old servers get the smallest exception that works: ``legacy`` permits servers without RFC 5746
(OpenSSL 3 reports "unsafe legacy renegotiation disabled") or with short keys; ``tls1`` also those
that have TLS 1.0 only. An incomplete chain needs neither, only the missing certificate
(``ca_file``).
"""

from __future__ import annotations

import ssl
import warnings
from pathlib import Path

import httpcore

from monitor.catalogue.model import Tls
from monitor.errors import FetchError, UserError

# The ssl module names it from Python 3.12 on; the number is the one of OpenSSL.
_LEGACY_SERVER_CONNECT = 0x4
_CIPHERS = {Tls.LEGACY: "DEFAULT:@SECLEVEL=1", Tls.TLS1: "DEFAULT:@SECLEVEL=0"}


class TlsContexts:
    """Builds each context once, because that takes some 40 ms."""

    def __init__(self, authorities: str | None) -> None:
        """Build the strict context.

        Args:
            authorities: a file of certificates to trust instead of the usual ones.

        Raises:
            UserError: ``authorities`` cannot be read.
        """
        self._authorities = authorities
        try:
            strict = self._build(Tls.STRICT, None)
        except OSError as error:  # ssl's errors are of this kind
            raise UserError(
                f"the file of authorities cannot be read: {error.__class__.__name__}",
                file=authorities,
                hint="crawl.ca_file names a file of certificates in PEM",
            ) from None
        self._built: dict[tuple[Tls, Path | None], ssl.SSLContext] = {(Tls.STRICT, None): strict}
        self._for_proxies: ssl.SSLContext | None = None

    def of(self, tls: Tls, ca_file: Path | None) -> ssl.SSLContext:
        """The context of a policy.

        Args:
            tls: the exception for old servers.
            ca_file: certificates that are trusted besides the usual ones.

        Raises:
            FetchError: ``ca_file`` cannot be read.
        """
        known = self._built.get((tls, ca_file))
        if known is None:
            try:
                known = self._built[tls, ca_file] = self._build(tls, ca_file)
            except OSError as error:
                kind = error.__class__.__name__
                raise FetchError(
                    f"ca_file holds no certificates: {kind}", url=str(ca_file)
                ) from None
        return known

    def for_proxies(self) -> ssl.SSLContext:
        """A strict context for proxies; a context holds the ALPN protocols, which differ there."""
        if self._for_proxies is None:
            self._for_proxies = self._build(Tls.STRICT, None)
        return self._for_proxies

    def _build(self, tls: Tls, ca_file: Path | None) -> ssl.SSLContext:
        if self._authorities is None:
            context = httpcore.default_ssl_context()
        else:
            context = ssl.create_default_context(cafile=self._authorities)
        if ca_file is not None:
            context.load_verify_locations(cafile=ca_file)
        if tls is not Tls.STRICT:
            context.options |= _LEGACY_SERVER_CONNECT
            context.set_ciphers(_CIPHERS[tls])
            # Set from Python 3.13 on; certificates of these servers are older than its rules.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if tls is Tls.TLS1:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = ssl.TLSVersion.TLSv1
        return context
