"""The form of a service, which can be checked as it is typed before it is saved."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from textual import on, work

from core.domain.clients import Client, ClientSpec
from core.domain.faults import Fault
from core.domain.kinds import Kind
from core.domain.services import DEFAULT_TIMEOUT_SECONDS, Service, ServiceSpec
from core.errors import RondaError
from core.i18n import _
from core.operations.clients import list_clients
from core.operations.depending import service_labels
from core.operations.observing import test_check
from core.operations.services import add_service, edit_service, get_service
from core.operations.validating import service_faults
from core.wording import KIND_WORDS, error_text
from tui.desk import desk_of
from tui.screens.form import FormScreen
from tui.screens.kind_fields import fields_of, kind_named_by
from tui.screens.service_fields import SERVICE_FIELDS
from tui.screens.sheet import Sheet, Values
from tui.widgets.editors import ChoiceEditor
from tui.widgets.fields import Field, FieldRow
from tui.widgets.outcome import outcome

NO_CLIENT = ClientSpec(name="")
"""Stands for the client until one is chosen: a check of an absolute address needs none."""
NO_PARENT = ("", _("none"))
"""The option of a service that depends on nothing."""
UNTESTED = frozenset({"name", "client", "parent_id", "tags", "runbook_url", "notes"})
"""Fields that a check does not read: their faults do not keep it from being tested."""


class ServiceForm(FormScreen[Service]):
    """Makes, copies or edits a service; gives the service as saved, or None.

    Use: ``app.push_screen(form.for_edit(service, client), saved)``, where the same form serves again and
    again. The list of clients is read while the form is open.
    """

    DEFAULT_CSS = """
    ServiceForm #box { height: 44; }
    """
    FIELDS: ClassVar[tuple[Field, ...]] = SERVICE_FIELDS

    def __init__(self) -> None:
        super().__init__()
        self._clients: dict[str, Client] = {}
        self._address_seen = ""
        """The address that the kind has followed already."""

    # Opening.

    def for_new(self, client: Client | None, interval_seconds: float) -> ServiceForm:
        """Open it for a new service, of a client if one is known; the interval is the desk's default."""
        timeout = min(DEFAULT_TIMEOUT_SECONDS, interval_seconds)
        spec = ServiceSpec("", "", interval_seconds=interval_seconds, timeout_seconds=timeout)
        self._open(_("New service"), spec, client, None)
        return self

    def for_edit(self, service: Service, client: Client) -> ServiceForm:
        """Open it with a service; it stays with its client."""
        self._open(_("Edit service"), service.spec, client, service)
        return self

    def for_duplicate(self, service: Service, client: Client) -> ServiceForm:
        """Open it for a new service like another one, under a name still to be given."""
        spec = dataclasses.replace(service.spec, name="")
        title = _("Duplicate {name}").format(name=service.spec.name)
        self._open(title, spec, client, None)
        return self

    def _open(self, title: str, spec: ServiceSpec, client: Client | None, stored: Service | None) -> None:
        self._know([client] if client else [])
        self.fill(Sheet(title, spec_values(spec, str(client.id) if client else ""), stored))

    def _show_sheet(self, sheet: Sheet[Service]) -> None:
        self._offer_clients()
        self._address_seen = sheet.values["endpoint"]
        self._chooser.disabled = sheet.stored is not None
        super()._show_sheet(sheet)
        self._offer_parents({})
        if sheet.values["parent_id"] is not None:
            self._read_parents()
        if sheet.stored is None:
            self._read_clients()

    @property
    def _chooser(self) -> ChoiceEditor:
        editor = self.rows["client"].editor
        assert isinstance(editor, ChoiceEditor)
        return editor

    def first_row(self) -> FieldRow:
        """Begin with the name, or with the client where none is known."""
        return self.rows["name" if self._chooser.text else "client"]

    @work(exclusive=True, group="clients", exit_on_error=False)
    async def _read_clients(self) -> None:
        try:
            clients = await list_clients(desk_of(self))
        except RondaError as error:
            self.tell_error(error_text(error))
            return
        self._know(clients)
        self._offer_clients()
        if not clients:
            self.tell_error(_("There is no client yet. Press Esc and make one first."))

    def _know(self, clients: Iterable[Client]) -> None:
        self._clients = {str(client.id): client for client in clients}

    def _offer_clients(self) -> None:
        self._chooser.options = tuple((key, client.spec.name) for key, client in self._clients.items())

    @on(FieldRow.Entered)
    def look_for_parents(self, event: FieldRow.Entered) -> None:
        """Read the services only for whoever comes to choose one: there may be many."""
        if event.row.field.name == "parent_id":
            self._read_parents()

    @work(exclusive=True, group="parents", exit_on_error=False)
    async def _read_parents(self) -> None:
        try:
            self._offer_parents(await service_labels(desk_of(self)))
        except RondaError as error:
            self.tell_error(error_text(error))

    def _offer_parents(self, labels: Mapping[int, str]) -> None:
        """Offer every service but this one; the one that it depends on stays, even from the bin."""
        editor, stored = self.rows["parent_id"].editor, self._sheet.stored if self._sheet else None
        assert isinstance(editor, ChoiceEditor)
        offered = {str(key): label for key, label in labels.items() if stored is None or key != stored.id}
        if labels and editor.text and editor.text not in offered:
            offered[editor.text] = _("number {id}, which is in the bin").format(id=editor.text)
        editor.options = (NO_PARENT, *offered.items())

    # Kinds.

    def fields_of(self, values: Values) -> tuple[Field, ...]:
        """Give the fields of the kind that is chosen."""
        return fields_of(values["kind"], values["auth"])

    def follow(self) -> None:
        """Let the kind follow a new address that names one by its scheme."""
        address, row = self.rows["endpoint"].editor.text.strip(), self.rows["kind"]
        if address == self._address_seen:
            return
        self._address_seen = address
        kind = kind_named_by(address)
        if kind not in (None, row.value()):
            row.editor.text = kind.value
            self.show_fields()
            self.tell(_("The kind is {kind} now, as the address says.").format(kind=KIND_WORDS[kind]))

    # What is saved.

    def values_of(self, stored: Service) -> Values:
        """Give what the fields hold when this service is edited."""
        return spec_values(stored.spec, str(stored.client_id))

    def domain_faults(self, values: Values) -> tuple[Fault, ...]:
        """Give what is wrong with the service, seen from the client that is chosen."""
        spec, client = self._specs(values)
        faults = service_faults(spec, client)
        return faults if values["client"] else (Fault("client", "required"), *faults)

    async def store(self, values: Values, stored: Service | None) -> Service:
        """Save it."""
        desk, (spec, _client) = desk_of(self), self._specs(values)
        if stored is None:
            return await add_service(desk, int(values["client"]), spec)
        return await edit_service(desk, stored.id, stored.version, spec)

    async def read_again(self, stored: Service) -> Service:
        """Give the service as it is stored by now."""
        return await get_service(desk_of(self), stored.id)

    def _specs(self, values: Values) -> tuple[ServiceSpec, ClientSpec]:
        """Give service and client; what a hidden field holds means nothing, so the default stands."""
        meant = {field.name for field in self.fields_of(values)} - {"client"}
        decided: dict[str, Any] = {"endpoint": "", **{name: values[name] for name in meant}}
        client = self._clients.get(values["client"])
        return ServiceSpec(**decided), client.spec if client else NO_CLIENT

    # The test.

    def action_test(self) -> None:
        """Run the check as it is typed; fields that it does not read may still be wrong."""
        self.follow()
        if self.rows["kind"].value() is Kind.HEARTBEAT:
            self.tell_error(
                _(
                    "A heartbeat cannot be tested: nothing is checked, its job reports in. "
                    "Save it and run 'ronda beat NAME'."
                )
            )
            return
        in_the_way = {fault.field for fault in self.faults() if fault.field not in UNTESTED}
        if in_the_way:
            self.visit(in_the_way)
            self.tell_error(_("Not tested: some fields need another value first."))
            self.focus_first(in_the_way)
        else:
            self._test(self.rows.values())

    @work(exclusive=True, group="test", exit_on_error=False)
    async def _test(self, values: Values) -> None:
        spec, client = self._specs({**values, "name": _("test"), "tags": (), "runbook_url": "", "notes": ""})
        self.tell(_("◌ testing {url} …").format(url=spec.target(client)))
        try:
            observation = await test_check(desk_of(self), client, spec)
        except RondaError as error:
            self.tell_error(error_text(error))
        else:
            self.tell(outcome(observation))


def spec_values(spec: ServiceSpec, client: str) -> Values:
    """Give the fields of a service by name, with the key of its client."""
    decided = {field.name: getattr(spec, field.name) for field in dataclasses.fields(spec)}
    return {"client": client, **decided}
