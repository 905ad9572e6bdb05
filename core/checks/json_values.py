"""JSON values (RFC 8259) that come from outside: decoded, compared and shown without surprises.

A body may be nested as deeply as its sender likes, so nothing here follows it by recursion further
than what is shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import NoReturn

from core.domain.text import printable
from core.i18n import _

JsonValue = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None
SHOWN_LIMIT = 60
"""Characters of a value that are shown."""
_MASKED_LIMIT = 64 * 1024
"""Characters of a text in which secrets are looked for: whole ones fill what is shown, however long."""
_BYTE_ORDER_MARK = "\ufeff"


class NotJson(Exception):
    """A text is no JSON that can be used; the message says why, in words for people."""


def _refuse(constant: str) -> NoReturn:
    """Refuse ``NaN``, ``Infinity`` and ``-Infinity``, which Python's decoder takes."""
    raise NotJson(_("the answer is not JSON: it holds {constant}").format(constant=constant))


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def decode(text: str) -> JsonValue:
    """Give the value of a JSON text; raises ``NotJson``. Of several members of one name the last counts.

    A byte order mark is passed over, as section 8.1 allows: some servers send one.
    """
    try:
        value: JsonValue = _DECODER.decode(text.removeprefix(_BYTE_ORDER_MARK))
    except json.JSONDecodeError as error:
        raise NotJson(_syntax_words(error)) from error
    except RecursionError as error:
        raise NotJson(_("the answer is JSON, but nested too deeply")) from error
    except ValueError as error:  # Python's bound on reading digits (sys.get_int_max_str_digits)
        raise NotJson(_("the answer holds a number of too many digits")) from error
    return value


def _syntax_words(error: json.JSONDecodeError) -> str:
    if not error.doc.strip():
        return _("the answer is empty, not JSON")
    text = _("the answer is not JSON: line {line}, column {column}")
    return text.format(line=error.lineno, column=error.colno)


def same(left: JsonValue, right: JsonValue) -> bool:
    """Whether two values are equal, at any depth: 1 is 1.0, but true is not 1."""
    pairs = [(left, right)]
    while pairs:
        one, other = pairs.pop()
        if isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            pairs.extend(zip(one, other, strict=True))
        elif isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            pairs.extend((value, other[name]) for name, value in one.items())
        elif isinstance(one, bool) is not isinstance(other, bool) or one != other:
            return False
    return True


def ordered(left: JsonValue, right: JsonValue) -> int | None:
    """Give -1, 0 or 1 as the left value is less, equal or more; None where there is no order.

    Numbers are ordered among each other, and texts by their characters (RFC 9535, section 2.3.5.2.2).
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return None
    if isinstance(left, int | float) and isinstance(right, int | float):
        return (left > right) - (left < right)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    return None


def shown(value: JsonValue, masked: Callable[[str], str]) -> str:
    """Give the beginning of a value as JSON that a terminal can show, its texts masked."""
    text = ""
    for piece in _pieces(value, masked):
        text += piece
        if len(text) > SHOWN_LIMIT:
            break
    return printable(text[: SHOWN_LIMIT + 1], SHOWN_LIMIT)


def _pieces(value: JsonValue, masked: Callable[[str], str]) -> Iterator[str]:
    """Give a value's JSON bit by bit: whoever stops early has not paid for the rest."""
    if isinstance(value, str):
        yield json.dumps(masked(value[:_MASKED_LIMIT])[: SHOWN_LIMIT + 1], ensure_ascii=False)
    elif isinstance(value, list):
        yield "["
        for number, each in enumerate(value):
            yield ", " if number else ""
            yield from _pieces(each, masked)
        yield "]"
    elif isinstance(value, dict):
        yield "{"
        for number, (name, each) in enumerate(value.items()):
            yield ", " if number else ""
            yield from _pieces(name, masked)
            yield ": "
            yield from _pieces(each, masked)
        yield "}"
    else:
        yield json.dumps(value)
