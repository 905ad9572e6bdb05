"""Regular expressions over answers, in time that grows with the text and no faster.

RE2 searches without backtracking, so that neither a pattern nor a peer can make a check run away.
It lets other threads run while it searches; that is why long searches leave the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from core.domain.faults import Fault
from core.domain.text import TEXT_LIMIT, printable
from core.i18n import _

PATTERN_LIMIT = TEXT_LIMIT
"""Characters in a pattern."""
MOST_INSTRUCTIONS = 1_000
"""Instructions of a compiled pattern: at worst each is tried at every byte, at some 10 ns a time."""
STEPS_AT_ONCE = 1_000_000
"""Instructions times characters that are searched at once: at worst 10 ms, and 40 beyond ASCII."""
_MOST_MEMORY = 8 * 1024 * 1024
"""Bytes that one pattern may take for its states; beyond them it is slower, and still linear."""
_MOST_KEPT = 256
"""Compiled patterns that are remembered."""


class PatternError(ValueError):
    """A text is no pattern; ``reason`` says why, in words for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; it may be used in several threads at once."""

    text: str
    instructions: int
    """What it is compiled to: the measure of its worst case."""
    _search: Callable[[bytes], object | None] = field(repr=False, compare=False)

    def is_in(self, text: str) -> bool:
        """Whether it is found anywhere in a text; characters that UTF-8 does not know count as ``?``."""
        return self._search(text.encode(errors="replace")) is not None


@lru_cache(maxsize=_MOST_KEPT)
def compile_pattern(text: str) -> Pattern:
    """Compile a pattern; raises ``PatternError``."""
    import re2  # only who has a pattern pays for its import

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    options.never_capture = True  # it is asked whether, not where
    try:
        compiled = re2.compile(text.encode(), options)
    except UnicodeEncodeError as error:
        raise PatternError(_("it holds characters that cannot be encoded")) from error
    except re2.error as error:
        raise PatternError(_reason(error.args[0].decode(errors="replace"))) from error
    if compiled.programsize > MOST_INSTRUCTIONS:
        raise PatternError(_TOO_COMPLEX)
    return Pattern(text, compiled.programsize, compiled.search)


async def found(pattern: Pattern, text: str) -> bool:
    """Whether a pattern is found in a text; the event loop waits for short searches only."""
    if pattern.instructions * len(text) <= STEPS_AT_ONCE:
        return pattern.is_in(text)
    return await asyncio.to_thread(pattern.is_in, text)


def pattern_faults(field: str, text: str) -> Iterator[Fault]:
    """Give what is wrong with a pattern that somebody typed."""
    if len(text) > PATTERN_LIMIT:
        yield Fault(field, "too_long", {"limit": PATTERN_LIMIT})
        return
    try:
        compile_pattern(text)
    except PatternError as error:
        yield Fault(field, "pattern_form", {"reason": error.reason})


_TOO_COMPLEX = _("it is too complex; let it repeat less, or less often")
_BACK_REFERENCE = _("RE2 has no back references such as {part}")
_LOOKAHEAD = _("RE2 has no lookahead such as {part}")
_LOOKBEHIND = _("RE2 has no lookbehind such as {part}")
_UNKNOWN = _("RE2 has no {part}")

_REASONS = {
    "bad repetition operator": _("a repetition cannot be repeated by {part}"),
    "invalid character class range": _("{part} is not a set of characters"),
    "invalid escape sequence": _UNKNOWN,
    "invalid named capture group": _("the name of a group is not one: {part}"),
    "invalid perl operator": _UNKNOWN,
    "invalid repetition size": _("{part} does not count upwards, or above 1000 in all"),
    "missing )": _("a ( is not closed"),
    "missing ]": _("a [ is not closed"),
    "no argument for repetition operator": _("{part} has nothing before it to repeat"),
    "pattern too large - compile failed": _TOO_COMPLEX,
    "trailing \\": _("the \\ at its end escapes nothing"),
    "unexpected )": _("a ) closes nothing"),
}
"""By what RE2 calls it (``re2/regexp.cc``, ``kErrorStrings``)."""

_LACKING = {
    "(?=": _LOOKAHEAD,
    "(?!": _LOOKAHEAD,
    "(?<=": _LOOKBEHIND,
    "(?<!": _LOOKBEHIND,
    "(?P": _BACK_REFERENCE,
    "\\g": _BACK_REFERENCE,
    "\\k": _BACK_REFERENCE,
    **{f"\\{digit}": _BACK_REFERENCE for digit in range(1, 10)},
    "\\Z": _("RE2 has no {part}; write \\z for the end of the text"),
}
"""What other engines have and RE2 has not, where a word helps."""


def _reason(message: str) -> str:
    """Give the words for a message of RE2's; one that is not known is given as it is."""
    kind, _colon, part = message.partition(": ")
    words = _LACKING.get(part) or _REASONS.get(kind)
    return printable(message) if words is None else words.format(part=printable(part, 20))
