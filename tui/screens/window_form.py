"""The form of a maintenance window: once, or again and again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from textual import work

from core.domain.faults import Fault
from core.domain.maintenance import Scope, Window, WindowSpec
from core.errors import NotFound, Refused, RondaError
from core.i18n import _
from core.operations.clients import list_clients
from core.operations.depending import service_labels
from core.operations.maintenance import add_window, list_windows, window_faults
from core.wording import error_text
from tui.desk import desk_of
from tui.screens.acknowledging import RadioEditor
from tui.screens.form import FormScreen
from tui.screens.sheet import Sheet, Values
from tui.until import until_of
from tui.widgets import values
from tui.widgets.editors import ChoiceEditor, LineEditor
from tui.widgets.fields import Field
from tui.widgets.values import Unreadable

ONCE, AGAIN = "once", "again"
SCOPES = (
    (Scope.ALL.value, _("everything")),
    (Scope.TAG.value, _("a tag")),
    (Scope.CLIENT.value, _("a client")),
    (Scope.SERVICE.value, _("a service")),
)
WINDOW_FIELDS: tuple[Field, ...] = (
    Field("reason", _("Why, for whoever asks later."), "database upgrade", parse=values.exact),
    Field(
        "scope",
        _("Whose services are in maintenance."),
        editor=partial(ChoiceEditor, SCOPES),
        parse=values.one_of(Scope),
        title=_("For"),
    ),
    Field("tag", _("Services that have the tag, or whose client has."), "eu", title=_("Tag")),
    Field(
        "client_id", _("Every service of this client."), editor=partial(ChoiceEditor, ()), title=_("Client")
    ),
    Field("service_id", _("This service alone."), editor=partial(ChoiceEditor, ()), title=_("Service")),
    Field(
        "when",
        _("Whether it is once, or comes again by a cron expression."),
        editor=partial(RadioEditor, ((ONCE, _("once")), (AGAIN, _("again and again")))),
        title=_("When"),
    ),
    Field(
        "starts_at",
        _("When it begins: a time of day, a moment, or how long from now. Empty: now."),
        "22:30\n2026-12-01 22:30\n2h",
    ),
    Field(
        "ends_at",
        _("When it ends: how long it lasts, a time of day after its beginning, or a moment."),
        "90m\n02:00\n2026-12-02 02:00",
    ),
    Field(
        "cron",
        _("When it begins each time: minute, hour, day of the month, month, weekday."),
        "0 2 * * SUN",
    ),
    Field(
        "duration_seconds",
        _("How long it lasts each time."),
        "90m",
        editor=partial(LineEditor, number=True),
        parse=values.duration,
        format=values.duration_text,
    ),
    Field("zone", _("The time zone in which the cron expression is meant."), "Europe/Lisbon"),
)
_OF_SCOPE = {Scope.ALL: "", Scope.TAG: "tag", Scope.CLIENT: "client_id", Scope.SERVICE: "service_id"}
_ONLY_ONCE = frozenset({"starts_at", "ends_at"})
_ONLY_AGAIN = frozenset({"cron", "duration_seconds", "zone"})
NEW: Values = {
    "reason": "", "scope": Scope.SERVICE, "tag": "", "client_id": "", "service_id": "", "when": ONCE,
    "starts_at": "", "ends_at": "1h", "cron": "", "duration_seconds": 3600.0, "zone": "UTC",
}  # fmt: skip


class WindowForm(FormScreen[Window]):
    """Makes a maintenance window; gives the window as saved, or None. One that is there only ends.

    Use: ``app.push_screen(form.for_new(), saved)``, where the same form serves again and again.
    """

    DEFAULT_CSS = """
    WindowForm #box { height: 26; }
    """
    FIELDS: ClassVar[tuple[Field, ...]] = WINDOW_FIELDS

    def for_new(self) -> WindowForm:
        """Open it empty."""
        self.fill(Sheet(_("New maintenance window"), NEW))
        return self

    def for_service(self, service_id: int) -> WindowForm:
        """Open it for one service."""
        sheet: Values = {**NEW, "scope": Scope.SERVICE, "service_id": str(service_id)}
        self.fill(Sheet(_("New maintenance window"), sheet))
        return self

    def for_duplicate(self, window: Window) -> WindowForm:
        """Open it for a new window like another one."""
        self.fill(Sheet(_("Another maintenance window"), self.values_of(window)))
        return self

    def _show_sheet(self, sheet: Sheet[Window]) -> None:
        super()._show_sheet(sheet)
        self._read_names()

    @work(exclusive=True, group="names", exit_on_error=False)
    async def _read_names(self) -> None:
        desk = desk_of(self)
        try:
            clients = await list_clients(desk)
            services = await service_labels(desk)
        except RondaError as error:
            self.tell_error(error_text(error))
            return
        self._offer("client_id", {client.id: client.spec.name for client in clients})
        self._offer("service_id", services)

    def _offer(self, field: str, names: Mapping[int, str]) -> None:
        editor = self.rows[field].editor
        assert isinstance(editor, ChoiceEditor)
        editor.options = tuple((str(number), name) for number, name in names.items())

    def fields_of(self, values: Values) -> tuple[Field, ...]:
        """Give the fields of the scope, and those of a window that is once or comes again."""
        hidden = {"tag", "client_id", "service_id"} - {_OF_SCOPE[values["scope"]]}
        hidden |= _ONLY_AGAIN if values["when"] == ONCE else _ONLY_ONCE
        return tuple(field for field in self.FIELDS if field.name not in hidden)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A window cannot be tested."""
        return action != "test"

    # What is saved.

    def values_of(self, stored: Window) -> Values:
        """Give what the fields hold for a window like this one; its time may be over."""
        spec = stored.spec
        subject = "" if spec.subject_id is None else str(spec.subject_id)
        found: dict[str, Any] = {**NEW, "reason": spec.reason, "scope": spec.scope, "tag": spec.tag}
        if spec.scope in (Scope.CLIENT, Scope.SERVICE):
            found[_OF_SCOPE[spec.scope]] = subject
        if spec.once is not None:
            lasting = (spec.once.ends_at - spec.once.begins_at).total_seconds()
            return found | {"ends_at": values.duration_text(round(lasting))}
        again = {"cron": spec.cron, "duration_seconds": spec.duration_seconds, "zone": spec.zone}
        return found | {"when": AGAIN} | again

    def domain_faults(self, values: Values) -> tuple[Fault, ...]:
        """Give everything that is wrong, each fault with the name of its row."""
        now = desk_of(self).clock.now()
        spec, unread = _spec(values, now)
        known = {fault.field for fault in unread}
        rest = (fault for fault in _placed(window_faults(spec, now), spec) if fault.field not in known)
        if values["when"] == AGAIN and not spec.cron:
            return (Fault("cron", "required"), *(fault for fault in rest if fault.field not in _ONLY_ONCE))
        return (*unread, *rest)

    async def store(self, values: Values, stored: Window | None) -> Window:
        """Save it."""
        desk = desk_of(self)
        spec, _unread = _spec(values, desk.clock.now())
        try:
            return (await add_window(desk, spec)).window
        except Refused as refused:
            raise Refused(tuple(_placed(refused.faults, spec))) from refused

    async def read_again(self, stored: Window) -> Window:
        """Give the window as it is stored by now."""
        for line in await list_windows(desk_of(self), ended=True):
            if line.window.id == stored.id:
                return line.window
        raise NotFound(_("The maintenance window is gone."))


