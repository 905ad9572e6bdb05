"""``ronda status``: the board, once."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from core.cli.commands import Subparsers, add_command, with_desk
from core.cli.documents import status_document, worker_document
from core.cli.figures import age, iso, milliseconds, percent
from core.cli.options import add_json_option
from core.cli.output import Cell, Output
from core.domain.observations import Status
from core.domain.uptime import Uptime
from core.domain.workers import WorkerReport
from core.i18n import _
from core.operations.board import BoardLine, lines_behind, load_board, load_uptimes, status_totals
from core.operations.clients import find_client
from core.operations.desk import Desk
from core.operations.health import leader_of, watchers
from core.wording import ERROR_WORDS, STATUS_WORDS, WORKER_WORDS


def register(commands: Subparsers) -> None:
    """Have the parser take the command."""
    parser = add_command(commands, "status", _("the board, once"), with_desk(_status))
    parser.add_argument("--client", metavar="CLIENT", help=_("only this client, by name or id"))
    add_json_option(parser)


def is_bad_news(line: BoardLine, now: datetime) -> bool:
    """Whether a service is down, or has not been heard of for too long."""
    # What is down behind maintenance is expected to be, and its status says so; silence never is.
    return line.status(now) is Status.DOWN or line.stale(now)


async def _status(desk: Desk, args: Namespace, output: Output) -> int:
    client = await find_client(desk, args.client) if args.client is not None else None
    board = await load_board(desk)
    lines = [line for line in board if client is None or line.client.id == client.id]
    uptimes = await load_uptimes(desk, service_ids=[line.service.id for line in lines])
    leader = leader_of(await watchers(desk))
    now = desk.clock.now()
    document = {
        "checked_at": iso(now),
        "worker": worker_document(leader) if leader else None,
        "totals": {status.value: count for status, count in status_totals(lines, now).items()},
        "services": [status_document(line, uptimes.get(line.service.id), now) for line in lines],
    }
    output.data(document, _board(output, lines, uptimes, lines_behind(board, now), leader, now))
    return int(any(is_bad_news(line, now) for line in lines))


def _board(
    output: Output,
    lines: Sequence[BoardLine],
    uptimes: Mapping[int, Uptime],
    behind: Mapping[int, BoardLine],
    leader: WorkerReport | None,
    now: datetime,
) -> Iterator[str]:
    heads = [_("STATUS"), _("CLIENT"), _("SERVICE"), _("LATENCY"), _("24 H"), _("AGE"), _("WHAT")]
    if lines:
        yield from output.table(heads, [_row(line, uptimes, behind, now) for line in lines])
        yield ""
    yield _totals_line(output, lines, now)
    yield _round_line(leader)
    if leader is not None and leader.health.blind_since is not None:
        since = age(leader.health.blind_since, now)
        yield _("This side is blind for {age}: its own line is down.").format(age=since)


def _row(
    line: BoardLine, uptimes: Mapping[int, Uptime], behind: Mapping[int, BoardLine], now: datetime
) -> Sequence[Cell]:
    parent = behind.get(line.service.id)
    status, observation = line.status(now), line.state.observation
    return (
        Cell(STATUS_WORDS[status], status),
        Cell(line.client.spec.name),
        Cell(line.service.spec.name),
        Cell(milliseconds(observation.latency_ms if observation else None), right=True),
        Cell(percent(uptimes.get(line.service.id)), right=True),
        Cell(age(observation.checked_at if observation else None, now), right=True),
        Cell(_what(line, now) if parent is None else _("behind {service}").format(service=parent.label)),
    )


def _what(line: BoardLine, now: datetime) -> str:
    """Say in a few words what there is to know beyond the status."""
    observation = line.state.observation
    if line.stale(now):
        return _("stale: nothing heard of it")
    if line.status(now) is Status.BLIND:
        return _("not observed: our own line is down")
    if not line.active or observation is None or observation.error is None:
        return (observation.detail or "") if line.active and observation else ""
    return observation.detail or ERROR_WORDS[observation.error]


def _totals_line(output: Output, lines: Sequence[BoardLine], now: datetime) -> str:
    if not lines:
        return _("There are no services yet. Add one with 'ronda service add'.")
    counts = status_totals(lines, now)
    return "  ".join(f"{count} {output.word(status)}" for status, count in counts.items() if count)


def _round_line(leader: WorkerReport | None) -> str:
    if leader is None:
        return _("No process runs the checks. Start 'ronda agent', or open the console.")
    return _("The {kind} of {operator} on {host} runs the checks, {rate:.1f} a second.").format(
        kind=WORKER_WORDS[leader.kind],
        operator=leader.operator,
        host=leader.host,
        rate=leader.health.checks_per_second,
    )
