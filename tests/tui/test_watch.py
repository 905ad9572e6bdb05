from __future__ import annotations

from dataclasses import replace

from core.domain.workers import WorkerKind
from tests.tui.canned import NOW, OWN_ID, worker
from tui.watch import Watch, Weight

HERE = Watch((worker(),), OWN_ID, heard=True)
OTHER = worker("other", leading=False)
AGENT = worker("agent", kind=WorkerKind.AGENT, leading=False)


def test_all_is_quiet_while_somebody_leads() -> None:
    assert HERE.notice(10) is None
    assert HERE.leads_here


def test_nothing_is_said_of_the_lead_before_anything_was_heard() -> None:
    assert Watch().notice(10) is None


def test_nobody_leads() -> None:
    notice = Watch((OTHER,), OWN_ID, heard=True).notice(10)
    assert notice is not None
    assert notice.weight is Weight.BAD
    assert "nothing is being checked" in notice.text


def test_without_services_nobody_needs_to_lead() -> None:
    assert Watch((OTHER,), OWN_ID, heard=True).notice(0) is None


def test_a_database_that_is_away_is_told_with_what_waits() -> None:
    waiting = replace(worker(), health=replace(worker().health, waiting=1_234))
    watch = replace(HERE, workers=(waiting,), offline_since=NOW, offline_detail="connection\x1b[31m refused")
    notice = watch.notice(10)
    assert notice is not None
    assert "1,234 results wait" in notice.text
    assert "\x1b" not in notice.text
    assert notice.weight is Weight.BAD


def test_a_key_that_does_not_match_is_told_with_what_to_do() -> None:
    notice = replace(HERE, key_matches=False).notice(10)
    assert notice is not None
    assert "RONDA_SECRET_KEY" in notice.text
    assert notice.weight is Weight.WARNING


def test_the_database_is_told_before_all_else() -> None:
    notice = replace(HERE, key_matches=False, offline_since=NOW).notice(10)
    assert notice is not None
    assert notice.text.startswith("database away since")


def test_who_is_last_and_leads_stops_the_checks() -> None:
    assert HERE.last_watcher
    assert not replace(HERE, workers=(worker(), OTHER)).last_watcher
    assert not replace(HERE, workers=(worker(), AGENT)).last_watcher
    assert replace(HERE, workers=(worker(), replace(OTHER, can_lead=False))).last_watcher
    assert not replace(HERE, own_id="other").last_watcher


def test_an_agent_that_ends_with_its_console_is_no_agent_that_stays() -> None:
    leading = replace(worker("child", kind=WorkerKind.AGENT), ends_with=OWN_ID)
    watch = replace(HERE, workers=(leading, worker(leading=False)))
    assert watch.last_watcher
    assert not watch.agent_runs
    assert watch.is_ours(leading)
    assert not replace(watch, own_id="other").is_ours(leading)
    assert not replace(watch, workers=(*watch.workers, OTHER)).last_watcher


def test_an_agent_counts_only_if_it_may_lead() -> None:
    assert replace(HERE, workers=(worker(), AGENT)).agent_runs
    assert not replace(HERE, workers=(worker(), replace(AGENT, can_lead=False))).agent_runs
    assert not HERE.agent_runs


def test_a_round_that_is_blind_says_since_when() -> None:
    blind = replace(worker(), health=replace(worker().health, blind_since=NOW))
    notice = replace(HERE, workers=(blind,)).notice(10)
    assert notice is not None
    assert notice.text.startswith("blind since ")
    assert notice.weight is Weight.BAD
