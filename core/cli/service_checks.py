"""``ronda service`` check, history and curl: what was and is seen of a service."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable

from core.cli.check import show_check
from core.cli.commands import Subparsers, add_command, named_service, take_service, with_desk
from core.cli.documents import past_check_document
from core.cli.figures import NOTHING, local, milliseconds
from core.cli.options import add_json_option
from core.cli.output import Cell, Output
from core.domain.faults import Fault
from core.domain.observations import Observation, Status
from core.domain.typed import Typist
from core.errors import NotFound
from core.i18n import _
from core.operations.board import BoardLine, load_lines
from core.operations.curl import check_command
from core.operations.desk import Desk
from core.operations.history import MOST_CHECKS, recent_checks
from core.operations.lookup import refuse
from core.operations.observing import check_now
from core.wording import ERROR_WORDS, STATUS_WORDS

DEFAULT_LIMIT = 20
"""Checks that ``history`` lists where none is named."""
PATIENCE_SECONDS = 5.0
"""Beyond its timeout a check that the leader was asked for is waited for so long."""
POLL_SECONDS = 0.2


def register(verbs: Subparsers) -> None:
    """Have the noun ``service`` take these verbs."""
    check = add_command(verbs, "check", _("check a service now"), with_desk(_check))
    history = add_command(verbs, "history", _("list the last checks of a service"), with_desk(_history))
    curl = add_command(
        verbs,
        "curl",
        _("give the check as a command of the shell: curl, nc, openssl, dig, ping"),
        with_desk(_curl),
    )
    for parser in (check, history, curl):
        take_service(parser)
        add_json_option(parser)
    history.add_argument(
        "--limit", default=str(DEFAULT_LIMIT), metavar="N", help=_("how many, newest first (20)")
    )


async def _check(desk: Desk, args: Namespace, output: Output) -> int:
    service = await named_service(desk, args)
    line = await _line(desk, service.id)
    observation = await check_now(desk, service.id)
    if observation is None:
        observation = await _awaited(desk, line)
    else:
        output.note(_("Checked from here; the result is not stored, since no process runs the checks of it."))
    show_check(output, line.target, observation)
    return int(observation.status is Status.DOWN)


async def _awaited(desk: Desk, line: BoardLine) -> Observation:
    """Wait for the result of the process that leads."""
    import asyncio

    known = line.state.observation
    try:
        async with asyncio.timeout(line.service.spec.timeout_seconds + PATIENCE_SECONDS):
            while True:
                seen = (await _line(desk, line.service.id)).state.observation
                if seen is not None and (known is None or seen.checked_at > known.checked_at):
                    return seen
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError as error:
        raise NotFound(
            _("The process that runs the checks was asked, but its result has not come. See 'ronda health'.")
        ) from error


async def _line(desk: Desk, service_id: int) -> BoardLine:
    (line,) = await load_lines(desk, [service_id])
    return line


async def _history(desk: Desk, args: Namespace, output: Output) -> int:
    limit = _limit(args.limit)
    line = await _line(desk, (await named_service(desk, args)).id)
    checks = await recent_checks(desk, line.service.id, limit)
    document = {
        "service": {
            "id": line.service.id,
            "client": line.client.spec.name,
            "name": line.service.spec.name,
        },
        "checks": [past_check_document(check) for check in checks],
    }
    output.data(document, _table(output, checks))
    return 0


def _limit(text: str) -> int:
    typist = Typist()
    limit = typist.whole("limit", text, 1)
    out_of_range = Fault("limit", "count_range", {"least": 1, "most": MOST_CHECKS})
    refuse(typist.faults([] if 1 <= limit <= MOST_CHECKS else [out_of_range]))
    return limit


def _table(output: Output, checks: Iterable[Observation]) -> list[str]:
    rows = [
        (
            Cell(local(check.checked_at)),
            Cell(STATUS_WORDS[check.status], check.status),
            Cell(milliseconds(check.latency_ms), right=True),
            Cell(str(check.status_code) if check.status_code is not None else NOTHING, right=True),
            Cell(ERROR_WORDS[check.error] if check.error else ""),
        )
        for check in checks
    ]
    return output.table([_("CHECKED"), _("STATUS"), _("LATENCY"), _("CODE"), _("ERROR")], rows)


async def _curl(desk: Desk, args: Namespace, output: Output) -> int:
    line = await _line(desk, (await named_service(desk, args)).id)
    command = check_command(line.client.spec, line.service.spec)
    output.data({"command": command}, [command])
    return 0
