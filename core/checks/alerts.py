"""What a peer that broke TLS off said of the reason, in words for people."""

from __future__ import annotations

import ssl

from core.i18n import _

_REASONS = {
    "TLSV1_ALERT_PROTOCOL_VERSION": _("the peer speaks only outdated TLS"),
    "SSLV3_ALERT_HANDSHAKE_FAILURE": _("the peer found nothing in common for TLS"),
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": _("the peer found nothing in common for TLS"),
    "TLSV1_UNRECOGNIZED_NAME": _("the peer serves no such host"),
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": _("the peer asks for a client certificate"),
    "TLSV1_ALERT_ACCESS_DENIED": _("the peer denies access"),
    "TLSV1_ALERT_INTERNAL_ERROR": _("the peer broke down during TLS"),
}
"""By OpenSSL's names of alerts (RFC 8446, section 6.2), those that help."""


def alert_of(error: ssl.SSLError, otherwise: str) -> str:
    """Give the alert that an error stands for, if it stands for one."""
    if "no application protocol" in str(error):  # it has no name in OpenSSL 3.0
        return _("the peer does not offer HTTP/1.1")
    return _REASONS.get(getattr(error, "reason", ""), otherwise)  # those of Python itself have none
