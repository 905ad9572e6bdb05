"""What a channel is sent about the notices that go out together."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from core.domain.channels import Tone
from core.domain.gates import NoticeKind
from core.domain.notices import Facts, Notice
from core.domain.text import has_control_characters
from core.operations.messages import MOST_IN_DOCUMENT, MOST_LISTED, item_document, message_of

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def facts(client: str = "acme", service: str = "shop", **changes: object) -> Facts:
    return {
        "client": client,
        "service": service,
        "service_id": 7,
        "incident_id": 41,
        "status": "down",
        "severity": "down",
        "started_at": NOW.isoformat(),
        "resolved_at": None,
        "error": "timeout",
        "detail": "no answer within 10 s",
        "address": "192.0.2.7",
        "runbook_url": "https://wiki.example/shop",
        **changes,
    }


def notice(kind: NoticeKind = NoticeKind.PROBLEM, of: Facts | None = None) -> Notice:
    return Notice(1, "key", kind, NOW, (), facts() if of is None else of, incident_id=41)


def recovered(seconds: float = 65.0, service: str = "shop") -> Notice:
    ended = (NOW + timedelta(seconds=seconds)).isoformat()
    return notice(NoticeKind.RECOVERY, facts(service=service, status="up", resolved_at=ended))


def heads(*notices: Notice) -> list[str]:
    text = message_of("m", notices).text
    return [line for line in text.splitlines() if not line.startswith(" ")]


@pytest.mark.parametrize(
    ("kind", "status", "head"),
    [
        (NoticeKind.PROBLEM, "down", "DOWN"),
        (NoticeKind.PROBLEM, "degraded", "DEGRADED"),
        (NoticeKind.REMINDER, "down", "STILL DOWN"),
        (NoticeKind.REMINDER, "degraded", "STILL DEGRADED"),
        (NoticeKind.RECOVERY, "up", "RECOVERED"),
        (NoticeKind.FLAPPING, None, "FLAPPING"),
        (NoticeKind.FLAPPING_END, None, "NO LONGER FLAPPING"),
        (NoticeKind.CERTIFICATE, None, "CERTIFICATE"),
        (NoticeKind.BLIND, None, "BLIND"),
        (NoticeKind.BLIND_END, None, "NO LONGER BLIND"),
        (NoticeKind.TEST, None, "TEST"),
    ],
)
def test_the_title_of_one_notice_says_what_there_is_and_whose(
    kind: NoticeKind, status: str | None, head: str
) -> None:
    assert message_of("m", [notice(kind, facts(status=status))]).title == f"{head}: acme/shop"


def test_what_is_about_no_service_is_about_ronda() -> None:
    blind = notice(NoticeKind.BLIND, {"started_at": NOW.isoformat(), "detail": "nobody answers"})
    assert message_of("m", [blind]).title == "BLIND: Ronda"


def test_down_comes_first_then_degraded_then_the_rest_and_what_is_good_at_last() -> None:
    mixed = [
        recovered(),
        notice(NoticeKind.CERTIFICATE, facts(status=None)),
        notice(of=facts("beta", "api", status="degraded")),
        notice(of=facts("beta", "api")),
        notice(NoticeKind.REMINDER, facts("Acme", "web")),
        notice(of=facts("acme", "Shop")),
        notice(of=facts("acme", "mail")),
    ]
    expected = [
        "DOWN: acme/mail",
        "DOWN: acme/Shop",
        "STILL DOWN: Acme/web",
        "DOWN: beta/api",
        "DEGRADED: beta/api",
        "CERTIFICATE: acme/shop",
        "RECOVERED: acme/shop",
    ]
    assert heads(*mixed) == heads(*reversed(mixed)) == expected
    items = message_of("m", mixed).document["items"]
    assert isinstance(items, list)
    assert [item["kind"] for item in items] == [
        "problem",
        "problem",
        "reminder",
        "problem",
        "problem",
        "certificate",
        "recovery",
    ]


def test_the_title_of_many_counts_each_kind() -> None:
    many = [recovered(), notice(), notice(of=facts(status="degraded")), notice(of=facts(service="web"))]
    assert message_of("m", many).title == "2 DOWN, 1 DEGRADED, 1 RECOVERED"


def test_one_notice_is_told_with_all_that_helps() -> None:
    assert message_of("m", [notice()]).text.splitlines() == [
        "DOWN: acme/shop",
        "  no answer within 10 s",
        "  since 2026-11-23 12:00:00 UTC",
        "  runbook: https://wiki.example/shop",
        "  incident 41",
    ]


def test_a_recovery_says_how_long_it_lasted_and_needs_no_runbook() -> None:
    assert message_of("m", [recovered(3_725)]).text.splitlines() == [
        "RECOVERED: acme/shop",
        "  no answer within 10 s",
        "  from 2026-11-23 12:00:00 to 2026-11-23 13:02:05 UTC (1h 2m)",
        "  incident 41",
    ]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0s"),
        (0, "0s"),
        (0.4, "0s"),
        (59.6, "1m"),
        (65, "1m 5s"),
        (3_600, "1h"),
        (3_661, "1h 1m"),
        (86_400, "1d"),
        (90_061, "1d 1h"),
        (86_405, "1d 5s"),
    ],
)
def test_a_length_of_time_is_shown_in_two_units_at_most(seconds: float, shown: str) -> None:
    assert f"({shown})" in message_of("m", [recovered(seconds)]).text


@pytest.mark.parametrize(("count", "more"), [(MOST_LISTED, None), (MOST_LISTED + 1, 1), (75, 55)])
def test_no_more_than_twenty_are_listed_and_the_others_are_counted(count: int, more: int | None) -> None:
    message = message_of("m", [notice(of=facts(service=f"s{number:04}")) for number in range(count)])
    lines = [line for line in message.text.splitlines() if not line.startswith(" ")]
    assert lines[:MOST_LISTED] == [f"DOWN: acme/s{number:04}" for number in range(MOST_LISTED)]
    assert lines[MOST_LISTED:] == ([] if more is None else [f"and {more} more"])
    assert message.title == f"{count} DOWN"
    assert message.document["more"] == 0


def test_a_document_lists_a_thousand_and_counts_the_others() -> None:
    document = message_of("m", [notice()] * (MOST_IN_DOCUMENT + 3)).document
    items = document["items"]
    assert isinstance(items, list)
    assert (len(items), document["more"]) == (MOST_IN_DOCUMENT, 3)


@pytest.mark.parametrize(
    ("notices", "tone"),
    [
        ([notice()], Tone.DOWN),
        ([notice(NoticeKind.REMINDER), recovered()], Tone.DOWN),
        ([notice(of=facts(status="degraded")), recovered()], Tone.DEGRADED),
        ([notice(NoticeKind.CERTIFICATE, facts(status=None))], Tone.DEGRADED),
        ([notice(NoticeKind.FLAPPING), recovered()], Tone.DEGRADED),
        ([recovered(), notice(NoticeKind.TEST)], Tone.GOOD),
        ([notice(NoticeKind.TEST, {})], Tone.NEUTRAL),
    ],
)
def test_a_message_has_the_tone_of_the_worst_in_it(notices: list[Notice], tone: Tone) -> None:
    assert message_of("m", notices).tone is tone


def test_a_problem_is_one_item_of_the_document_with_exactly_these_keys() -> None:
    assert item_document(notice()) == {
        "kind": "problem",
        "status": "down",
        "client": "acme",
        "service": "shop",
        "service_id": 7,
        "incident_id": 41,
        "started_at": "2026-11-23T12:00:00+00:00",
        "resolved_at": None,
        "error": "timeout",
        "detail": "no answer within 10 s",
        "address": "192.0.2.7",
        "runbook_url": "https://wiki.example/shop",
        "duration_s": None,
    }


def test_what_has_recovered_is_up_and_has_lasted_so_many_seconds() -> None:
    document = item_document(recovered(65))
    assert (document["kind"], document["status"], document["duration_s"]) == ("recovery", "up", 65.0)
    assert document["resolved_at"] == "2026-11-23T12:01:05+00:00"


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_item_has_the_same_keys_whatever_is_known(kind: NoticeKind) -> None:
    assert set(item_document(notice(kind, {}))) == set(item_document(notice()))


def test_the_document_is_json_and_says_whose_message_it_is() -> None:
    document = json.loads(json.dumps(message_of("m-1", [notice(), recovered()]).document))
    assert (document["id"], document["sent_by"], document["title"], document["more"]) == (
        "m-1",
        "ronda",
        "1 DOWN, 1 RECOVERED",
        0,
    )


def test_the_same_notices_make_the_same_message_at_every_attempt() -> None:
    notices = [notice(), recovered()]
    assert message_of("m", notices) == message_of("m", notices)


def test_control_characters_do_not_get_through() -> None:
    nasty = "a\x1b[31m\r\n\u202eb\x07"
    message = message_of(
        "m", [notice(of=facts(nasty, nasty, detail=nasty, runbook_url=f"https://x.example/{nasty}"))]
    )
    assert not has_control_characters(message.title)
    assert not has_control_characters(message.text, allowed="\n")
    assert len(message.text.splitlines()) == 5, "no line of its own"


def test_what_was_seen_is_cut_to_one_line_of_a_message() -> None:
    lines = message_of("m", [notice(of=facts(detail="x" * 9_999))]).text.splitlines()
    assert len(lines[1]) == 302
    assert lines[1].endswith("…")
