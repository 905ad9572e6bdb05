"""Rules for short texts that people type: names, tags, addresses."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from core.domain.faults import Fault

NAME_LIMIT = 80
"""Characters in a name."""
TAG_LIMIT = 40
"""Characters in a tag."""
TEXT_LIMIT = 4_000
"""Characters in a description or in notes."""
ADDRESS_LIMIT = 2_000
"""Characters in an address."""

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def has_control_characters(text: str, *, allowed: str = "") -> bool:
    """Whether the text holds characters that steer a terminal or cannot be seen."""
    return any(unicodedata.category(char) in _INVISIBLE and char not in allowed for char in text)


def name_faults(field: str, text: str) -> Iterator[Fault]:
    """Give what is wrong with a name: it is drawn in terminals and matched by people."""
    if not text.strip():
        yield Fault(field, "required")
        return
    if len(text) > NAME_LIMIT:
        yield Fault(field, "too_long", {"limit": NAME_LIMIT})
    if text != text.strip():
        yield Fault(field, "outer_spaces")
    if has_control_characters(text):
        yield Fault(field, "control_characters")
    if "[" in text or "]" in text:
        yield Fault(field, "markup")


def text_faults(field: str, text: str, limit: int = TEXT_LIMIT) -> Iterator[Fault]:
    """Give what is wrong with a longer text of several lines."""
    if len(text) > limit:
        yield Fault(field, "too_long", {"limit": limit})
    if has_control_characters(text, allowed="\n\t"):
        yield Fault(field, "control_characters")


def tag_faults(tags: tuple[str, ...]) -> Iterator[Fault]:
    """Give what is wrong with tags: single words that filters can name."""
    for tag in tags:
        if not tag or any(char.isspace() or char in ",;:![]" for char in tag) or has_control_characters(tag):
            yield Fault("tags", "tag_form", {"tag": printable(tag)})
        elif len(tag) > TAG_LIMIT:
            yield Fault("tags", "too_long", {"limit": TAG_LIMIT})


def printable(text: str, limit: int = 60) -> str:
    """Give the text without control characters, shortened, for use inside a sentence."""
    beginning = text[: limit + 1]  # what is cut off anyway costs nothing, however long it is
    clean = "".join("�" if has_control_characters(char) else char for char in beginning)
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"


def readable(text: str) -> str:
    """Give a text of several lines without control characters but line ends and tabs."""
    text = text.replace("\r\n", "\n")
    if text.replace("\n", "").replace("\t", "").isprintable():  # the usual case, and a hundred times quicker
        return text
    return "".join("�" if has_control_characters(char, allowed="\n\t") else char for char in text)
