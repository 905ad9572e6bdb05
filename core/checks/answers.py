"""Whether what a name server said is what was expected of it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from core.checks.assertions import Verdict, down
from core.checks.request import CheckRequest
from core.domain.observations import ErrorKind
from core.domain.text import printable
from core.i18n import _

NO_ERROR = "NOERROR"
FORMAT_ERROR = "FORMERR"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a name server said."""

    code: str
    """Its response code, as DNS names it."""
    truncated: bool = False
    """Whether the answers did not fit into a datagram, and were not read."""
    name: str = ""
    """The name that the answers are of: the one asked for, or the end of its aliases."""
    aliases: tuple[str, ...] = ()
    """What the name that was asked for is an alias of, and that in turn, and so on."""
    answers: tuple[str, ...] = ()
    """The records, as they are written in zone files, names without their last dot; TXT without quotes."""

    def text(self) -> str:
        """Give all that was answered, a line each."""
        return "\n".join((*(f"CNAME {alias}" for alias in self.aliases), *self.answers))


def reply_verdict(check: CheckRequest, reply: Reply) -> Verdict | None:
    """Give the verdict on a reply that breaks an expectation, else None."""
    if reply.code != NO_ERROR:
        return down(ErrorKind.DNS, _CODES.get(reply.code, _OTHER_CODE).format(code=printable(reply.code)))
    if not reply.answers:
        text = _("{name} has no {type} record")
        return down(ErrorKind.CONTENT, text.format(name=printable(reply.name), type=check.record_type))
    known = {form for answer in reply.answers for form in _forms(check.record_type, answer)}
    for expected in check.expected_answers:
        if _comparable(check.record_type, expected) not in known:
            answers = printable(", ".join(reply.answers))
            text = _("“{expected}” is not among the answers: {answers}")
            return down(ErrorKind.CONTENT, text.format(expected=printable(expected), answers=answers))
    return None


_OTHER_CODE = _("the name server answered {code}")
_CODES = {
    FORMAT_ERROR: _("the name server did not understand the question (FORMERR)"),
    "SERVFAIL": _("the name server failed (SERVFAIL)"),
    "NXDOMAIN": _("the name does not exist"),
    "NOTIMP": _("the name server does not answer such questions (NOTIMP)"),
    "REFUSED": _("the name server refuses to answer (REFUSED)"),
}


def _forms(record_type: str, answer: str) -> tuple[str, ...]:
    """Give what may be expected where an answer meets it: of an MX record the host alone, too."""
    whole = _comparable(record_type, answer)
    return (whole, whole.partition(" ")[2]) if record_type == "MX" else (whole,)


def _comparable(record_type: str, answer: str) -> str:
    """Give an answer in the one form in which all its spellings are the same."""
    if record_type == "TXT":
        return answer.strip('"').casefold()
    if record_type == "AAAA":
        answer = _address(answer)
    words = answer.replace('"', "").casefold().split()
    return " ".join(word.removesuffix(".") for word in words)


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return text  # no address, so no answer either: it is told as missing
