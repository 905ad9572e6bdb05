"""docs/command-line.md is a contract: it names every command, option and key."""

from __future__ import annotations

import re
from argparse import SUPPRESS, ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.cli.main import build_parser
from core.domain.observations import ErrorKind
from tests.cli import (
    test_channel,
    test_check,
    test_client,
    test_evidence,
    test_handover,
    test_incident,
    test_maintenance,
    test_rule,
    test_service,
    test_status,
)

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text()


def commands(parser: ArgumentParser, path: str = "") -> Iterator[tuple[str, ArgumentParser]]:
    """Give every command with its words."""
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            for name, child in action.choices.items():
                yield from commands(child, f"{path} {name}".strip())
            return
    yield path, parser


COMMANDS = dict(commands(build_parser()))


def test_the_commands_were_found() -> None:
    assert {"client add", "service curl", "check", "status", "db url"} <= COMMANDS.keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_described(command: str) -> None:
    assert re.search(rf"`(ronda )?{command}\b|^## .*ronda {command}\b", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_described_on_the_page_and_in_its_help(command: str) -> None:
    for action in COMMANDS[command]._actions:
        for flag in action.option_strings:
            if flag not in ("-h", "--help"):
                assert re.search(rf"[`\[ ]{flag}\b", PAGE), flag
        assert action.help, action


def test_every_key_of_every_document_is_described() -> None:
    keys = {
        *test_channel.LISTED_KEYS,
        *test_channel.TEST_KEYS,
        *test_check.KEYS,
        *test_check.PHASES,
        *test_client.KEYS,
        *test_evidence.KEYS,
        *test_handover.KEYS,
        *test_handover.INCIDENT_KEYS,
        *test_handover.NOTE_KEYS,
        *test_incident.LISTED_KEYS,
        *test_incident.ACKNOWLEDGEMENT_KEYS,
        *test_incident.EVENT_KEYS,
        *test_incident.NOTICE_KEYS,
        *test_incident.GATE_KEYS,
        *test_maintenance.KEYS,
        *test_rule.KEYS,
        *test_service.KEYS,
        *test_status.KEYS,
        *test_status.WORKER_KEYS,
        *test_status.TOTALS,
    }
    assert [key for key in sorted(keys) if f"`{key}`" not in PAGE and f'"{key}"' not in PAGE] == []


def test_every_kind_of_error_is_listed() -> None:
    assert [kind for kind in ErrorKind if f"`{kind.value}`" not in PAGE] == []


def test_hidden_options_are_only_those_that_say_the_default() -> None:
    hidden = {
        flag
        for parser in COMMANDS.values()
        for action in parser._actions
        if action.help == SUPPRESS
        for flag in action.option_strings
    }
    assert hidden == {"--active", "--no-insecure", "--on", "--redirects"}
