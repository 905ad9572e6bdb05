"""``ronda beat`` on a real database."""

from __future__ import annotations

import pytest

from tests.cli.support import Ronda


@pytest.fixture
def jobs(ronda_db: Ronda) -> Ronda:
    """Run commands on a database that knows a job and a service of another kind."""
    ronda_db("client", "add", "--name", "Acme", "--dns", "https://acme.example/")
    ronda_db("service", "add", "--client", "acme", "--name", "web", "--endpoint", "/health")
    ronda_db(
        *("service", "add", "--client", "acme", "--name", "backup", "--kind", "heartbeat"),
        *("--interval", "86400", "--timeout", "3600"),
    )
    return ronda_db


def test_a_job_reports_in_by_its_name(jobs: Ronda) -> None:
    reported = jobs("beat", "backup", "--json")
    assert (reported.code, reported.err.startswith("ronda: backup reported in at ")) == (0, True)
    assert list(reported.document) == ["id", "service", "beat_at"]
    assert reported.document["service"] == "backup"
    assert reported.document["beat_at"].endswith("Z")


def test_a_service_of_another_kind_does_not_report_in(jobs: Ronda) -> None:
    refused = jobs("beat", "acme/web")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        "ronda: web is not a heartbeat: Ronda checks it by itself. "
        "Make one with 'ronda service add --kind heartbeat'.\n"
    )


def test_a_job_that_nobody_knows_is_not_found(jobs: Ronda) -> None:
    missing = jobs("beat", "backups")
    assert (missing.code, missing.err) == (
        1,
        "ronda: There is no service backups. Did you mean backup, Acme/backup?\n",
    )


def test_who_may_only_look_cannot_report_in(jobs: Ronda) -> None:
    assert jobs("--read-only", "beat", "backup").code == 4
