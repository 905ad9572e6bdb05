"""Makes certificate authorities and the good and bad certificates that servers show in tests."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)
LOCAL = ("localhost", "127.0.0.1", "::1")


PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Authority:
    """A certificate authority whose files lie in a folder of the test run."""

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        parent: Authority | None = None,
        ends_in: timedelta = 200 * DAY,
        may_issue: bool = True,
    ) -> None:
        self.name = name
        self._folder = folder
        self._parent = parent
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._own_certificate(ends_in, may_issue)
        self._issued = 0
        self.cafile = folder / f"{name}.pem"
        self.cafile.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def server(
        self,
        hosts: Sequence[str] = LOCAL,
        *,
        ends_in: timedelta = 90 * DAY,
        begins_in: timedelta = -100 * DAY,
        self_signed: bool = False,
        shows_issuer: bool = False,
        shows_hosts: bool = True,
        rsa_bits: int = 0,
        usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    ) -> ssl.SSLContext:
        """Give a server's TLS context with a new certificate for ``hosts``."""
        key = _key(rsa_bits)
        subject = _name(hosts[0])
        builder = (
            _builder(subject, subject if self_signed else self._certificate.subject, key)
            .not_valid_before(datetime.now(UTC) + begins_in)
            .not_valid_after(datetime.now(UTC) + ends_in)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        )
        if shows_hosts:
            names = x509.SubjectAlternativeName([_alternative(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(key if self_signed else self._key, hashes.SHA256())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if rsa_bits:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")  # else the server itself refuses a short key
        context.load_cert_chain(self._written(certificate, key, self.cafile if shows_issuer else None))
        return context

    def client(self, name: str, password: bytes = b"") -> Path:
        """Give a file with a certificate for a client and its key, locked if there is a password."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        certificate = (
            _builder(_name(name), self._certificate.subject, key)
            .not_valid_before(datetime.now(UTC) - DAY)
            .not_valid_after(datetime.now(UTC) + DAY)
            .add_extension(usage, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return self._written(certificate, key, None, password)

    def _own_certificate(self, ends_in: timedelta, may_issue: bool) -> x509.Certificate:
        subject = _name(self.name)
        issuer = self if self._parent is None else self._parent
        return (
            _builder(subject, _name(issuer.name), self._key)
            .not_valid_before(datetime.now(UTC) - 200 * DAY)
            .not_valid_after(datetime.now(UTC) + ends_in)
            .add_extension(x509.BasicConstraints(ca=may_issue, path_length=None), critical=True)
            .sign(issuer._key, hashes.SHA256())
        )

    def _written(
        self, certificate: x509.Certificate, key: PrivateKey, issuer: Path | None, password: bytes = b""
    ) -> Path:
        lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        self._issued += 1
        path = self._folder / f"{self.name}-{self._issued}.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + (b"" if issuer is None else issuer.read_bytes())
            + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
        )
        return path


def _key(rsa_bits: int) -> PrivateKey:
    if rsa_bits:
        return rsa.generate_private_key(65_537, rsa_bits)
    return ec.generate_private_key(ec.SECP256R1())


def _builder(subject: x509.Name, issuer: x509.Name, key: PrivateKey) -> x509.CertificateBuilder:
    serial = x509.random_serial_number()
    return x509.CertificateBuilder(issuer, subject, key.public_key(), serial)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
