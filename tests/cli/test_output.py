from __future__ import annotations

import io
import json

import pytest

from core.cli.output import Cell, Output, clean, wants_colour, width
from core.domain.observations import Status


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def output(*, as_json: bool = False, colour: bool = False) -> Output:
    return Output(io.StringIO(), io.StringIO(), as_json=as_json, colour=colour)


def written(out: Output) -> str:
    assert isinstance(out.stdout, io.StringIO)
    return out.stdout.getvalue()


def test_data_waits_until_the_command_has_ended() -> None:
    out = output()
    out.data({}, ["a line"])
    assert written(out) == ""
    out.flush()
    assert written(out) == "a line\n"


def test_json_is_one_document_without_any_character_that_steers_a_terminal() -> None:
    out = output(as_json=True)
    out.data({"name": "a\x9b31m\u202e ü"}, ["never seen"])
    out.flush()
    assert written(out).isascii()
    assert "\x9b" not in written(out)
    assert json.loads(written(out)) == {"name": "a\x9b31m\u202e ü"}


def test_columns_are_aligned_by_what_a_terminal_draws() -> None:
    rows = [[Cell("東京"), Cell("7", right=True)], [Cell("e\u0301"), Cell("1234", right=True)]]
    assert output().table(["NAME", "N"], rows) == ["NAME     N", "東京     7", "e\u0301     1234"]


def test_cells_are_stripped_of_what_steers_a_terminal() -> None:
    (_heads, line) = output().table(["NAME"], [[Cell("a\x1b[31m\nb\x07")]])
    assert line == "a�[31m b�"


def test_further_lines_of_a_text_stand_under_its_first() -> None:
    pairs = [("Notes", "one\ntwo\x1b"), ("X", "")]
    assert output().pairs(pairs) == ["Notes  one", "       two�", "X"]


def test_colours_are_around_the_word_and_do_not_shift_columns() -> None:
    rows = [[Cell("down", Status.DOWN), Cell("x")], [Cell("up", Status.UP), Cell("y")]]
    coloured = output(colour=True).table(["STATUS", "S"], rows)
    assert coloured[1] == "\x1b[1;31mdown\x1b[0m    x"
    assert coloured[2] == "\x1b[32mup\x1b[0m      y"
    assert "\x1b" not in "".join(output().table(["STATUS", "S"], rows))
    assert output(colour=True).word(Status.UP) == "\x1b[32mup\x1b[0m"


def test_a_message_goes_to_stderr_at_once_and_is_clean() -> None:
    out = output()
    out.note("saved \x1b[31m")
    assert isinstance(out.stderr, io.StringIO)
    assert out.stderr.getvalue() == "ronda: saved �[31m\n"


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals_whose_owner_does_not_mind(environ: dict[str, str], wanted: bool) -> None:
    assert wants_colour(Terminal(), environ) is wanted
    assert not wants_colour(io.StringIO(), environ)


def test_clean_text_is_left_alone() -> None:
    assert clean("plain") == "plain"
    assert clean("größer\nzwei") == "größer\nzwei"


def test_a_wide_character_takes_two_cells_and_a_combining_one_none() -> None:
    assert [width(text) for text in ("abc", "東", "e\u0301")] == [3, 2, 1]
