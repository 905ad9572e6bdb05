"""TLS: whom to believe, why a handshake failed, and what a certificate says of itself."""

from __future__ import annotations

import errno
import os
import ssl
import stat
from datetime import UTC
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import httpx
from cryptography import x509
from cryptography.x509.oid import NameOID

from core.checks.alerts import alert_of
from core.checks.dial import connect
from core.checks.exchange import CertificateRefused, Exchange, ExchangeFailed, Peer
from core.checks.tunnel import open_tunnel
from core.checks.wire import Wire
from core.domain.observations import Certificate, ErrorKind
from core.domain.text import printable
from core.i18n import _

LOOK_AGAIN_SECONDS = 3_600.0
"""A refused certificate is looked at once in this time, while the reason stays the same."""
LOOK_RETRY_SECONDS = 60.0
"""The same after a look that saw nothing."""
SEEN_LIMIT = 4_096
"""Refused certificates remembered; the oldest is forgotten first."""
CONTEXTS_LIMIT = 256
"""TLS contexts kept; the oldest is made again when it is needed."""
NAME_LIMIT = 120
"""Characters of a subject or issuer."""


FILE_LIMIT = 1024 * 1024
"""Bytes of a file with a certificate or a key; a chain of certificates takes some thousand."""
_NO_PEM = _("it does not hold a certificate and a key without password, both in PEM")


class TlsProfile(NamedTuple):
    """How a check behaves in TLS."""

    verify: bool = True
    """Whether the peer's certificate must be valid."""
    cert: str = ""
    """PEM file of the certificate that is shown to the peer, if any."""
    key: str = ""
    """PEM file of its key; empty: it is in the same file."""
    http: bool = True
    """Whether the peer is told that HTTP/1.1 will be spoken (ALPN); else no protocol is named."""


class Trust:
    """Makes TLS contexts, one for each profile, when first needed.

    ``cafile`` replaces the authorities of the machine. One context costs some 30 ms and 0.7 MB.
    """

    def __init__(self, cafile: Path | None = None) -> None:
        self._cafile = cafile
        self._contexts: dict[tuple[TlsProfile, object], ssl.SSLContext] = {}

    def context(self, profile: TlsProfile) -> ssl.SSLContext:
        """Give the context for checks of a profile; its files are read again when they have changed.

        Raises ``ExchangeFailed`` of kind tls if a file of the profile cannot be used.
        """
        key = (profile, _versions(profile)) if profile.cert else (profile, None)
        context = self._contexts.get(key)
        if context is None:
            context = self._made(profile)
            self._contexts[key] = context
            if len(self._contexts) > CONTEXTS_LIMIT:
                del self._contexts[next(iter(self._contexts))]
        return context

    def _made(self, profile: TlsProfile) -> ssl.SSLContext:
        context = self._verifying() if profile.verify else _unverifying()
        if profile.http:
            context.set_alpn_protocols(["http/1.1"])
        if profile.cert:
            _load_certificate(context, profile)
        return context

    def _verifying(self) -> ssl.SSLContext:
        if self._cafile is not None:
            context = ssl.create_default_context(cafile=str(self._cafile))
        elif _machine_has_authorities():
            context = ssl.create_default_context()
        else:
            context = httpx.create_ssl_context(trust_env=False)  # the bundle that comes with httpx
        # Python 3.13 turned it on; the same service must not be down on one Python and up on another.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.hostname_checks_common_name = False  # as every browser since 2017 (RFC 9525, section 6.3)
        return context


