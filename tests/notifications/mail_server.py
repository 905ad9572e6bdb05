"""A mail server on loopback that keeps what it is given, or refuses it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message as Mail

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(slots=True)
class MailServer:
    """Answers each mail with ``answer``; takes one login, if any."""

    answer: str = "250 taken as 4711"
    login: tuple[str, str] | None = None
    port: int = 0
    logins: list[bool] = field(default_factory=list)
    """Whether each login was the right one."""
    mails: list[Mail] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content))
        self.recipients += envelope.rcpt_tos
        return self.answer

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        self.logins.append(given == self.login)
        if given == self.login:
            return AuthResult(success=True)
        return AuthResult(success=False, handled=False, message=f"535 5.7.8 not {given[0]} with {given[1]}")


@asynccontextmanager
async def mail_server(server: MailServer) -> AsyncIterator[MailServer]:
    """Serve on a free port of loopback."""
    sessions: list[SMTP] = []

    def session() -> SMTP:
        made = SMTP(
            server,
            hostname="mail.test",
            authenticator=server.authenticate,
            auth_require_tls=False,
        )
        sessions.append(made)
        return made

    listening = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for made in sessions:
            if made.transport is not None:
                made.transport.close()
        await listening.wait_closed()
