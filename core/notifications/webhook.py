"""Posts messages as signed JSON; ``docs/webhook.md`` is the contract."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import ssl
from functools import lru_cache
from importlib.metadata import version
from urllib.parse import unquote, urlsplit

import httpx

from core.domain.channels import ChannelSpec, Delivery, Message
from core.domain.secret import Secret
from core.domain.text import printable
from core.i18n import _
from core.notifications.masking import Masking, url_secrets

BODY_LIMIT = 64 * 1024
"""Bytes that are read of an answer."""
BODY_SECONDS = 5.0
"""How long an answer's body is waited for: its status has decided already."""
SHOWN_LIMIT = 200
"""Characters that are shown of it."""


@lru_cache(maxsize=1)
def trusting() -> ssl.SSLContext:
    """Give the context that believes the authorities of this machine, or those that come with httpx.

    Blocks for some 30 ms at first.
    """
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"] and not ssl.get_default_verify_paths().capath:
        context = httpx.create_ssl_context(trust_env=False)
    return context


def signature(secret: Secret, timestamp: int, body: bytes) -> str:
    """Sign a body that is sent at a time, in unix seconds."""
    signed = f"{timestamp}.".encode() + body
    return f"v1={hmac.new(secret.reveal().encode(), signed, hashlib.sha256).hexdigest()}"


async def post(spec: ChannelSpec, message: Message, timestamp: int, context: ssl.SSLContext) -> Delivery:
    """Make one attempt and say what came of it; there is no timeout in here, cancel it."""
    assert spec.url is not None
    url = spec.url.reveal().strip()
    masking = Masking([*url_secrets(url), *([spec.secret.reveal()] if spec.secret else [])])
    try:
        request = _request(url, spec.secret, message, timestamp)
        # The bare transport: no redirects, no proxies, no cookies, and no log that names the URL.
        async with httpx.AsyncHTTPTransport(verify=context, trust_env=False) as transport:
            response = await transport.handle_async_request(request)
            try:
                said = await _beginning(response)
            finally:
                await response.aclose()
    except (httpx.TransportError, httpx.InvalidURL, UnicodeError) as error:
        reason = str(error) or type(error).__name__
        return Delivery(False, masking.answer(_("no answer: {reason}").format(reason=reason)))
    answer = f"{masking.answer(_status_line(response))} {masking.answer(said, SHOWN_LIMIT)}"
    return Delivery(response.is_success, answer.rstrip())


def _request(url: str, secret: Secret | None, message: Message, timestamp: int) -> httpx.Request:
    body = json.dumps(message.document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    headers = {
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"ronda/{version('ronda')}",
        "Ronda-Message-Id": message.id,
        "Ronda-Timestamp": str(timestamp),
    }
    if secret:
        headers["Ronda-Signature"] = signature(secret, timestamp, body)
    parts = urlsplit(url)
    if parts.username or parts.password:
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    return httpx.Request("POST", url, headers=headers, content=body)


async def _beginning(response: httpx.Response) -> str:
    """Give what is worth showing of the body; whether it comes at all changes nothing."""
    read = bytearray()
    with contextlib.suppress(TimeoutError, httpx.TransportError):
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in response.aiter_raw():
                read += piece
                if len(read) >= BODY_LIMIT:
                    break
    return bytes(read[:BODY_LIMIT]).decode("utf-8", "replace")


def _status_line(response: httpx.Response) -> str:
    reason = printable(response.extensions.get("reason_phrase", b"").decode("latin-1"))
    return f"HTTP/1.1 {response.status_code} {reason}".rstrip()
