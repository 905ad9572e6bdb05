"""The form of a client."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import ClassVar

from core.domain.clients import Client, ClientSpec
from core.domain.faults import Fault
from core.i18n import _
from core.operations.clients import add_client, edit_client, get_client
from tui.desk import desk_of
from tui.screens.form import FormScreen
from tui.screens.sheet import Sheet, Values
from tui.widgets import values
from tui.widgets.editors import AreaEditor, LineEditor, SwitchEditor
from tui.widgets.fields import Field

CLIENT_FIELDS: tuple[Field, ...] = (
    Field(
        "name",
        _("The company looked after, as the board shows it. No other client may have the same name."),
        "Northwind Bank",
        parse=values.exact,
    ),
    Field(
        "dns",
        _(
            "The base address. Services may then name just a path below it. "
            "Without http:// or https:// it means https."
        ),
        "api.northwind.example",
    ),
    Field(
        "api_key",
        _(
            "A secret, kept encrypted. Headers of services may refer to it as {api_key}. "
            "F3 shows it; emptying the field takes it away."
        ),
        editor=partial(LineEditor, secret=True),
        parse=values.secret,
        format=values.secret_text,
        reveal=values.revealed_secret,
    ),
    Field(
        "description",
        _("What this client is and who answers there, for whoever is on call."),
        "Payments. NOC: +44 20 7946 0000",
        editor=partial(AreaEditor, lines=2),
        parse=values.exact,
    ),
    Field(
        "tags",
        _("Words to filter by, apart by commas."),
        "gold, eu",
        parse=values.tags,
        format=values.tags_text,
    ),
    Field(
        "active",
        _("No pauses every service of this client: nothing is checked until it is active again."),
        editor=SwitchEditor,
        parse=values.yes_or_no,
        format=values.yes_or_no_text,
    ),
    Field(
        "runbook_url",
        _("What to do when something is down: a page that whoever is on call can open."),
        "https://wiki.example/northwind",
        advanced=True,
    ),
    Field(
        "notes",
        _("Anything worth knowing at 3 a.m."),
        editor=partial(AreaEditor, lines=3),
        parse=values.exact,
        advanced=True,
    ),
)


class ClientForm(FormScreen[Client]):
    """Makes or edits a client; gives the client as saved, or None.

    Use: ``app.push_screen(form.for_new(), saved)``, where the same form serves again and again.
    """

    DEFAULT_CSS = """
    ClientForm #box { height: 32; }
    """
    FIELDS: ClassVar[tuple[Field, ...]] = CLIENT_FIELDS

    def for_new(self) -> ClientForm:
        """Open it empty."""
        self.fill(Sheet(_("New client"), spec_values(ClientSpec(name=""))))
        return self

    def for_edit(self, client: Client) -> ClientForm:
        """Open it with a client."""
        self.fill(Sheet(_("Edit client"), self.values_of(client), client))
        return self

    def values_of(self, stored: Client) -> Values:
        """Give what the fields hold when this client is edited."""
        return spec_values(stored.spec)

    def domain_faults(self, values: Values) -> tuple[Fault, ...]:
        """Give what the domain finds wrong."""
        return ClientSpec(**values).faults()

    async def store(self, values: Values, stored: Client | None) -> Client:
        """Save it."""
        desk, spec = desk_of(self), ClientSpec(**values)
        if stored is None:
            return await add_client(desk, spec)
        return await edit_client(desk, stored.id, stored.version, spec)

    async def read_again(self, stored: Client) -> Client:
        """Give the client as it is stored by now."""
        return await get_client(desk_of(self), stored.id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A client cannot be tested: only its services are checked."""
        return action != "test"


def spec_values(spec: ClientSpec) -> Values:
    """Give the fields of a client by name."""
    return {field.name: getattr(spec, field.name) for field in dataclasses.fields(spec)}
