"""Messages of DNS, made and read by dnspython, which takes too long to load for those who need none."""

from __future__ import annotations

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rdtypes.txtbase

from core.checks.answers import Reply
from core.checks.exchange import ExchangeFailed, Peer
from core.domain.observations import ErrorKind
from core.i18n import _

PAYLOAD = 1_232
"""Bytes of an answer that fit into a datagram on any way (as agreed on DNS flag day 2020)."""
_HEAD = 12
_TRUNCATED = 0x02


class Query:
    """A question to a name server; ``extended`` says that answers of ``PAYLOAD`` bytes are welcome (EDNS).

    Raises ``ExchangeFailed`` of kind dns for what can be no name.
    """

    def __init__(self, name: str, record_type: str, *, extended: bool = True) -> None:
        edns = 0 if extended else -1
        try:
            absolute = dns.name.from_text(name)
        except dns.exception.DNSException as error:
            raise ExchangeFailed(ErrorKind.DNS, _("the name is not valid")) from error
        self._query = dns.message.make_query(absolute, record_type, use_edns=edns, payload=PAYLOAD)
        self.wire = self._query.to_wire()

    def datagram(self, _peer: Peer, _number: int) -> bytes:
        """Give the question as it goes to any name server, the first time and again."""
        return self.wire

    def reply(self, datagram: bytes) -> Reply | None:
        """Read what came; None if it does not belong to this question.

        Raises ``ExchangeFailed`` of kind protocol if it breaks the rules of DNS.
        """
        if len(datagram) < _HEAD or datagram[:2] != self.wire[:2]:
            return None
        try:
            if datagram[2] & _TRUNCATED:
                return Reply("", truncated=True)  # what is there may be broken off anywhere
            message = dns.message.from_wire(datagram, ignore_trailing=True)
            if self._query.is_response(message):
                return _read(message)
        except (dns.exception.DNSException, ValueError) as error:
            raise _malformed(datagram) from error
        raise _malformed(datagram)  # an answer, but to another question

    def reply_at_length(self, answer: bytes) -> Reply:
        """Read what came where nothing else can come, and all of it; raises ``ExchangeFailed``."""
        reply = self.reply(answer)
        if reply is None or reply.truncated:
            raise _malformed(answer)
        return reply


def _malformed(datagram: bytes) -> ExchangeFailed:
    detail = _("the answer of the name server breaks the rules of DNS")
    return ExchangeFailed(ErrorKind.PROTOCOL, detail, datagram.decode("latin-1"))


def _read(message: dns.message.Message) -> Reply:
    code = dns.rcode.to_text(message.rcode())
    if message.rcode() != dns.rcode.NOERROR or not isinstance(message, dns.message.QueryMessage):
        return Reply(code)
    chain = message.resolve_chaining()
    return Reply(
        code,
        name=_name(chain.canonical_name),
        aliases=tuple(_text(record) for alias in chain.cnames for record in alias),
        answers=tuple(_text(record) for record in chain.answer or ()),
    )


def _name(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True)


def _text(record: dns.rdata.Rdata) -> str:
    if isinstance(record, dns.rdtypes.txtbase.TXTBase):
        return b"".join(record.strings).decode(errors="replace")
    words = record.to_text().split(" ")
    return " ".join(word if word == "." else word.removesuffix(".") for word in words)
