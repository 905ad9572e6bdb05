"""Secrets of an address are found in whatever form they come back."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.secret import MASK
from core.notifications.masking import ANSWER_LIMIT, Masking, url_secrets

PASSWORD = "p@:/?#% w"
URL = f"mailtos://joe:{quote(PASSWORD, safe='')}@mail.example.com:587/?to=ops@example.com&key=abc.def"


@pytest.mark.parametrize(
    "form",
    [
        PASSWORD,
        quote(PASSWORD, safe=""),
        quote(PASSWORD),
        URL,
        URL.upper(),
        base64.b64encode(f"joe:{PASSWORD}".encode()).decode(),
        base64.b64encode(PASSWORD.encode()).decode(),
        "abc.def",
    ],
)
def test_a_secret_is_masked_in_every_form(form: str) -> None:
    masked = Masking(url_secrets(URL))(f"they said «{form}»")
    assert form not in masked
    assert MASK in masked


def test_what_helps_to_understand_an_answer_stays() -> None:
    text = "mail.example.com refused ops@example.com: 550"
    assert Masking(url_secrets(URL))(text) == text


def test_what_looks_like_a_host_is_masked_where_it_is_a_token() -> None:
    masking = Masking(url_secrets("slack://TOKENA/TOKENB/TOKENC/#general", public_host=False))
    assert masking("TOKENA/TOKENB TOKENC #general") == f"{MASK}/{MASK} {MASK} #general"


def test_a_short_secret_is_masked_as_a_word_only() -> None:
    masking = Masking(["ab"])
    assert masking("ab about (ab)") == f"{MASK} about ({MASK})"


def test_an_answer_is_one_printable_line_and_short() -> None:
    answer = Masking([]).answer("one\r\n\ttwo \x1b[0m " + "x" * 10_000)
    assert answer.startswith("one two �[0m xxx")
    assert len(answer) == ANSWER_LIMIT


def test_nothing_is_masked_where_there_are_no_secrets() -> None:
    assert Masking([])("text") == "text"


@given(st.text(min_size=8, alphabet=st.characters(exclude_categories=["Cs"])), st.text())
def test_no_password_survives(password: str, around: str) -> None:
    url = f"json://user:{quote(password, safe='')}@host/"
    masked = Masking(url_secrets(url))(f"{around}{password}{around}")
    assert password in MASK or password not in masked
