"""Conditions on the headers of an answer: that one is there, or that it holds a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import httpx

from core.domain.faults import Fault
from core.domain.text import printable
from core.i18n import _

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
"""A token (RFC 9110, section 5.6.2)."""
_SHOWN = 60
"""Characters of a header that are shown."""
_MOST_KEPT = 4_096
"""Parsed conditions that are remembered."""


class HeaderConditionError(ValueError):
    """A line names no header; the message is the line, printable."""


@dataclass(frozen=True, slots=True)
class HeaderCondition:
    """One line, ``Name: text`` or ``Name``."""

    name: str
    text: str = ""
    """What one of its values must hold, in just these letters; empty: it need only be there."""

    def complaint(self, headers: httpx.Headers, masked: Callable[[str], str]) -> str | None:
        """Give what is wrong with headers, for people; None if they are as they should be."""
        values = headers.get_list(self.name)
        if any(self.text in value for value in values):
            return None
        if not values:
            return _("the header {name} is missing").format(name=self.name)
        text = _("the header {name} is “{value}”, expected “{text}” in it")
        return text.format(name=self.name, value=_shown(values, masked), text=printable(self.text))


def _shown(values: Iterable[str], masked: Callable[[str], str]) -> str:
    joined = ", ".join(map(masked, values))
    return printable(joined[: _SHOWN + 1], _SHOWN)


def header_complaint(
    headers: httpx.Headers, conditions: Iterable[HeaderCondition], masked: Callable[[str], str] = str
) -> str | None:
    """Give what is wrong with headers, for people: the first condition that they break; None if none.

    ``masked`` is asked to hide secrets in values before they are shortened.
    """
    complaints = (condition.complaint(headers, masked) for condition in conditions)
    return next((complaint for complaint in complaints if complaint is not None), None)


@lru_cache(maxsize=_MOST_KEPT)
def parse_header_condition(line: str) -> HeaderCondition:
    """Read ``Content-Type: json`` or ``X-Cache``; raises ``HeaderConditionError``."""
    name, _colon, text = line.partition(":")
    if not _NAME.fullmatch(name.strip()):
        raise HeaderConditionError(printable(line))
    return HeaderCondition(name.strip(), text.strip())


def header_condition_faults(field: str, lines: Iterable[str]) -> Iterator[Fault]:
    """Give what is wrong with conditions that somebody typed, one fault a line at most."""
    for line in lines:
        try:
            parse_header_condition(line)
        except HeaderConditionError as error:
            yield Fault(field, "header_condition", {"line": str(error)})
