"""``ronda rule``: add, list, edit, remove; ``test`` is in ``core.cli.backtest``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from core.cli import backtest
from core.cli.channel import ON_OFF, on_off
from core.cli.commands import Subparsers, add_command, add_noun, with_desk
from core.cli.figures import NOTHING, duration, iso
from core.cli.options import Option, add_json_option, add_options
from core.cli.output import Cell, Document, Output
from core.domain.incidents import FAILING
from core.domain.observations import Status
from core.domain.rules import RuleSpec
from core.domain.typed import Typist
from core.i18n import _
from core.operations import rules
from core.operations.channels import find_channel
from core.operations.clients import find_client
from core.operations.desk import Desk
from core.operations.lookup import refuse
from core.operations.rules import RuleLine, find_rule, rule_faults
from core.wording import STATUS_WORDS

RULE_OPTIONS = (
    Option("--name", "name", _("what it is called"), "NAME", required=True),
    Option(
        "--channel",
        "channel_ids",
        _("channel that it tells by, name or id; repeatable (all)"),
        "CHANNEL",
        cleared=(),
        repeatable=True,
    ),
    Option(
        "--client",
        "client_ids",
        _("client that it is for, name or id; repeatable (all)"),
        "CLIENT",
        cleared=(),
        repeatable=True,
    ),
    Option(
        "--tag",
        "tags",
        _("for services that have the tag, or whose client has; repeatable, one is enough (all)"),
        "TAG",
        cleared=(),
        repeatable=True,
    ),
    Option("--severity", "severity", _("degraded or down: the least that it tells of (degraded)"), "STATUS"),
    Option(
        "--hours",
        "hours",
        _("when it tells, like 'Mon-Fri 08:00-18:00' or '22:00-06:00'; repeatable (always)"),
        "HOURS",
        cleared=(),
        repeatable=True,
    ),
    Option("--zone", "zone", _("time zone of its hours, like Europe/Lisbon (UTC)"), "ZONE"),
    Option(
        "--after",
        "after_seconds",
        _("age at which it tells of an incident that nobody has acknowledged, like 15m (0)"),
        "DURATION",
    ),
    Option("--reminder", "reminder_seconds", _("how often it tells again; 0: never (4h)"), "DURATION"),
)
_SEVERITIES = {status.value: status for status in FAILING}


def register(commands: Subparsers) -> None:
    """Have the parser take the noun."""
    verbs = add_noun(commands, "rule", _("who is told of what, and when"))
    add = add_command(verbs, "add", _("add a rule"), with_desk(_add))
    listing = add_command(verbs, "list", _("list the rules"), with_desk(_list))
    edit = add_command(verbs, "edit", _("change a rule, switch it on or off"), with_desk(_edit))
    remove = add_command(verbs, "remove", _("remove a rule for good"), with_desk(_remove))
    for parser in (edit, remove):
        parser.add_argument("rule", metavar="RULE", help=_("name or id"))
    add_options(add, RULE_OPTIONS, ON_OFF)
    add_options(edit, RULE_OPTIONS, ON_OFF, editing=True)
    for parser in (add, listing, edit, remove):
        add_json_option(parser)
    backtest.register(verbs, RULE_OPTIONS, ON_OFF, rule_spec)


async def _add(desk: Desk, args: Namespace, output: Output) -> int:
    typist = Typist()
    spec = await rule_spec(desk, args, RuleSpec(""), typist)
    refuse(typist.faults(await rule_faults(desk, spec)))
    return _done(output, await rules.add_rule(desk, spec), _("Added the rule {name} (id {id})."))


async def _list(desk: Desk, _args: Namespace, output: Output) -> int:
    lines = await rules.list_rules(desk)
    output.data({"rules": [rule_document(line) for line in lines]}, _listing(output, lines))
    return 0


async def _edit(desk: Desk, args: Namespace, output: Output) -> int:
    rule, typist = (await find_rule(desk, args.rule)).rule, Typist()
    spec = await rule_spec(desk, args, rule.spec, typist)
    refuse(typist.faults(await rule_faults(desk, spec, rule)))
    saved = await rules.edit_rule(desk, rule.id, rule.version, spec)
    unchanged = saved.rule.version == rule.version
    sentence = _("Nothing of the rule {name} was changed.") if unchanged else _("Saved the rule {name}.")
    return _done(output, saved, sentence)


async def _remove(desk: Desk, args: Namespace, output: Output) -> int:
    line = await find_rule(desk, args.rule)
    return _done(output, await rules.remove_rule(desk, line.rule.id), _("Removed the rule {name}."))


async def rule_spec(desk: Desk, args: Namespace, base: RuleSpec, typist: Typist) -> RuleSpec:
    """Give what the options make of a rule; what cannot be read stays with the typist as a fault."""
    given = vars(args)
    texts = ("name", "zone", "active")
    fields: dict[str, Any] = {name: given[name] for name in texts if name in given}
    fields |= {name: tuple(dict.fromkeys(given[name])) for name in ("tags", "hours") if name in given}
    if "channel_ids" in given:
        found = [(await find_channel(desk, text)).id for text in given["channel_ids"]]
        fields["channel_ids"] = tuple(dict.fromkeys(found))
    if "client_ids" in given:
        found = [(await find_client(desk, text)).id for text in given["client_ids"]]
        fields["client_ids"] = tuple(dict.fromkeys(found))
    if "severity" in given:
        # Any other status is refused by the rule itself, in words that fit.
        fields["severity"] = _SEVERITIES.get(given["severity"].strip().lower(), Status.UNKNOWN)
    return replace(base, **fields | _durations(given, typist))


def _durations(given: Mapping[str, Any], typist: Typist) -> dict[str, float]:
    names = ("after_seconds", "reminder_seconds")
    return {name: typist.duration(name, given[name], 0.0) for name in names if name in given}


def _done(output: Output, line: RuleLine, sentence: str) -> int:
    """Tell what was done, and give the rule as it is now where JSON is wanted."""
    output.note(sentence.format(name=line.rule.spec.name, id=line.rule.id))
    output.data({"rule": rule_document(line)}, ())
    return 0


def rule_document(line: RuleLine) -> Document:
    """Give a rule with the names of its channels and clients."""
    rule, spec = line.rule, line.rule.spec
    return {
        "id": rule.id,
        "name": spec.name,
        "active": spec.active,
        "channel_ids": list(spec.channel_ids),
        "channels": list(line.channels),
        "client_ids": list(spec.client_ids),
        "clients": list(line.clients),
        "tags": list(spec.tags),
        "severity": spec.severity.value,
        "hours": list(spec.hours),
        "zone": spec.zone,
        "after_s": spec.after_seconds,
        "reminder_s": spec.reminder_seconds,
        "version": rule.version,
        "created_at": iso(rule.created_at),
        "updated_at": iso(rule.updated_at),
    }


def _listing(output: Output, lines: Iterable[RuleLine]) -> list[str]:
    rows = [_row(line) for line in lines]
    if not rows:
        return [_("There is no rule: every channel that is on is told of every incident, at once.")]
    heads = [
        _("ID"),
        _("NAME"),
        _("TELLS"),
        _("OF"),
        _("FROM"),
        _("WHEN"),
        _("AFTER"),
        _("AGAIN"),
        _("STATE"),
    ]
    return output.table(heads, rows)


def _row(line: RuleLine) -> tuple[Cell, ...]:
    spec = line.rule.spec
    whom = [*line.clients, *(_("tag {name}").format(name=tag) for tag in spec.tags)]
    when = f"{', '.join(spec.hours)} {spec.zone}" if spec.hours else _("always")
    return (
        Cell(str(line.rule.id), right=True),
        Cell(spec.name),
        Cell(", ".join(line.channels) or _("all")),
        Cell(", ".join(whom) or _("all")),
        Cell(STATUS_WORDS[spec.severity]),
        Cell(when),
        Cell(duration(spec.after_seconds) if spec.after_seconds else _("at once"), right=True),
        Cell(duration(spec.reminder_seconds) if spec.reminder_seconds else NOTHING, right=True),
        Cell(on_off(spec.active)),
    )
