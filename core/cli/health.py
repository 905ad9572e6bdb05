"""``ronda health`` and ``ronda stats``: Ronda's own health, and figures over everything."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime

from core.cli.commands import Subparsers, add_command, with_desk
from core.cli.documents import worker_document
from core.cli.figures import age, iso, milliseconds
from core.cli.options import add_json_option
from core.cli.output import Cell, Output
from core.domain.workers import RoundHealth, WorkerReport
from core.i18n import _, ngettext
from core.operations.board import load_board, status_totals
from core.operations.clients import list_clients
from core.operations.desk import Desk
from core.operations.health import leader_of, stored_checks, watchers
from core.wording import STATUS_WORDS, WORKER_WORDS, outbox_text


def register(commands: Subparsers) -> None:
    """Have the parser take both."""
    health = add_command(commands, "health", _("Ronda's own health: who runs the checks"), with_desk(_health))
    stats = add_command(commands, "stats", _("figures over everything"), with_desk(_stats))
    for parser in (health, stats):
        add_json_option(parser)


async def _health(desk: Desk, _args: Namespace, output: Output) -> int:
    """Exit 1 if no process runs the checks, or this one cannot read the secrets."""
    workers = await watchers(desk)
    leader, now, database = leader_of(workers), desk.clock.now(), desk.database
    document = {
        "checked_at": iso(now),
        "database": {
            "url": str(database.url),
            "embedded": database.is_embedded,
            "key_matches": database.key_matches,
        },
        "worker": worker_document(leader) if leader else None,
        "workers": [worker_document(worker) for worker in workers],
    }
    output.data(document, _lines(desk, workers, now, output))
    if leader is None:
        output.note(_("No process runs the checks. Start 'ronda agent', or open the console."))
    if not database.key_matches:
        output.note(
            _(
                "This process has another secret key than the database was written with. "
                "Set RONDA_SECRET_KEY to that one."
            )
        )
    return int(leader is None or not database.key_matches)


def _lines(desk: Desk, workers: tuple[WorkerReport, ...], now: datetime, output: Output) -> Iterator[str]:
    kind = _("embedded, for this user only") if desk.database.is_embedded else _("shared server")
    pairs = [(_("database"), str(desk.database.url)), ("", kind)]
    leader = leader_of(workers)
    if leader is not None:
        pairs += [
            (_("to tell"), outbox_text(leader.health.messages_waiting, leader.health.messages_failed)),
            (_("uplink"), _uplink_text(leader.health, now)),
            (_("dead man"), _ping_text(leader.health, now)),
        ]
    yield from output.pairs(pairs)
    if workers:
        yield ""
        heads = [_("PROCESS"), _("OPERATOR"), _("HOST"), _("PID"), _("UP FOR"), _("RUNS"), _("CHECKS/S")]
        heads += [_("LATE"), _("LAG"), _("LAGGED"), _("MISSED"), _("WAITING")]
        yield from output.table(heads, [_row(worker, now) for worker in workers])


def _uplink_text(health: RoundHealth, now: datetime) -> str:
    if health.blind_since is not None:
        return _("blind for {age}: no reference answers").format(age=age(health.blind_since, now))
    if health.references is None:
        return _("not guarded: set RONDA_REFERENCES")
    text = ngettext("guarded by {count} reference", "guarded by {count} references", health.references)
    return text.format(count=health.references)


def _ping_text(health: RoundHealth, now: datetime) -> str:
    if not health.pings:
        return _("not pinged: set RONDA_DEADMAN_URL")
    if health.pinged_at is None:
        return _("not pinged yet")
    text = _("pinged {age} ago") if health.ping_answered else _("the ping of {age} ago was not taken")
    return text.format(age=age(health.pinged_at, now))


def _row(worker: WorkerReport, now: datetime) -> list[Cell]:
    health = worker.health
    figures = (
        str(worker.pid),
        age(worker.started_at, now),
        _("yes") if worker.leading else _("no"),
        f"{health.checks_per_second:.1f}",
        milliseconds(health.late_ms),
        milliseconds(health.lag_ms),
        str(health.lagged),
        str(health.missed),
        str(health.waiting),
    )
    texts = (WORKER_WORDS[worker.kind], worker.operator, worker.host)
    return [*map(Cell, texts), *(Cell(figure, right=True) for figure in figures)]


async def _stats(desk: Desk, _args: Namespace, output: Output) -> int:
    board, clients = await load_board(desk), await list_clients(desk)
    leader, now = leader_of(await watchers(desk)), desk.clock.now()
    totals = status_totals(board, now)
    rate = leader.health.checks_per_second if leader else 0.0
    stored = await stored_checks(desk)
    document = {
        "checked_at": iso(now),
        "clients": len(clients),
        "services": len(board),
        "totals": {status.value: count for status, count in totals.items()},
        "checks_stored": stored,
        "checks_per_second": round(rate, 3),
    }
    pairs = [(_("clients"), str(len(clients))), (_("services"), str(len(board)))]
    pairs += [(f"  {STATUS_WORDS[status]}", str(count)) for status, count in totals.items() if count]
    pairs += [(_("checks stored"), str(stored)), (_("checks per second"), f"{rate:.1f}")]
    output.data(document, output.pairs(pairs))
    return 0
