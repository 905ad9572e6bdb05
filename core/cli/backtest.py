"""``ronda rule test``: what would have been told, had a rule or the thresholds been others."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence

from core.cli.commands import Subparsers, add_command, with_desk
from core.cli.figures import iso, local
from core.cli.options import Option, Switch, add_json_option, add_options
from core.cli.output import Document, Output
from core.domain.backtest import Replay
from core.domain.faults import Fault
from core.domain.rules import RuleSpec
from core.domain.typed import Typist
from core.i18n import _, ngettext
from core.operations.backtest import DEFAULT_DAYS, Comparison, Thresholds, everything, replay_rules
from core.operations.desk import Desk
from core.operations.lookup import refuse
from core.operations.rules import find_rule, rule_faults
from core.wording import GATE_WORDS, NOTICE_WORDS

Read = Callable[[Desk, Namespace, RuleSpec, Typist], Awaitable[RuleSpec]]
"""Gives what the options make of a rule."""


def register(verbs: Subparsers, options: Sequence[Option], switches: Sequence[Switch], read: Read) -> None:
    """Have the noun ``rule`` take the verb; ``options`` are those that change a rule."""
    text = _("replay the history of some days: what would have been told, with a change and without")
    fields = {option.field for option in options} | {switch.field for switch in switches}
    parser = add_command(verbs, "test", text, with_desk(_tester(read, fields)))
    parser.add_argument(
        "rule", metavar="RULE", nargs="?", help=_("the rule to change, name or id (none: a rule more)")
    )
    parser.add_argument(
        "--days", default=f"{DEFAULT_DAYS:g}", metavar="DAYS", help=_("how far back to go (7)")
    )
    parser.add_argument("--retries", metavar="N", help=_("retries of every service (each one's own)"))
    parser.add_argument("--recoveries", metavar="N", help=_("the same for recoveries"))
    add_options(parser, options, switches, editing=True)
    add_json_option(parser)


def _tester(read: Read, fields: Collection[str]) -> Callable[[Desk, Namespace, Output], Awaitable[int]]:
    async def test(desk: Desk, args: Namespace, output: Output) -> int:
        typist = Typist()
        days = typist.number("days", args.days, DEFAULT_DAYS)
        thresholds = Thresholds(*(_count(typist, args, name) for name in ("retries", "recoveries")))
        rule_id, spec, faults = await _change(desk, args, read, typist, fields)
        refuse(typist.faults(faults))
        found = await replay_rules(desk, days=days, thresholds=thresholds, rule_id=rule_id, spec=spec)
        output.data(comparison_document(found), list(comparison_lines(found)))
        return 0

    return test


def _count(typist: Typist, args: Namespace, name: str) -> int | None:
    text = getattr(args, name)
    return None if text is None else typist.whole(name, text, 1)


async def _change(
    desk: Desk, args: Namespace, read: Read, typist: Typist, fields: Collection[str]
) -> tuple[int | None, RuleSpec | None, list[Fault]]:
    """Give the rule that is changed, and what is made of it; None twice: the rules stay as they are."""
    rule = None if args.rule is None else (await find_rule(desk, args.rule)).rule
    if not any(hasattr(args, field) for field in fields):
        return None, None, []
    spec = await read(desk, args, everything() if rule is None else rule.spec, typist)
    return (None if rule is None else rule.id), spec, await rule_faults(desk, spec, rule)


def comparison_lines(found: Comparison) -> Iterator[str]:
    """Say what the change would come to."""
    yield _("{since} to {until}: {count} results replayed").format(
        since=local(found.since), until=local(found.until), count=f"{found.results:,}"
    )
    yield _("{before} become {after}, about {incidents}.").format(
        before=_notices(found.before), after=_notices(found.after), incidents=_incidents(found.after)
    )
    yield from _part(_("Told as it is"), found.before, found.channels)
    yield from _part(_("Told with the change"), found.after, found.channels)
    if found.before.cut_short or found.after.cut_short:
        yield _("There is too much in these days; the replay was cut short. Give fewer days.")


def _notices(replay: Replay) -> str:
    notices, messages = len(replay.sent), replay.messages()
    told = ngettext("{count} notice", "{count} notices", notices).format(count=notices)
    inside = ngettext("{count} message", "{count} messages", messages).format(count=messages)
    return f"{told} ({inside})"


def _incidents(replay: Replay) -> str:
    count = replay.incidents
    return ngettext("{count} incident", "{count} incidents", count).format(count=count)


def _part(title: str, replay: Replay, channels: Mapping[int, str]) -> Iterator[str]:
    yield ""
    yield title
    for (channel, kind), count in sorted(_by_channel(replay, channels).items()):
        yield f"  {channel}: {count} x {kind}"
    for gate, count in replay.held.items():
        yield "  " + _("held back {count} x: {gate}").format(count=count, gate=_shut(GATE_WORDS[gate]))
    if not replay.sent:
        yield "  " + _("nothing")


def _shut(fact: str) -> str:
    return _('not "{fact}"').format(fact=fact)


def _by_channel(replay: Replay, channels: Mapping[int, str]) -> Counter[tuple[str, str]]:
    return Counter(
        (channels.get(each.channel_id, str(each.channel_id)), NOTICE_WORDS[each.kind]) for each in replay.sent
    )


def comparison_document(found: Comparison) -> Document:
    """Give a comparison as JSON."""
    return {
        "since": iso(found.since),
        "until": iso(found.until),
        "results": found.results,
        "before": _document(found.before, found.channels),
        "after": _document(found.after, found.channels),
    }


def _document(replay: Replay, channels: Mapping[int, str]) -> Document:
    return {
        "messages": replay.messages(),
        "incidents": replay.incidents,
        "held": {gate.value: count for gate, count in replay.held.items()},
        "cut_short": replay.cut_short,
        "notices": [
            {
                "at": iso(each.at),
                "channel": channels.get(each.channel_id),
                "kind": each.kind.value,
                "service_id": each.service_id,
                "service": each.label,
            }
            for each in replay.sent
        ],
    }
