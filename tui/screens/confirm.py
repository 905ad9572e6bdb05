"""A question with two answers, asked before anything that would be missed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from core.domain.clients import BIN_DAYS, Client
from core.domain.services import Service
from core.i18n import _, ngettext
from tui.formatting import safe


class Answer(Static, can_focus=True):
    """One of the answers, with its key."""

    DEFAULT_CSS = """
    Answer {
        width: auto;
        height: 1;
        margin-left: 2;
        padding: 0 2;
        background: $panel;
        color: $foreground;
        &:focus { background: $selection; color: $text-strong; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "choose", _("Choose"), show=False)]

    class Chosen(Message):
        """The operator gives this answer."""

        def __init__(self, answer: Answer) -> None:
            super().__init__()
            self.answer = answer

    def __init__(self, key: str, label: str, *, agrees: bool) -> None:
        content = Content.assemble((key, "bold $key"), f"  {label}")
        super().__init__(content, classes="agrees" if agrees else None)
        self.agrees = agrees

    def action_choose(self) -> None:
        """Give the answer."""
        self.post_message(self.Chosen(self))

    def on_click(self) -> None:
        """Give the answer."""
        self.action_choose()


class Confirm(ModalScreen[bool]):
    """Gives True if the operator agrees; Esc, ``n`` and the answer that has the focus at first do not.

    ``question`` and ``detail`` are drawn as they are: names in them are never read as markup.
    """

    DEFAULT_CSS = """
    Confirm {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 66;
            max-width: 100%;
            height: auto;
            padding: 1 2;
            border: round $line-focus;
            background: $background;
        }
        &.-danger > Vertical { border: round $status-down; }
        .question { color: $text-strong; text-style: bold; }
        .detail { color: $text-quiet; margin-top: 1; }
        Horizontal { height: 1; margin-top: 1; align-horizontal: right; }
        &.-danger Answer.agrees:focus { background: $status-down-wash; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "dismiss(False)", _("No"), show=False),
        Binding("y", "dismiss(True)", _("Yes"), show=False),
        Binding("left,up", "app.focus_previous", _("Previous answer"), show=False),
        Binding("right,down", "app.focus_next", _("Next answer"), show=False),
    ]

    def __init__(self, question: str, detail: str = "", *, yes: str, no: str, danger: bool = True) -> None:
        super().__init__(classes="-danger" if danger else None)
        self._question = question
        self._detail = detail
        self._yes = yes
        self._no = no

    def compose(self) -> ComposeResult:
        """Ask; the answer that changes nothing has the focus."""
        with Vertical():
            yield Static(Content(safe(self._question)), classes="question")
            if self._detail:
                yield Static(Content(safe(self._detail)), classes="detail")
            with Horizontal():
                yield Answer("n", self._no, agrees=False)
                yield Answer("y", self._yes, agrees=True)

    @on(Answer.Chosen)
    def answer(self, event: Answer.Chosen) -> None:
        """Give the answer."""
        self.dismiss(event.answer.agrees)


def deleting_client(client: Client, services: int) -> Confirm:
    """Ask whether a client with so many services may go."""
    if services:
        question = ngettext(
            "Delete the client {name} with its {count} service?",
            "Delete the client {name} with its {count} services?",
            services,
        ).format(name=client.spec.name, count=services)
    else:
        question = _("Delete the client {name}?").format(name=client.spec.name)
    return Confirm(question, _restorable(), yes=_("Delete"), no=_("Keep"))


def deleting_service(service: Service, client: Client) -> Confirm:
    """Ask whether a service may go."""
    question = _("Delete the service {name} of {client}?")
    return Confirm(
        question.format(name=service.spec.name, client=client.spec.name),
        _restorable(),
        yes=_("Delete"),
        no=_("Keep"),
    )


def discarding() -> Confirm:
    """Ask whether what was typed into a form may be lost."""
    return Confirm(
        _("Discard the changes?"),
        _("What you typed in this form is not saved."),
        yes=_("Discard"),
        no=_("Keep editing"),
    )


def overtaken(name: str, changed: Sequence[str]) -> Confirm:
    """Ask what becomes of an edit while which somebody else has saved these fields."""
    detail = _(
        "They changed: {fields}. To keep yours, fields that you did not touch take their values, "
        "and saving again writes yours over the rest."
    )
    return Confirm(
        _("Somebody else has saved {name} while you were editing it.").format(name=name),
        detail.format(fields=", ".join(changed) or _("nothing that this form shows")),
        yes=_("Load theirs"),
        no=_("Keep mine"),
        danger=False,
    )


def _restorable() -> str:
    return _("It can be restored for {days} days: press u.").format(days=BIN_DAYS)
