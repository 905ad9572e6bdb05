"""The form of a rule, which can be tried out on the last days before it is saved."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from textual import on, work

from core.domain.faults import Fault
from core.domain.incidents import FAILING
from core.domain.observations import STATUS_CODES, Status
from core.domain.rules import Rule, RuleSpec
from core.errors import RondaError
from core.i18n import _
from core.operations.backtest import DEFAULT_DAYS, Comparison, Thresholds, replay_rules
from core.operations.channels import list_channels
from core.operations.clients import list_clients
from core.operations.rules import RuleLine, add_rule, edit_rule, find_rule
from core.wording import STATUS_WORDS, error_text
from tui.desk import desk_of
from tui.screens.form import FormScreen
from tui.screens.replay import ReplayReport
from tui.screens.several import SeveralPicker
from tui.screens.sheet import Sheet, Values
from tui.widgets import values
from tui.widgets.editors import AreaEditor, ChoiceEditor, LineEditor, SwitchEditor
from tui.widgets.fields import Field
from tui.widgets.several import SeveralEditor

UNTESTED = frozenset({"name"})
"""Fields that a replay does not read: their faults do not keep it from being played."""
_several = partial(Field, editor=SeveralEditor, parse=values.numbers, format=values.numbers_text)
_duration = partial(
    Field, editor=partial(LineEditor, number=True), parse=values.duration, format=values.duration_text
)
_SEVERITIES = tuple(
    (status.value, STATUS_WORDS[status]) for status in sorted(FAILING, key=lambda each: STATUS_CODES[each])
)
RULE_FIELDS: tuple[Field, ...] = (
    Field(
        "name",
        _("What the reasons of a message call it. No other rule may have the same name."),
        "nights",
        parse=values.exact,
    ),
    _several("channel_ids", _("The channels by which it tells. None marked: all, those to come as well.")),
    _several("client_ids", _("The clients whose services it is for. None marked: all.")),
    Field(
        "tags",
        _("It is for services that have one of these tags, or whose client has. Empty: all."),
        "gold, eu",
        parse=values.tags,
        format=values.tags_text,
    ),
    Field(
        "severity",
        _("The least that it tells of."),
        editor=partial(ChoiceEditor, _SEVERITIES),
        parse=values.one_of(Status),
    ),
    Field(
        "hours",
        _("When it tells, one span a line. Empty: always. What comes up outside waits until they begin."),
        "Mon-Fri 08:00-18:00\nSat,Sun 10:00-16:00\n22:00-06:00",
        editor=partial(AreaEditor, lines=2),
        parse=values.lines,
        format=values.lines_text,
    ),
    Field("zone", _("The time zone of its hours."), "Europe/Lisbon"),
    _duration(
        "after_seconds",
        _(
            "How old an incident that nobody has acknowledged must be before it is told. "
            "0: at once. A second rule with a later time is a second line."
        ),
        "15m",
    ),
    _duration("reminder_seconds", _("How often it is told again while it lasts. 0: never."), "4h"),
    Field(
        "active",
        _("No keeps it, but nobody is told by it."),
        editor=SwitchEditor,
        parse=values.yes_or_no,
        format=values.yes_or_no_text,
    ),
)


class RuleForm(FormScreen[Rule]):
    """Makes or edits a rule; gives the rule as saved, or None.

    Use: ``app.push_screen(form.for_edit(line), saved)``, where the same form serves again and again. The
    names of channels and clients are read while the form is open.
    """

    DEFAULT_CSS = """
    RuleForm #box { height: 32; }
    """
    FIELDS: ClassVar[tuple[Field, ...]] = RULE_FIELDS
    TEST_LABEL: ClassVar[str] = _("replay")

    def __init__(self) -> None:
        super().__init__()
        self._names: Mapping[str, Mapping[int, str]] = {}
        """What the rule was opened with is called, by field."""

    def for_new(self) -> RuleForm:
        """Open it empty: a rule for everything."""
        self._names = {}
        self.fill(Sheet(_("New rule"), spec_values(RuleSpec(""))))
        return self

    def for_edit(self, line: RuleLine) -> RuleForm:
        """Open it with a rule."""
        spec = line.rule.spec
        self._names = {
            "channel_ids": dict(zip(spec.channel_ids, line.channels, strict=True)),
            "client_ids": dict(zip(spec.client_ids, line.clients, strict=True)),
        }
        self.fill(Sheet(_("Edit rule"), self.values_of(line.rule), line.rule))
        return self

    def _show_sheet(self, sheet: Sheet[Rule]) -> None:
        for name in ("channel_ids", "client_ids"):
            self._offer(name, {})
        super()._show_sheet(sheet)
        self._read_names()

    @work(exclusive=True, group="names", exit_on_error=False)
    async def _read_names(self) -> None:
        desk = desk_of(self)
        try:
            channels = await list_channels(desk)
            clients = await list_clients(desk)
        except RondaError as error:
            self.tell_error(error_text(error))
            return
        self._offer("channel_ids", {line.channel.id: line.channel.spec.name for line in channels})
        self._offer("client_ids", {client.id: client.spec.name for client in clients})

    def _offer(self, field: str, names: Mapping[int, str]) -> None:
        """Offer what there is, and what the rule names although it has gone."""
        editor = self.rows[field].editor
        assert isinstance(editor, SeveralEditor)
        gone = {key: name for key, name in self._names.get(field, {}).items() if key not in names}
        offered = {**names, **gone}
        editor.options = tuple((str(number), name) for number, name in offered.items())

    @on(SeveralEditor.SeveralWanted)
    def open_several(self, event: SeveralEditor.SeveralWanted) -> None:
        """Let the operator mark some in the whole list."""

        def take(keys: str | None) -> None:
            if keys is not None:
                event.editor.text = keys

        title = self.rows.of_editor(event.editor).field.label
        self.app.push_screen(SeveralPicker(title, event.editor.options, event.editor.text), take)

    # What is saved.

    def values_of(self, stored: Rule) -> Values:
        """Give what the fields hold when this rule is edited."""
        return spec_values(stored.spec)

    def domain_faults(self, values: Values) -> tuple[Fault, ...]:
        """Give what the domain finds wrong."""
        return RuleSpec(**values).faults()

    async def store(self, values: Values, stored: Rule | None) -> Rule:
        """Save it."""
        desk, spec = desk_of(self), RuleSpec(**values)
        if stored is None:
            return (await add_rule(desk, spec)).rule
        return (await edit_rule(desk, stored.id, stored.version, spec)).rule

    async def read_again(self, stored: Rule) -> Rule:
        """Give the rule as it is stored by now."""
        return (await find_rule(desk_of(self), str(stored.id))).rule

    # What would have been sent.

    def action_test(self) -> None:
        """Play the last days with the rule as it is typed; its name may still be wrong."""
        in_the_way = {fault.field for fault in self.faults() if fault.field not in UNTESTED}
        if in_the_way:
            self.visit(in_the_way)
            self.tell_error(_("Not played: some fields need another value first."))
            self.focus_first(in_the_way)
        else:
            self._replay(RuleSpec(**self.rows.values()))  # type: ignore[arg-type] # fields by name

    @work(exclusive=True, group="test", exit_on_error=False)
    async def _replay(self, spec: RuleSpec) -> None:
        self.tell(_("◌ playing the last {days:g} days …").format(days=DEFAULT_DAYS))
        stored = self._sheet.stored if self._sheet else None
        named = not any(fault.field == "name" for fault in spec.faults())
        spec = spec if named else dataclasses.replace(spec, name=_("test"))
        rule_id = stored.id if stored else None

        async def play(days: float, thresholds: Thresholds) -> Comparison:
            return await replay_rules(
                desk_of(self), days=days, thresholds=thresholds, rule_id=rule_id, spec=spec
            )

        try:
            comparison = await play(DEFAULT_DAYS, Thresholds())
        except RondaError as error:
            self.tell_error(error_text(error))
        else:
            self.tell("")
            self.app.push_screen(ReplayReport(comparison, play))


def spec_values(spec: RuleSpec) -> Values:
    """Give the fields of a rule by name."""
    return {field.name: getattr(spec, field.name) for field in dataclasses.fields(spec)}
