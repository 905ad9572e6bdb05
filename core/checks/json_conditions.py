"""Conditions on an answer in JSON: a path (RFC 9535) to one value, and what that value must be.

Only paths that lead to one value at most are taken (singular queries, section 2.3.5.1): a comparison
then has one meaning, and little work.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from core.checks.json_values import JsonValue, NotJson, decode, ordered, same, shown
from core.domain.faults import Fault, Parameter
from core.domain.text import printable
from core.i18n import _

OPERATORS = ("==", "!=", "<", "<=", ">", ">=")
_MOST_KEPT = 4_096
"""Parsed conditions that are remembered."""
_ORDERINGS: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TOKEN = re.compile(
    r"""
    "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*'  # a text of the path is passed over,
    | (?P<open>[\[(]) | (?P<close>[\])])     # and so is what stands in brackets
    | (?P<operator>[=!<>~]+)
    """,
    re.VERBOSE | re.DOTALL,
)


class ConditionError(ValueError):
    """A line is no condition: a code of ``core.wording.FAULTS`` with its parameters."""

    def __init__(self, code: str, line: str, **parameters: Parameter) -> None:
        super().__init__(code)
        self.code = code
        self.parameters = {"line": printable(line), **parameters}


@dataclass(frozen=True, slots=True)
class Condition:
    """One line: what a value must be, or, without an operator, that there is one."""

    path: str
    """As it was written."""
    steps: tuple[str | int, ...]
    """The names and indices on the way to the value."""
    operator: str = ""
    expected: JsonValue = field(default=None, hash=False)
    expected_text: str = ""
    """As it was written."""

    def complaint(self, document: JsonValue, masked: Callable[[str], str]) -> str | None:
        """Give what is wrong with a document, for people; None if it is as it should be.

        A value that is missing breaks every condition, ``!=`` too: who names a path counts on it.
        """
        path = printable(self.path)
        try:
            value = self._value(document)
        except LookupError:
            return _("{path} is missing").format(path=path)
        if self._is_met(value):
            return None
        text = _("{path} is {value}, expected {operator} {expected}")
        return text.format(
            path=path,
            value=shown(value, masked),
            operator=self.operator,
            expected=printable(self.expected_text),
        )

    def _value(self, document: JsonValue) -> JsonValue:
        """Follow the path; raises ``LookupError`` where it leads to nothing."""
        value = document
        for step in self.steps:
            if isinstance(value, dict) and isinstance(step, str):  # noqa: SIM114 - joined, types are lost
                value = value[step]
            elif isinstance(value, list) and isinstance(step, int):
                value = value[step]
            else:
                raise LookupError(step)
        return value

    def _is_met(self, value: JsonValue) -> bool:
        if not self.operator:
            return True
        if self.operator in _ORDERINGS:
            order = ordered(value, self.expected)
            return order is not None and _ORDERINGS[self.operator](order, 0)
        return same(value, self.expected) is (self.operator == "==")


def json_complaint(
    text: str, conditions: Iterable[Condition], masked: Callable[[str], str] = str
) -> str | None:
    """Give what is wrong with an answer, for people: the first condition that it breaks; None if none.

    ``masked`` is asked to hide secrets in texts of the answer before they are shortened.
    """
    try:
        document = decode(text)
    except NotJson as error:
        return str(error)
    complaints = (condition.complaint(document, masked) for condition in conditions)
    return next((complaint for complaint in complaints if complaint is not None), None)


@lru_cache(maxsize=_MOST_KEPT)
def parse_condition(line: str) -> Condition:
    """Read a condition such as ``$.queue.depth < 100``; raises ``ConditionError``."""
    found = _operator(line)
    if found is None:
        return Condition(line.strip(), _steps(line, line.strip()))
    path, sign, value = line[: found.start()].strip(), found[0], line[found.end() :].strip()
    steps = _steps(line, path)
    if sign not in OPERATORS:
        raise ConditionError("condition_operator", line, sign=sign, signs=" ".join(OPERATORS))
    expected = _expected(line, value)
    if sign in _ORDERINGS and ordered(expected, expected) is None:
        raise ConditionError("condition_order", line, sign=sign)
    return Condition(path, steps, sign, expected, value)


def condition_faults(field: str, lines: Iterable[str]) -> Iterator[Fault]:
    """Give what is wrong with conditions that somebody typed, one fault a line at most."""
    for line in lines:
        try:
            parse_condition(line)
        except ConditionError as error:
            yield Fault(field, error.code, error.parameters)


def _operator(line: str) -> re.Match[str] | None:
    """Find the first operator that is not a part of the path."""
    depth = 0
    for token in _TOKEN.finditer(line):
        if token["operator"] and depth <= 0:
            return token
        depth += bool(token["open"]) - bool(token["close"])
    return None


def _steps(line: str, path: str) -> tuple[str | int, ...]:
    """Give the steps of a path; raises ``ConditionError`` if it is none, or not to one value."""
    import jsonpath  # only who has a condition pays for its import: 0.1 s
    from jsonpath.selectors import IndexSelector, NameSelector

    try:
        query = jsonpath.compile(path, strict=True)
    except (jsonpath.JSONPathError, ValueError) as error:  # $[1e3] is a bare ValueError
        raise ConditionError("condition_path", line) from error
    if not isinstance(query, jsonpath.JSONPath) or not query.singular_query():
        raise ConditionError("condition_several", line)
    steps: list[str | int] = []
    for segment in query.segments:
        selector = segment.selectors[0]
        assert isinstance(selector, NameSelector | IndexSelector)
        steps.append(selector.name if isinstance(selector, NameSelector) else selector.index)
    return tuple(steps)


def _expected(line: str, text: str) -> JsonValue:
    if not text:
        raise ConditionError("condition_value_missing", line)
    try:
        return decode(text)
    except NotJson as error:
        raise ConditionError("condition_value", line, value=printable(text)) from error