def _spec(typed: Values, now: datetime) -> tuple[WindowSpec, list[Fault]]:
    """Give the window, and what of its times cannot be read."""
    scope, again = typed["scope"], typed["when"] == AGAIN
    subject = typed[_OF_SCOPE[scope]] if scope in (Scope.CLIENT, Scope.SERVICE) else ""
    unread: list[Fault] = []
    starts_at = now if again or not typed["starts_at"] else _moment("starts_at", typed, now, unread)
    ends_at = None if again else _moment("ends_at", typed, starts_at or now, unread)
    spec = WindowSpec(
        typed["reason"],
        scope,
        int(subject) if subject else None,
        typed["tag"] if scope is Scope.TAG else "",
        starts_at=None if again else starts_at,
        ends_at=ends_at,
        cron=typed["cron"] if again else "",
        duration_seconds=typed["duration_seconds"] if again else 0.0,
        zone=typed["zone"] if again else "UTC",
    )
    return spec, unread


def _moment(field: str, typed: Values, base: datetime, unread: list[Fault]) -> datetime | None:
    try:
        return until_of(typed[field], base)
    except Unreadable as unreadable:
        unread.append(unreadable.fault(field))
        return None


def _placed(faults: Iterator[Fault] | tuple[Fault, ...], spec: WindowSpec) -> Iterator[Fault]:
    """Give faults with the names of the rows that they are about."""
    rows = {"subject": _OF_SCOPE[spec.scope], "tags": "tag"}
    for fault in faults:
        yield Fault(rows.get(fault.field, fault.field), fault.code, fault.parameters)