def _versions(profile: TlsProfile) -> object:
    """Give what changes when a file of a profile does.

    A pipe or a device is none of its files: reading it might never end, and everything waits for it.
    """
    paths = [path for path in (profile.cert, profile.key) if path]
    try:
        found = [os.stat(path) for path in paths]
    except OSError as error:
        raise _unusable(error.filename, error.strerror) from error
    for path, each in zip(paths, found, strict=True):
        if stat.S_ISDIR(each.st_mode):
            raise _unusable(path, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(each.st_mode) or each.st_size > FILE_LIMIT:
            raise _unusable(path, _NO_PEM)
    return tuple((each.st_mtime_ns, each.st_ino, each.st_size) for each in found)


def _load_certificate(context: ssl.SSLContext, profile: TlsProfile) -> None:
    try:
        # An empty password, or OpenSSL would ask for one on the terminal.
        context.load_cert_chain(profile.cert, profile.key or None, password="")
    except ssl.SSLError as error:
        reason = _("key and certificate do not belong together")
        if error.reason != "KEY_VALUES_MISMATCH":
            reason = _NO_PEM
        raise _unusable(profile.cert, reason) from error
    except OSError as error:
        raise _unusable(error.filename or profile.cert, error.strerror) from error


def _unusable(path: object, reason: str | None) -> ExchangeFailed:
    text = _("the client certificate {path} cannot be used: {reason}")
    return ExchangeFailed(
        ErrorKind.TLS, text.format(path=printable(str(path), NAME_LIMIT), reason=reason or "?")
    )


def _unverifying() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _machine_has_authorities() -> bool:
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or (bool(paths.capath) and bool(os.listdir(paths.capath)))


_REFUSALS = {
    9: _("the certificate is not valid yet"),
    10: _("the certificate has expired"),
    18: _("the certificate is self-signed"),
    2: _("the certificate's issuer is not known"),
    19: _("the certificate's issuer is not known"),
    20: _("the certificate's issuer is not known"),
    21: _("the certificate's issuer is not known"),
    23: _("the certificate was revoked"),
    62: _("the certificate is for another host"),
    64: _("the certificate is for another host"),
    24: _("the certificate was issued by one that may not issue any"),
    26: _("the certificate is not meant for servers"),
    66: _("the certificate is too weak to be trusted"),
    67: _("the certificate is too weak to be trusted"),
    68: _("the certificate is too weak to be trusted"),
    79: _("the certificate was issued by one that may not issue any"),
}
"""By OpenSSL's X509_V_ERR_ numbers."""


def handshake_failure(error: OSError) -> ExchangeFailed:
    """Give the failure that a broken handshake stands for."""
    if isinstance(error, ssl.SSLCertVerificationError):
        code = error.verify_code
        return CertificateRefused(_REFUSALS.get(code, _("the certificate cannot be trusted")), code)
    if not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLZeroReturnError):
        return ExchangeFailed(ErrorKind.TLS, _("the connection was closed during the TLS handshake"))
    if error.reason in _MISMATCHES:
        return ExchangeFailed(ErrorKind.TLS, _MISMATCHES[error.reason])
    return ExchangeFailed(ErrorKind.TLS, alert_of(error, _("the TLS handshake failed")))


_MISMATCHES = {
    "WRONG_VERSION_NUMBER": _("the peer does not speak TLS"),
    "UNSUPPORTED_PROTOCOL": _("the peer speaks only outdated TLS"),
}
"""By OpenSSL's reasons."""


@lru_cache(maxsize=2_048)  # parsing costs more than everything else about a certificate
def read_certificate(encoded: bytes | None) -> Certificate | None:
    """Read a DER certificate; None for none and for one that breaks the rules of X.509."""
    if encoded is None:
        return None
    try:
        parsed = x509.load_der_x509_certificate(encoded)
        expires_at = parsed.not_valid_after_utc.astimezone(UTC)
        return Certificate(expires_at, _common_name(parsed.issuer), _common_name(parsed.subject))
    except (ValueError, x509.UnsupportedGeneralNameType):
        return None


def _common_name(name: x509.Name) -> str:
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in name.get_attributes_for_oid(oid):
            return printable(str(attribute.value), NAME_LIMIT)
    return printable(name.rfc4514_string(), NAME_LIMIT)


_LOOKING = TlsProfile(verify=False, http=False)


class _Seen(NamedTuple):
    code: int
    """Why the certificate was refused."""
    certificate: Certificate | None
    until: float
    """Monotonic seconds; another look is taken from then on."""


class CertificateLooks:
    """Looks at certificates that were refused, by a handshake that believes everything.

    Nothing is sent over such a connection. A refused handshake does not show the certificate, and
    the operator wants to know whose it is and when it ends.
    """

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._seen: dict[tuple[Peer, str], _Seen] = {}

    async def look(self, exchange: Exchange, code: int) -> Certificate | None:
        """Give the certificate of the peer that ``exchange`` reached and refused for reason ``code``."""
        if exchange.peer is None:
            return None
        key = (exchange.peer, exchange.server_name)
        seen = self._seen.get(key)
        if seen is None or seen.code != code or seen.until <= monotonic():
            self._remember(key, _Seen(code, None, monotonic() + LOOK_RETRY_SECONDS))
            certificate = await self._fetch(*key)
            if certificate is not None:
                self._remember(key, _Seen(code, certificate, monotonic() + LOOK_AGAIN_SECONDS))
            return certificate
        return seen.certificate

    def _remember(self, key: tuple[Peer, str], seen: _Seen) -> None:
        self._seen.pop(key, None)  # so that the newest stands last
        self._seen[key] = seen
        if len(self._seen) > SEEN_LIMIT:
            del self._seen[next(iter(self._seen))]

    async def _fetch(self, peer: Peer, server_name: str) -> Certificate | None:
        try:
            sock, _peer = await connect([peer])
            tunnel = await open_tunnel(sock, self._trust.context(_LOOKING), server_name, Wire())
        except (ExchangeFailed, OSError):
            return None  # the check has its reason already; this was only to tell more about it
        tunnel.abort()
        return read_certificate(tunnel.certificate)
