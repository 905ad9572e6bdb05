"""``ronda channel``: add, list, edit, remove, test."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from core.cli.commands import Subparsers, add_command, add_noun, with_desk
from core.cli.figures import NOTHING, iso, local
from core.cli.options import Option, Switch, add_json_option, add_options
from core.cli.output import Cell, Document, Output
from core.cli.specs import typed_secret
from core.domain.channels import SHORTEST_SECRET, Channel, ChannelSpec
from core.domain.typed import Typist
from core.i18n import _
from core.operations import channels
from core.operations.channels import ChannelLine, channel_faults, find_channel
from core.operations.desk import Desk
from core.operations.lookup import refuse

CHANNEL_OPTIONS = (
    Option("--name", "name", _("what it is called"), "NAME", required=True),
    Option(
        "--kind",
        "kind",
        _("apprise: mail, chat, pagers; webhook: JSON that Ronda posts itself (apprise)"),
        "KIND",
    ),
    Option(
        "--url",
        "url",
        _("where messages go: an Apprise URL, or that of the webhook; - reads it from standard input"),
        "URL",
    ),
    Option(
        "--secret",
        "secret",
        _("signs the messages of a webhook, {least} characters at least; - as above").format(
            least=SHORTEST_SECRET
        ),
        "SECRET",
        cleared=None,
    ),
)
ON_OFF = (Switch("active", "--on", "--off", _("switched off: it stays, and does nothing")),)


def register(commands: Subparsers) -> None:
    """Have the parser take the noun."""
    verbs = add_noun(commands, "channel", _("ways in which people are told"))
    add = add_command(verbs, "add", _("add a channel"), with_desk(_add))
    listing = add_command(verbs, "list", _("list the channels and how delivery goes"), with_desk(_list))
    edit = add_command(verbs, "edit", _("change a channel, switch it on or off"), with_desk(_edit))
    remove = add_command(verbs, "remove", _("remove a channel for good"), with_desk(_remove))
    test = add_command(verbs, "test", _("send a test and show what was answered"), with_desk(_test))
    for parser in (edit, remove, test):
        parser.add_argument("channel", metavar="CHANNEL", help=_("name or id"))
    add_options(add, CHANNEL_OPTIONS, ON_OFF)
    add_options(edit, CHANNEL_OPTIONS, ON_OFF, editing=True)
    for parser in (add, listing, edit, remove, test):
        add_json_option(parser)


async def _add(desk: Desk, args: Namespace, output: Output) -> int:
    typist = Typist()
    spec = _spec(args, ChannelSpec(""), typist)
    refuse(typist.faults(await channel_faults(desk, spec)))
    return _done(output, await channels.add_channel(desk, spec), _("Added the channel {name} (id {id})."))


async def _list(desk: Desk, _args: Namespace, output: Output) -> int:
    lines = await channels.list_channels(desk)
    output.data({"channels": [_line_document(line) for line in lines]}, _table(output, lines))
    return 0


async def _edit(desk: Desk, args: Namespace, output: Output) -> int:
    channel, typist = await find_channel(desk, args.channel), Typist()
    spec = _spec(args, channel.spec, typist)
    refuse(typist.faults(await channel_faults(desk, spec, channel.spec)))
    saved = await channels.edit_channel(desk, channel.id, channel.version, spec)
    unchanged = saved.version == channel.version
    sentence = (
        _("Nothing of the channel {name} was changed.") if unchanged else _("Saved the channel {name}.")
    )
    return _done(output, saved, sentence)


async def _remove(desk: Desk, args: Namespace, output: Output) -> int:
    channel = await find_channel(desk, args.channel)
    removed = await channels.remove_channel(desk, channel.id)
    return _done(output, removed, _("Removed the channel {name}."))


async def _test(desk: Desk, args: Namespace, output: Output) -> int:
    channel = await find_channel(desk, args.channel)
    delivery = await channels.test_channel(desk, channel.id)
    head = _("accepted") if delivery.accepted else _("not accepted")
    document = {
        "channel": {"id": channel.id, "name": channel.spec.name},
        "accepted": delivery.accepted,
        "answer": delivery.answer,
    }
    output.data(document, output.pairs([(head, delivery.answer)]))
    return int(not delivery.accepted)


def _spec(args: Namespace, base: ChannelSpec, typist: Typist) -> ChannelSpec:
    given = vars(args)
    fields: dict[str, Any] = {name: given[name] for name in ("name", "active") if name in given}
    if "kind" in given:
        fields["kind"] = typist.choice("kind", given["kind"], base.kind)
    fields |= typed_secret(given, "url", _("URL: ")) | typed_secret(given, "secret", _("Secret: "))
    return replace(base, **fields)


def _done(output: Output, channel: Channel, sentence: str) -> int:
    """Tell what was done, and give the channel as it is now where JSON is wanted."""
    output.note(sentence.format(name=channel.spec.name, id=channel.id))
    output.data({"channel": channel_document(channel)}, ())
    return 0


def channel_document(channel: Channel) -> Document:
    """Give a channel without its secrets."""
    spec = channel.spec
    return {
        "id": channel.id,
        "name": spec.name,
        "kind": spec.kind.value,
        "url": spec.shown_url,
        "has_secret": spec.secret is not None,
        "active": spec.active,
        "version": channel.version,
        "created_at": iso(channel.created_at),
        "updated_at": iso(channel.updated_at),
    }


def _line_document(line: ChannelLine) -> Document:
    delivery = line.delivery
    return {
        **channel_document(line.channel),
        "waiting": delivery.waiting,
        "failed_24h": delivery.failed,
        "last_sent_at": iso(delivery.last_sent_at),
        "last_error": delivery.last_error,
    }


def _table(output: Output, lines: Iterable[ChannelLine]) -> list[str]:
    rows = [
        (
            Cell(str(line.channel.id), right=True),
            Cell(line.channel.spec.name),
            Cell(line.channel.spec.kind.value),
            Cell(line.channel.spec.shown_url or NOTHING),
            Cell(on_off(line.channel.spec.active)),
            Cell(str(line.delivery.waiting), right=True),
            Cell(str(line.delivery.failed), right=True),
            Cell(local(line.delivery.last_sent_at)),
            Cell(line.delivery.last_error or ""),
        )
        for line in lines
    ]
    heads = [_("ID"), _("NAME"), _("KIND"), _("TO"), _("STATE")]
    return output.table([*heads, _("WAITING"), _("FAILED"), _("LAST SENT"), _("LAST ERROR")], rows)


def on_off(active: bool) -> str:
    """Say whether a channel or a rule is switched on."""
    return _("on") if active else _("off")
