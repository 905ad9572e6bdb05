"""What the place of alerts can do: open forms, delete, switch, send a test, send again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from core.domain.channels import Channel
from core.domain.maintenance import Window
from core.domain.rules import Rule
from core.i18n import _
from core.operations.channels import edit_channel, remove_channel, test_channel
from core.operations.maintenance import WindowLine, end_window
from core.operations.outbox import retry_message
from core.operations.rules import RuleLine, edit_rule, remove_rule
from tui.desk import desk_of
from tui.formatting import safe
from tui.screens.channel_form import ChannelForm, delivery_text
from tui.screens.confirm import Confirm
from tui.screens.form import FormScreen
from tui.screens.rereading import Rereading
from tui.screens.rule_form import RuleForm
from tui.screens.window_form import WindowForm

_Form = TypeVar("_Form", ChannelForm, RuleForm, WindowForm)
_Saved = TypeVar("_Saved", Channel, Rule, Window)


class AlertChanges(Rereading):
    """A place whose channels, rules, windows and messages can be changed."""

    def __init__(self) -> None:
        super().__init__()
        self.sending: frozenset[int] = frozenset()
        """Channels through which a test is being sent."""
        self.wished: int | None = None
        """What was just saved: the cursor goes to it as soon as it is shown."""

    # Forms

    def _form(self, kind: type[_Form]) -> _Form:
        """Give the one form of its kind: it is composed at its first use and refilled from then on."""
        name = kind.__name__
        if not self.app.is_screen_installed(name):
            self.app.install_screen(kind(), name)
        return self.app.get_screen(name, kind)

    def _open(self, form: FormScreen[_Saved]) -> None:
        def go_on(saved: _Saved | None) -> None:
            if saved is not None:
                self.wished = saved.id
                self.handled()

        self.app.push_screen(form, go_on)

    def new_channel(self) -> None:
        """Make a channel."""
        self._open(self._form(ChannelForm).for_new())

    def edit_channel(self, channel: Channel) -> None:
        """Edit a channel."""
        self._open(self._form(ChannelForm).for_edit(channel))

    def new_rule(self) -> None:
        """Make a rule."""
        self._open(self._form(RuleForm).for_new())

    def edit_rule(self, line: RuleLine) -> None:
        """Edit a rule."""
        self._open(self._form(RuleForm).for_edit(line))

    def new_window(self) -> None:
        """Make a maintenance window."""
        self._open(self._form(WindowForm).for_new())

    def duplicate_window(self, window: Window) -> None:
        """Make a maintenance window like another one."""
        self._open(self._form(WindowForm).for_duplicate(window))

    # Deletions

    def delete_channel(self, channel: Channel) -> None:
        """Delete a channel, after asking."""
        question = _("Delete the channel {name}?").format(name=channel.spec.name)
        self._confirm(question, _gone_for_good(), lambda: remove_channel(desk_of(self), channel.id))

    def delete_rule(self, rule: Rule) -> None:
        """Delete a rule, after asking."""
        question = _("Delete the rule {name}?").format(name=rule.spec.name)
        self._confirm(question, _gone_for_good(), lambda: remove_rule(desk_of(self), rule.id))

    def end_window(self, line: WindowLine) -> None:
        """End a maintenance window, after asking."""
        question = _("End the maintenance “{reason}”?").format(reason=line.window.spec.reason)
        detail = _("It is over at once and does not come again. What is still wrong is told.")
        self._confirm(question, detail, lambda: end_window(desk_of(self), line.window.id), yes=_("End it"))

    def _confirm(
        self, question: str, detail: str, operation: Callable[[], Awaitable[object]], *, yes: str = ""
    ) -> None:
        def go_on(agreed: bool | None) -> None:
            if agreed:
                self.carry_out(operation)

        self.app.push_screen(Confirm(question, detail, yes=yes or _("Delete"), no=_("Keep")), go_on)

    # Changes without a form

    def carry_out(self, operation: Callable[[], Awaitable[object]]) -> None:
        """Run an operation, and show what has become of it; what it refuses is told."""

        async def run() -> None:
            await operation()
            self.handled()

        self.change(run)

    def switch_channel(self, channel: Channel) -> None:
        """Switch a channel on or off."""
        spec = replace(channel.spec, active=not channel.spec.active)
        self.carry_out(lambda: edit_channel(desk_of(self), channel.id, channel.version, spec))

    def switch_rule(self, rule: Rule) -> None:
        """Switch a rule on or off."""
        spec = replace(rule.spec, active=not rule.spec.active)
        self.carry_out(lambda: edit_rule(desk_of(self), rule.id, rule.version, spec))

    def send_test(self, channel: Channel) -> None:
        """Send a test through a channel, and tell what the other side answers."""
        if channel.id in self.sending:
            return

        async def send() -> None:
            self._sends(self.sending | {channel.id})
            try:
                delivery = await test_channel(desk_of(self), channel.id)
            finally:
                self._sends(self.sending - {channel.id})
            self.notify(
                delivery_text(delivery).plain,
                title=safe(channel.spec.name),
                severity="information" if delivery.accepted else "error",
                markup=False,
            )

        self.carry_out(send)

    def _sends(self, channel_ids: frozenset[int]) -> None:
        self.sending = channel_ids
        if self.is_mounted:
            self.show_all()

    def send_again(self, notification_id: int) -> None:
        """Have a message sent again."""

        async def send() -> None:
            await retry_message(desk_of(self), notification_id)
            self.notify(_("it is sent again at once"), markup=False)

        self.carry_out(send)


def _gone_for_good() -> str:
    return _("It is gone for good; its name is free again.")
