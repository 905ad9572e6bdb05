"""Makes certificate authorities and the good and bad certificates that servers show in tests."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
LOCAL = ("localhost", "127.0.0.1", "::1")


class Authority:
    """A certificate authority whose files lie in a folder of the test run."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._root()
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
    ) -> ssl.SSLContext:
        """Give a server's TLS context with a new certificate for ``hosts``."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(hosts[0])
        builder = (
            _builder(subject, subject if self_signed else self._certificate.subject, key)
            .not_valid_before(datetime.now(UTC) + begins_in)
            .not_valid_after(datetime.now(UTC) + ends_in)
            .add_extension(
                x509.SubjectAlternativeName([_alternative(host) for host in hosts]), critical=False
            )
        )
        certificate = builder.sign(key if self_signed else self._key, hashes.SHA256())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._written(certificate, key))
        return context

    def _root(self) -> x509.Certificate:
        subject = _name(self.name)
        return (
            _builder(subject, subject, self._key)
            .not_valid_before(datetime.now(UTC) - 200 * DAY)
            .not_valid_after(datetime.now(UTC) + 200 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def _written(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Path:
        self._issued += 1
        path = self._folder / f"{self.name}-{self._issued}.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return path


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    serial = x509.random_serial_number()
    return x509.CertificateBuilder(issuer, subject, key.public_key(), serial)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
