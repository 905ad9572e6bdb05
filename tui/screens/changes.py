"""What every place can do to clients and services: open their forms, delete, pause, check."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from textual import work
from textual.worker import Worker

from core.domain.clients import Client
from core.domain.observations import Observation
from core.domain.services import Service
from core.errors import RondaError
from core.i18n import _
from core.operations.clients import remove_client, set_client_active
from core.operations.observing import check_now
from core.operations.services import remove_service, set_service_active
from core.wording import error_text
from tui.defects import tell_defect
from tui.desk import desk_of
from tui.formatting import safe
from tui.screens.client_form import ClientForm
from tui.screens.confirm import deleting_client, deleting_service
from tui.screens.place import PlaceScreen
from tui.screens.service_form import ServiceForm
from tui.widgets.outcome import outcome

Saved = TypeVar("Saved", Client, Service)

CLIENT_FORM = "client-form"
SERVICE_FORM = "service-form"
"""Names of the installed forms: each is composed at its first use and refilled from then on."""


class Changes(PlaceScreen):
    """A place whose clients and services can be changed.

    A place overrides ``client_saved`` and ``service_saved`` to put its cursor on what was saved.
    """

    @property
    def client_form(self) -> ClientForm:
        """The one form of clients."""
        if not self.app.is_screen_installed(CLIENT_FORM):
            self.app.install_screen(ClientForm(), CLIENT_FORM)
        return self.app.get_screen(CLIENT_FORM, ClientForm)

    @property
    def service_form(self) -> ServiceForm:
        """The one form of services."""
        if not self.app.is_screen_installed(SERVICE_FORM):
            self.app.install_screen(ServiceForm(), SERVICE_FORM)
        return self.app.get_screen(SERVICE_FORM, ServiceForm)

    def client_saved(self, client: Client) -> None:
        """Show a client that was just saved."""

    def service_saved(self, service: Service) -> None:
        """Show a service that was just saved."""

    # Forms

    def new_client(self) -> None:
        """Make a client."""
        self.app.push_screen(self.client_form.for_new(), _if_any(self.client_saved))

    def edit_client(self, client: Client) -> None:
        """Edit a client."""
        self.app.push_screen(self.client_form.for_edit(client), _if_any(self.client_saved))

    def new_service(self, client: Client | None) -> None:
        """Make a service, of a client if one is known."""
        try:
            interval = desk_of(self).default_interval_seconds
        except RondaError as error:
            self._tell_error(error)
            return
        self.app.push_screen(self.service_form.for_new(client, interval), _if_any(self.service_saved))

    def edit_service(self, service: Service, client: Client) -> None:
        """Edit a service."""
        self.app.push_screen(self.service_form.for_edit(service, client), _if_any(self.service_saved))

    def duplicate_service(self, service: Service, client: Client) -> None:
        """Make a service like another one."""
        form = self.service_form.for_duplicate(service, client)
        self.app.push_screen(form, _if_any(self.service_saved))

    # Deletions

    def delete_client(self, client: Client, services: int) -> None:
        """Delete a client with so many services, after asking."""

        async def remove() -> None:
            await remove_client(desk_of(self), client.id)
            self.ronda.deleted(client)

        self.app.push_screen(deleting_client(client, services), self._if_agreed(remove))

    def delete_service(self, service: Service, client: Client) -> None:
        """Delete a service, after asking."""

        async def remove() -> None:
            await remove_service(desk_of(self), service.id)
            self.ronda.deleted(service)

        self.app.push_screen(deleting_service(service, client), self._if_agreed(remove))

    def _if_agreed(self, change: Callable[[], Awaitable[object]]) -> Callable[[bool | None], None]:
        def go_on(agreed: bool | None) -> None:
            if agreed:
                self.change(change)

        return go_on

    # Changes without a form

    def pause_client(self, client: Client) -> None:
        """Pause a client, or resume it."""
        self.change(lambda: set_client_active(desk_of(self), client.id, not client.spec.active))

    def pause_service(self, service: Service) -> None:
        """Pause a service, or resume it."""
        self.change(lambda: set_service_active(desk_of(self), service.id, not service.spec.active))

    def check_service(self, service: Service) -> None:
        """Have a service checked now; the result is told if no process that leads will tell it."""

        async def check() -> None:
            self._tell_check(service, await check_now(desk_of(self), service.id))

        self.change(check)

    def _tell_check(self, service: Service, observation: Observation | None) -> None:
        title = safe(service.spec.name)
        if observation is None:
            self.notify(_("asked for a check"), title=title, markup=False)
        else:
            self.notify(outcome(observation).plain, title=title, markup=False)

    @work(group="change", exit_on_error=False)
    async def change(self, operation: Callable[[], Awaitable[object]]) -> None:
        """Run an operation; what it refuses is told."""
        try:
            await operation()
        except RondaError as error:
            self._tell_error(error)

    def _tell_error(self, error: RondaError) -> None:
        self.notify(safe(error_text(error)), severity="error", markup=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Tell a defect."""
        tell_defect(self.app, event)


def _if_any(then: Callable[[Saved], None]) -> Callable[[Saved | None], None]:
    def go_on(saved: Saved | None) -> None:
        if saved is not None:
            then(saved)

    return go_on
