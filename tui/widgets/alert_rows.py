"""What a row says of a channel, of a rule, of a maintenance window and of a message."""

from __future__ import annotations

from datetime import datetime

from core.domain.channels import ChannelKind
from core.domain.maintenance import Scope, WindowSpec
from core.domain.notices import DeliveryHealth, MessageState, OutboxEntry
from core.domain.observations import Status
from core.i18n import _
from core.operations.channels import ChannelLine
from core.operations.maintenance import WindowLine
from core.operations.outbox import MessageLine
from core.operations.rules import RuleLine
from core.wording import MESSAGE_WORDS, STATUS_WORDS
from tui.formatting import NOTHING, age, local_minute, safe
from tui.glyphs import STATUS_GLYPHS
from tui.widgets.table import Column, Span, TableRow
from tui.widgets.values import duration_text

CHANNEL_COLUMNS = (
    Column(_("channel"), 14, stretch=2),
    Column(_("state"), 5),
    Column(_("to"), 15, stretch=2),
    Column(_("delivery"), 16),
    Column(_("last error"), 14, stretch=4),
)
RULE_COLUMNS = (
    Column(_("rule"), 12, stretch=2),
    Column(_("state"), 5),
    Column(_("channels"), 12, stretch=2),
    Column(_("for"), 12, stretch=3),
    Column(_("from"), 8, dropped=1),
    Column(_("hours"), 11, stretch=2, dropped=2),
    Column(_("after"), 5, right=True),
    Column(_("again"), 5, right=True),
)
WINDOW_COLUMNS = (
    Column(_("state"), 6),
    Column(_("open"), 16, stretch=1),
    Column(_("for"), 14, stretch=2),
    Column(_("comes"), 11, stretch=1),
    Column(_("reason"), 14, stretch=4),
    Column(_("by"), 8, dropped=1),
)
MESSAGE_COLUMNS = (
    Column(_("state"), 10),
    Column(_("made"), 4, right=True),
    Column(_("channel"), 11, stretch=1),
    Column(_("tells"), 18, stretch=4),
    Column(_("tries"), 5, right=True),
    Column(_("next"), 5, dropped=1),
    Column(_("last error"), 12, stretch=4),
)
_MESSAGE_LOOKS = {
    MessageState.WAITING: ("◌", "foreground"),
    MessageState.SENT: (STATUS_GLYPHS[Status.UP], "up"),
    MessageState.FAILED: (STATUS_GLYPHS[Status.DOWN], "down"),
    MessageState.DROPPED: (STATUS_GLYPHS[Status.PAUSED], "quiet"),
}


def channel_row(line: ChannelLine, now: datetime, *, sending: bool) -> TableRow:
    """Give the row of a channel; ``sending`` while a test is under way."""
    spec = line.channel.spec
    to = _("open consoles") if spec.kind is ChannelKind.TERMINAL else spec.shown_url
    test: Span = (_("◌ sending …"), "accent")
    return TableRow(
        line.channel.id,
        (
            _name(spec.name, spec.active),
            _state(spec.active),
            ((safe(to), "quiet"),),
            (test if sending else _delivery(line.delivery, now),),
            ((safe(line.delivery.last_error or ""), "degraded"),),
        ),
    )


def _name(name: str, active: bool) -> tuple[Span, ...]:
    return ((safe(name), "strong" if active else "quiet"),)


def _state(active: bool) -> tuple[Span, ...]:
    if active:
        return ((f"{STATUS_GLYPHS[Status.UP]} {_('on')}", "up"),)
    return ((f"{STATUS_GLYPHS[Status.PAUSED]} {_('off')}", "paused"),)


def _delivery(health: DeliveryHealth, now: datetime) -> Span:
    if health.failed:
        text = _("{count} given up").format(count=health.failed)
        return f"{STATUS_GLYPHS[Status.DOWN]} {text}", "down"
    if health.waiting:
        return _("{count} waiting").format(count=health.waiting), "degraded" if health.last_error else "quiet"
    if health.last_sent_at is not None:
        when = age((now - health.last_sent_at).total_seconds())
        return _("last sent: {age}").format(age=when), "quiet"
    return _("nothing sent yet"), "faint"


def rule_row(line: RuleLine) -> TableRow:
    """Give the row of a rule."""
    spec = line.rule.spec
    about = " · ".join(filter(None, (", ".join(line.clients), ", ".join(spec.tags))))
    return TableRow(
        line.rule.id,
        (
            _name(spec.name, spec.active),
            _state(spec.active),
            _or_all(", ".join(line.channels)),
            _or_all(about),
            ((STATUS_WORDS[spec.severity], spec.severity.value),),
            ((safe(", ".join(spec.hours)) or _("always"), "quiet"),),
            ((duration_text(spec.after_seconds), "quiet"),),
            ((duration_text(spec.reminder_seconds) if spec.reminder_seconds else NOTHING, "quiet"),),
        ),
    )


def _or_all(text: str) -> tuple[Span, ...]:
    return ((safe(text), "foreground"),) if text else ((_("all"), "quiet"),)


def window_row(line: WindowLine, now: datetime) -> TableRow:
    """Give the row of a maintenance window."""
    window = line.window
    spec = window.spec
    return TableRow(
        window.id,
        (
            _openness(line),
            (_opening(line, now),),
            ((_subject(spec, line.subject), "foreground"),),
            ((safe(spec.cron) if spec.recurs else _("once"), "quiet"),),
            ((safe(spec.reason), "foreground"),),
            ((safe(window.created_by), "quiet"),),
        ),
    )


def _openness(line: WindowLine) -> tuple[Span, ...]:
    if line.open is not None:
        return ((f"{STATUS_GLYPHS[Status.MAINTENANCE]} {_('open')}", Status.MAINTENANCE.value),)
    return ((f"◌ {_('shut')}", "quiet"),) if line.next is not None else ((_("over"), "faint"),)


def _opening(line: WindowLine, now: datetime) -> Span:
    if line.open is not None:
        return _("until {time}").format(time=local_minute(line.open.ends_at, now)), "foreground"
    if line.next is not None:
        return local_minute(line.next.begins_at, now), "quiet"
    return NOTHING, "faint"


def _subject(spec: WindowSpec, name: str) -> str:
    if spec.scope is Scope.ALL:
        return _("everything")
    return _("tag {tag}").format(tag=safe(spec.tag)) if spec.scope is Scope.TAG else safe(name)


def message_row(line: MessageLine, now: datetime) -> TableRow:
    """Give the row of a message."""
    entry = line.entry
    sign, colour = _MESSAGE_LOOKS[entry.state]
    failing = entry.state in (MessageState.WAITING, MessageState.FAILED)
    return TableRow(
        entry.id,
        (
            ((f"{sign} {MESSAGE_WORDS[entry.state]}", _waiting_colour(entry, colour)),),
            ((age((now - entry.created_at).total_seconds()), "quiet"),),
            ((safe(line.channel), "foreground"),),
            ((safe(line.title) or NOTHING, "foreground" if failing else "quiet"),),
            ((str(entry.attempts), "quiet"),),
            ((_due(entry, now), "quiet"),),
            ((safe(entry.error or "") if failing else "", "degraded"),),
        ),
    )


def _waiting_colour(entry: OutboxEntry, colour: str) -> str:
    return "degraded" if entry.state is MessageState.WAITING and entry.error else colour


def _due(entry: OutboxEntry, now: datetime) -> str:
    if entry.state is not MessageState.WAITING:
        return ""
    return local_minute(entry.due_at, now) if entry.due_at > now else _("now")
