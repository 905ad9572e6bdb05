"""Certificates for simulated services: each wrong in its own way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

LOOPBACK = IPv4Address("127.0.0.1")


@dataclass(frozen=True, slots=True)
class CertificatePlan:
    """What a certificate claims and how long it holds."""

    name: str
    days_left: int


PLANS = {
    "expired": CertificatePlan("expired.demo.example", days_left=-12),
    "self-signed": CertificatePlan("self-signed.demo.example", days_left=300),
}
"""One for each kind of TLS trouble that the demo shows."""


def write_certificate(plan: CertificatePlan, folder: Path, now: datetime) -> Path:
    """Write key and certificate into one PEM file, signed by itself, and give its path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, plan.name)])
    names = [x509.DNSName(plan.name), x509.IPAddress(LOOPBACK)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=plan.days_left, hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{plan.name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.touch(mode=0o600)
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path
