"""What places can do about incidents: acknowledge, assign, note, snooze."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta

from core.domain.incidents import AcknowledgementKind
from core.domain.maintenance import Window
from core.errors import InputError
from core.i18n import _, ngettext
from core.operations import incidents
from tui.board_model import Entry
from tui.desk import desk_of
from tui.formatting import local_minute, safe
from tui.screens.acknowledging import AcknowledgePrompt
from tui.screens.changes import Changes
from tui.screens.picker import Picker
from tui.screens.prompt import Answers, Prompt
from tui.screens.window_form import WindowForm
from tui.widgets.fields import Field

WAKE = "wake"
_MINUTES = (15, 60, 240, 480)
"""How long a service may be snoozed with two keys."""
_USUAL_MINUTES = 60


@dataclass(slots=True)
class Batch:
    """What is done to several things, one after the other; what is done once is not tried again."""

    find: Callable[[], Awaitable[Collection[int]]]
    """Gives the numbers of all."""
    done: set[int] = field(default_factory=set)

    async def each(self, operation: Callable[[int], Awaitable[object]]) -> None:
        """Do it to all that are left, also after one that is refused; then raise the first refusal."""
        refused: list[InputError] = []
        for number in await self.find():
            if number in self.done:
                continue
            try:
                await operation(number)
            except InputError as error:
                refused.append(error)
            else:
                self.done.add(number)
        if refused:
            raise refused[0]


def batch_of(numbers: Collection[int]) -> Batch:
    """Give what is done to things whose numbers are known."""

    async def find() -> Collection[int]:
        return numbers

    return Batch(find)


class Handling(Changes):
    """A place from which incidents can be handled; ``handled`` is called when something was done."""

    def handled(self) -> None:
        """Show what has changed."""

    # Incidents

    def acknowledge(self, subject: str, batch: Batch) -> None:
        """Acknowledge incidents, after asking how."""

        async def carry_out(answers: Answers) -> None:
            kind = AcknowledgementKind(answers["kind"])
            until, reason = answers.get("until"), answers["reason"]
            desk = desk_of(self)
            await batch.each(
                lambda number: incidents.acknowledge(desk, number, kind, reason=reason, until=until)
            )
            self.notify(_("acknowledged"), title=safe(subject), markup=False)

        self.app.push_screen(AcknowledgePrompt(subject, carry_out), self._if_done)

    def acknowledge_entry(self, entry: Entry) -> None:
        """Acknowledge the open incident of a service, after asking how."""

        async def find() -> Collection[int]:
            lines = await incidents.list_incidents(desk_of(self), service_ids=[entry.id])
            found = [line.incident.id for line in lines if line.incident.is_open]
            if not found:
                raise InputError(_("No incident is open: the failure is not confirmed, or over by now."))
            return found

        self.acknowledge(label_of(entry), Batch(find))

    def unacknowledge(self, numbers: Collection[int]) -> None:
        """Take acknowledgements back."""
        desk, text = desk_of(self), _("taken back: people are reminded again")
        self._do(batch_of(numbers), lambda number: incidents.unacknowledge(desk, number), text)

    def assign(self, subject: str, numbers: Collection[int]) -> None:
        """Say who looks after incidents; oneself is proposed."""
        batch = batch_of(numbers)

        async def carry_out(answers: Answers) -> None:
            desk, name = desk_of(self), answers["assignee"]
            await batch.each(lambda number: incidents.assign(desk, number, name))

        operator = self.ronda.operator
        proposed = operator.name if operator is not None else ""
        self._prompt(
            _("assign"), subject, Field("assignee", "", unit=_("empty: nobody")), proposed, carry_out
        )

    def note(self, subject: str, numbers: Collection[int]) -> None:
        """Add a note to the timelines of incidents."""
        batch = batch_of(numbers)

        async def carry_out(answers: Answers) -> None:
            desk, text = desk_of(self), answers["note"]
            await batch.each(lambda number: incidents.note(desk, number, text))

        self._prompt(_("note"), subject, Field("note", ""), "", carry_out)

    def _prompt(
        self,
        title: str,
        subject: str,
        field: Field,
        proposed: str,
        carry_out: Callable[[Answers], Awaitable[None]],
    ) -> None:
        self.app.push_screen(Prompt(title, subject, [(field, proposed)], carry_out), self._if_done)

    # Services

    def maintain(self, service_id: int) -> None:
        """Make a maintenance window for a service, in its form."""

        def saved(window: Window | None) -> None:
            if window is not None:
                self.notify(_("The maintenance window is set."), markup=False)

        self.app.push_screen(WindowForm().for_service(service_id), saved)

    def snooze(self, subject: str, service_ids: Collection[int]) -> None:
        """Have nobody told of services for a while, after asking for how long; or wake them."""

        def take(key: str | None) -> None:
            if key is not None:
                self._snooze(service_ids, key)

        options = [(str(minutes), _span_text(minutes)) for minutes in _MINUTES]
        options.append((WAKE, _("wake: tell of it again")))
        title = _("snooze {subject}").format(subject=safe(subject))
        self.app.push_screen(Picker(title, options, str(_USUAL_MINUTES)), take)

    def _snooze(self, service_ids: Collection[int], key: str) -> None:
        desk, batch = desk_of(self), batch_of(service_ids)
        if key == WAKE:
            text = _("awake: people are told again")
            self._do(batch, lambda number: incidents.wake_service(desk, number), text)
            return
        seconds = int(key) * 60.0
        now = desk.clock.now()
        until = local_minute(now + timedelta(seconds=seconds), now)
        text = _("snoozed until {time}").format(time=until)
        self._do(batch, lambda number: incidents.snooze_service(desk, number, seconds), text)

    def _do(self, batch: Batch, operation: Callable[[int], Awaitable[object]], told: str) -> None:
        async def carry_out() -> None:
            await batch.each(operation)
            self.notify(told, markup=False)
            self.handled()

        self.change(carry_out)

    def _if_done(self, done: bool | None) -> None:
        if done:
            self.handled()


def label_of(entry: Entry) -> str:
    """Give a service and its client as the subject of a question."""
    return f"{entry.line.service.spec.name} · {entry.line.client.spec.name}"


def _span_text(minutes: int) -> str:
    if minutes < 60:
        return ngettext("{count} minute", "{count} minutes", minutes).format(count=minutes)
    hours = minutes // 60
    return ngettext("{count} hour", "{count} hours", hours).format(count=hours)
