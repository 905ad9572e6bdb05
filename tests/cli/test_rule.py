"""``ronda rule`` on a real database."""

from __future__ import annotations

import pytest

from tests.cli.support import Ronda

KEYS = [
    "id",
    "name",
    "active",
    "channel_ids",
    "channels",
    "client_ids",
    "clients",
    "tags",
    "severity",
    "hours",
    "zone",
    "after_s",
    "reminder_s",
    "version",
    "created_at",
    "updated_at",
]


@pytest.fixture
def acme(ronda_db: Ronda) -> Ronda:
    """Run commands on a database that knows a client with a service, and a channel, id 2."""
    ronda_db("client", "add", "--name", "Acme", "--dns", "https://acme.example", "--tag", "gold")
    ronda_db("service", "add", "--client", "Acme", "--name", "web", "--endpoint", "/")
    url = "https://hooks.acme.example/"
    ronda_db("channel", "add", "--name", "pager", "--kind", "webhook", "--url", url)
    return ronda_db


def test_a_rule_is_added_and_shown_with_every_key(acme: Ronda) -> None:
    added = acme(
        *("rule", "add", "--name", "nights", "--channel", "PAGER", "--channel", "2", "--client", "acme"),
        *(
            "--tag",
            "gold",
            "--severity",
            "Down",
            "--hours",
            "Mon-Fri 22:00-06:00",
            "--hours",
            "Sat,Sun 00:00-24:00",
        ),
        *("--zone", "Europe/Lisbon", "--after", "15m", "--reminder", "1h30m", "--off", "--json"),
    )
    assert (added.code, added.err) == (0, "ronda: Added the rule nights (id 1).\n")
    rule = added.document["rule"]
    assert list(rule) == KEYS
    assert {key: rule[key] for key in KEYS[:-2]} == {
        "id": 1,
        "name": "nights",
        "active": False,
        "channel_ids": [2],
        "channels": ["pager"],
        "client_ids": [1],
        "clients": ["Acme"],
        "tags": ["gold"],
        "severity": "down",
        "hours": ["Mon-Fri 22:00-06:00", "Sat,Sun 00:00-24:00"],
        "zone": "Europe/Lisbon",
        "after_s": 900.0,
        "reminder_s": 5400.0,
        "version": 1,
    }


def test_a_rule_that_says_nothing_is_for_everything(acme: Ronda) -> None:
    rule = acme("rule", "add", "--name", "all", "--json").document["rule"]
    assert [rule[key] for key in ("channels", "clients", "tags", "hours")] == [[], [], [], []]
    assert (rule["severity"], rule["after_s"], rule["reminder_s"], rule["active"]) == (
        *("degraded", 0.0),
        *(14_400.0, True),
    )


def test_rules_are_listed_in_a_table_and_their_absence_is_told(acme: Ronda) -> None:
    assert acme("rule", "list").lines == [
        "There is no rule: every channel that is on is told of every incident, at once."
    ]
    acme("rule", "add", "--name", "all", "--reminder", "0")
    acme("rule", "add", "--name", "nights", "--channel", "pager", "--tag", "gold", "--hours", "22:00-06:00")
    acme("rule", "edit", "nights", "--after", "15m", "--off")
    heads, everything, nights = acme("rule", "list").lines
    assert heads.split() == [*("ID", "NAME", "TELLS", "OF", "FROM", "WHEN", "AFTER", "AGAIN", "STATE")]
    assert everything.split() == [*("1", "all", "all", "all", "degraded", "always", "at", "once", "-", "on")]
    assert " ".join(nights.split()) == "2 nights pager tag gold degraded 22:00-06:00 UTC 15m 4h off"


def test_a_rule_is_changed_by_what_is_named_only(acme: Ronda) -> None:
    acme("rule", "add", "--name", "x", "--channel", "pager", "--client", "Acme", "--hours", "22:00-06:00")
    saved = acme(
        "rule", "edit", "X", "--no-channels", "--no-clients", "--no-hours", "--reminder", "0", "--json"
    )
    rule = saved.document["rule"]
    assert [rule[key] for key in ("channel_ids", "client_ids", "hours", "reminder_s", "version")] == [
        *([], [], []),
        *(0.0, 2),
    ]
    same = acme("rule", "edit", "x", "--reminder", "0")
    assert (same.code, same.err) == (0, "ronda: Nothing of the rule x was changed.\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--zone Mars/Olympus", "Time zone: Mars/Olympus is not a time zone."),
        ("--hours at-night", "Hours: at-night are not hours."),
        ("--severity up", "Severity: Choose degraded or down."),
        ("--after soon", "After: soon is not a duration."),
        ("--after 8d", "After: Give a time from 0 to 7 days, like 15m."),
        ("--reminder 5s", "Reminder: Give 0 for none, or a time from 60 seconds to 31 days, like 4h."),
        ("--tag silver", "Tags: No service is of the clients and has one of the tags that are named"),
    ],
)
def test_what_makes_no_rule_is_refused_in_words(acme: Ronda, options: str, said: str) -> None:
    refused = acme("rule", "add", "--name", "x", *options.split())
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(f"ronda: {said}")
    assert len(refused.err.splitlines()) == 1
    assert acme("rule", "list", "--json").document == {"rules": []}


@pytest.mark.parametrize(
    ("options", "said"),
    [("--channel mail", "There is no channel mail."), ("--client Globex", "There is no client Globex.")],
)
def test_whom_nobody_knows_is_not_found(acme: Ronda, options: str, said: str) -> None:
    missing = acme("rule", "add", "--name", "x", *options.split())
    assert (missing.code, missing.err) == (1, f"ronda: {said}\n")


def test_a_channel_that_a_rule_names_stays_and_a_removed_name_is_free(acme: Ronda) -> None:
    acme("rule", "add", "--name", "x", "--channel", "pager")
    kept = acme("channel", "remove", "pager")
    assert (kept.code, kept.out) == (2, "")
    assert "named by rules (x)" in kept.err
    assert acme("rule", "remove", "x").err == "ronda: Removed the rule x.\n"
    assert acme("channel", "remove", "pager").code == 0
    assert acme("rule", "add", "--name", "x").code == 0
    assert acme("rule", "remove", "y").code == 1


def test_whoever_only_looks_changes_nothing(acme: Ronda) -> None:
    acme("rule", "add", "--name", "x")
    for arguments in (
        ("rule", "add", "--name", "y"),
        ("rule", "edit", "x", "--off"),
        ("rule", "remove", "x"),
    ):
        refused = acme("--read-only", *arguments)
        assert (refused.code, refused.out) == (4, "")
    assert acme("--read-only", "rule", "list").code == 0
