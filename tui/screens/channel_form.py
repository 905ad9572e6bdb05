"""The form of a channel, through which a test can be sent as it is typed."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import work
from textual.content import Content

from core.domain.channels import Channel, ChannelSpec, Delivery
from core.domain.faults import Fault
from core.errors import Refused, RondaError
from core.i18n import _
from core.operations.channels import add_channel, edit_channel, find_channel, test_channel, try_channel
from core.wording import error_text
from tui.desk import desk_of
from tui.formatting import safe
from tui.screens.channel_fields import (
    CHANNEL_FIELDS,
    PROVIDER_OPTIONS,
    TERMINAL,
    TERMINAL_OPTION,
    faults_of,
    fields_of,
    placed,
    provider_of,
    spec_of,
    spec_values,
)
from tui.screens.form import FormScreen
from tui.screens.sheet import Sheet, Values
from tui.widgets.editors import ChoiceEditor
from tui.widgets.fields import Field

UNTESTED = frozenset({"name", "active"})
"""Fields that a test does not read: their faults do not keep it from being sent."""


class ChannelForm(FormScreen[Channel]):
    """Makes or edits a channel; gives the channel as saved, or None.

    Use: ``app.push_screen(form.for_new(), saved)``, where the same form serves again and again.
    """

    DEFAULT_CSS = """
    ChannelForm #box { height: 30; }
    """
    FIELDS: ClassVar[tuple[Field, ...]] = CHANNEL_FIELDS

    def for_new(self) -> ChannelForm:
        """Open it empty."""
        first, _label = PROVIDER_OPTIONS[0]
        self.fill(Sheet(_("New channel"), spec_values(ChannelSpec(""), first)))
        return self

    def for_edit(self, channel: Channel) -> ChannelForm:
        """Open it with a channel."""
        self.fill(Sheet(_("Edit channel"), self.values_of(channel), channel))
        return self

    def _show_sheet(self, sheet: Sheet[Channel]) -> None:
        editor, builtin = self.rows["provider"].editor, sheet.values["provider"] == TERMINAL
        assert isinstance(editor, ChoiceEditor)
        editor.options = (TERMINAL_OPTION,) if builtin else PROVIDER_OPTIONS
        editor.disabled = builtin
        super()._show_sheet(sheet)

    def fields_of(self, values: Values) -> tuple[Field, ...]:
        """Give the fields of what carries the messages."""
        return fields_of(values["provider"])

    # What is saved.

    def values_of(self, stored: Channel) -> Values:
        """Give what the fields hold when this channel is edited."""
        return spec_values(stored.spec, provider_of(stored.spec))

    def domain_faults(self, values: Values) -> tuple[Fault, ...]:
        """Give what the domain finds wrong."""
        return faults_of(values)

    async def store(self, values: Values, stored: Channel | None) -> Channel:
        """Save it."""
        desk, spec = desk_of(self), spec_of(values)
        try:
            if stored is None:
                return await add_channel(desk, spec)
            return await edit_channel(desk, stored.id, stored.version, spec)
        except Refused as refused:
            raise Refused(placed(refused.faults, values["provider"])) from refused

    async def read_again(self, stored: Channel) -> Channel:
        """Give the channel as it is stored by now."""
        return await find_channel(desk_of(self), str(stored.id))

    # The test.

    def action_test(self) -> None:
        """Send a test through the channel as it is typed; its name may still be wrong."""
        in_the_way = {fault.field for fault in self.faults() if fault.field not in UNTESTED}
        if in_the_way:
            self.visit(in_the_way)
            self.tell_error(_("Not tested: some fields need another value first."))
            self.focus_first(in_the_way)
        else:
            self._test(self.rows.values())

    @work(exclusive=True, group="test", exit_on_error=False)
    async def _test(self, values: Values) -> None:
        self.tell(_("◌ sending a test …"))
        try:
            answer = await self._answer(values)
        except Refused as refused:
            self._show_refused(Refused(placed(refused.faults, values["provider"])))
        except RondaError as error:
            self.tell_error(error_text(error))
        else:
            self.tell(delivery_text(answer))

    async def _answer(self, values: Values) -> Delivery:
        desk, stored = desk_of(self), self._sheet.stored if self._sheet else None
        if values["provider"] == TERMINAL and stored is not None:
            return await test_channel(desk, stored.id)
        spec = spec_of(values)
        named = not any(fault.field == "name" for fault in spec.faults())
        return await try_channel(desk, spec if named else replace(spec, name=_("test")))


def delivery_text(delivery: Delivery) -> Content:
    """Say what the other side answered."""
    head = _("accepted") if delivery.accepted else _("not accepted")
    sign, colour = ("●", "$status-up") if delivery.accepted else ("✗", "$status-down")
    return Content.assemble((f"{sign} {head}", colour), f"  {safe(delivery.answer)}")
