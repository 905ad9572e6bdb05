"""Every code has words, and every word fits its code."""

from __future__ import annotations

import ast
import math
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import core.wording
import tui
from core.domain.clients import ClientSpec
from core.domain.faults import Fault
from core.domain.observations import ErrorKind, Status
from core.domain.operators import Role
from core.domain.secret import Secret
from core.domain.services import Header, ServiceSpec
from core.domain.workers import WorkerKind
from core.errors import NotFound, Refused
from core.wording import (
    ERROR_WORDS,
    FAULTS,
    FIELD_LABELS,
    ROLE_WORDS,
    STATUS_WORDS,
    WORKER_WORDS,
    error_text,
    fault_text,
    refusal_text,
)

WORDING = Path(core.wording.__file__)
CORE, TUI = Path(core.__file__).parent, Path(tui.__file__).parent


@dataclass(frozen=True)
class Raised:
    """A fault as it is written somewhere in the code."""

    place: str
    codes: frozenset[str]
    field: str | None
    parameters: frozenset[str] | None
    """None where they are not written out."""


def raised_faults() -> Iterator[Raised]:
    for path in sorted([*CORE.rglob("*.py"), *TUI.rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) == "Fault"
                and writes_its_code(node.args)
            ):
                yield as_written(f"{path.name}:{node.lineno}", node.args)


def writes_its_code(arguments: list[ast.expr]) -> bool:
    """Whether the code stands there, and is not handed on from somewhere else."""
    return len(arguments) >= 2 and not isinstance(arguments[1], ast.Attribute | ast.Name)


def as_written(place: str, arguments: list[ast.expr]) -> Raised:
    field = arguments[0].value if isinstance(arguments[0], ast.Constant) else None
    codes = {node.value for node in ast.walk(arguments[1]) if isinstance(node, ast.Constant)}
    parameters: frozenset[str] | None = frozenset()
    if len(arguments) > 2:
        written = arguments[2]
        keys = written.keys if isinstance(written, ast.Dict) else None
        parameters = None if keys is None else frozenset(ast.literal_eval(key) for key in keys if key)
    return Raised(place, frozenset(map(str, codes)), None if field is None else str(field), parameters)


RAISED = tuple(raised_faults())


def placeholders(template: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(template) if name}


def test_the_code_was_searched() -> None:
    assert len(RAISED) > 30


@pytest.mark.parametrize("raised", RAISED, ids=lambda raised: raised.place)
def test_a_code_that_is_raised_has_words_for_which_it_brings_the_parameters(raised: Raised) -> None:
    codes = raised.codes & FAULTS.keys()
    assert codes, f"no words for {set(raised.codes)}"
    for code in codes:
        if raised.parameters is not None:
            assert placeholders(FAULTS[code]) <= raised.parameters
    assert raised.field is None or raised.field in FIELD_LABELS


def test_no_words_are_kept_for_codes_that_nobody_raises() -> None:
    sources = [path.read_text() for path in [*CORE.rglob("*.py"), *TUI.rglob("*.py")] if path != WORDING]
    assert [code for code in FAULTS if not any(f'"{code}"' in source for source in sources)] == []


def test_every_fault_of_a_client_that_is_wrong_everywhere_becomes_a_sentence() -> None:
    long = "x" * 5_000
    spec = ClientSpec(
        " [red]\x1b " + long,
        dns="ftp://user:secret@/?q=1",
        api_key=Secret("\n"),
        description=long,
        tags=("two words", long),
        runbook_url="no address",
        notes="\x00",
    )
    texts = [fault_text(fault) for fault in spec.faults()]
    assert len(texts) >= 10
    assert not any("{" in text or "\x1b" in text or "secret" in text for text in texts)


def test_every_fault_of_a_service_that_is_wrong_everywhere_becomes_a_sentence() -> None:
    spec = ServiceSpec(
        "",
        "/path",
        method="BREW",
        expected_status="99,abc,300-200",
        timeout_seconds=math.nan,
        interval_seconds=0.0,
        headers=(
            Header("no name", Secret("x")),
            Header("Host", Secret("x")),
            Header("X-Key", Secret("{api_key}\n")),
        ),
        retries=-1,
        retry_interval_seconds=math.inf,
        recoveries=0,
        degraded_above_ms=0,
    )
    texts = [fault_text(fault) for fault in spec.faults(ClientSpec("Acme"))]
    assert len(texts) >= 13
    assert any("Acme" in text for text in texts)


def test_a_refusal_names_the_field_of_each_fault_on_a_line_of_its_own() -> None:
    refused = Refused([Fault("name", "required"), Fault("timeout_seconds", "number", {"text": "abc"})])
    assert refusal_text(refused).splitlines() == [
        "Name: This cannot be empty.",
        "Timeout: abc is not a number. Write it like 30 or 0.5.",
    ]


def test_the_words_of_an_error_are_its_own_or_those_of_its_faults() -> None:
    assert error_text(NotFound("There is no client x.")) == "There is no client x."
    assert error_text(Refused([Fault("name", "required")])) == "Name: This cannot be empty."


def test_every_value_of_an_enumeration_has_a_word_of_its_own() -> None:
    for words, values in (
        (STATUS_WORDS, Status),
        (ERROR_WORDS, ErrorKind),
        (ROLE_WORDS, Role),
        (WORKER_WORDS, WorkerKind),
    ):
        assert list(words) == list(values)
        assert len(set(words.values())) == len(words)
