"""What every form does, seen on the two that there are."""

from __future__ import annotations

import pytest
from textual.events import Paste

from core.domain.operators import Role
from core.domain.secret import MASK, Secret
from tests.tui.forms import (
    LEDGER,
    NORTHWIND,
    FormApp,
    desk_on,
    focused_row,
    on_top,
    row,
    screen_text,
    shows,
    until,
    write,
)
from tui.screens.client_form import ClientForm
from tui.screens.confirm import Confirm
from tui.screens.picker import Picker
from tui.screens.service_form import ServiceForm
from tui.widgets.fields import FieldRow


async def test_keys_move_between_fields_and_enter_does_not_save() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(ClientForm().for_edit(NORTHWIND))
        await pilot.pause()
        seen = [focused_row(app)]
        for key in ("enter", "tab", "down", "up", "shift+tab"):
            await pilot.press(key)
            seen.append(focused_row(app))
        assert seen == ["name", "dns", "api_key", "description", "api_key", "dns"]
        assert app.screen is form


async def test_up_and_down_stay_in_a_text_of_several_lines_until_its_edge() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(ClientForm().for_edit(NORTHWIND))
        await write(pilot, form, {"notes": "one\ntwo"})
        form.set_focus(row(form, "notes").editor)
        await pilot.press("down")
        assert focused_row(app) == "notes"
        await pilot.press("up", "up")
        assert focused_row(app) == "runbook_url"


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
async def test_every_field_can_be_reached_by_keys_and_is_then_in_view(size: tuple[int, int]) -> None:
    app = FormApp()
    async with app.run_test(size=size) as pilot:
        form = await app.open(ServiceForm().for_edit(LEDGER, NORTHWIND))
        await pilot.pause()
        reached = set()
        for _step in form.rows.shown:
            await pilot.press("tab")
            reached.add(focused_row(app))
            entered = row(form, focused_row(app))
            assert form.rows.region.contains_region(entered.region)
        assert reached == {shown.field.name for shown in form.rows.shown} - {"client"}


@pytest.mark.parametrize("name", ["notes", "headers", "timeout_seconds"])
async def test_the_field_with_the_cursor_stays_in_view_when_help_or_a_message_takes_room(name: str) -> None:
    app = FormApp()
    async with app.run_test(size=(80, 24)) as pilot:
        form = await app.open(ServiceForm().for_edit(LEDGER, NORTHWIND))
        await pilot.pause()
        form.set_focus(row(form, name).editor)
        await pilot.pause()
        for take_room in (form.action_field_help, lambda: form.tell("one\ntwo\nthree\nfour")):
            before = form.rows.size.height
            take_room()
            await until(pilot, lambda: form.rows.size.height < before)  # noqa: B023 - awaited at once
            await until(pilot, lambda: form.rows.region.contains_region(row(form, name).editor.region))


async def test_a_sentence_of_two_lines_under_the_field_with_the_cursor_is_seen_whole() -> None:
    app = FormApp()
    async with app.run_test(size=(80, 24)) as pilot:
        form = await app.open(ServiceForm().for_edit(LEDGER, NORTHWIND))
        await write(pilot, form, {"json_conditions": "status is ok"})
        faulty = row(form, "json_conditions")
        before = faulty.region.height
        form.visit(["json_conditions"])
        await until(pilot, lambda: faulty.region.height > before)
        await until(pilot, lambda: form.rows.region.contains_region(faulty.region))


async def test_a_list_to_choose_from_says_the_key_that_opens_it() -> None:
    app = FormApp()
    async with app.run_test(size=(80, 24)) as pilot:
        form = await app.open(ServiceForm().for_edit(LEDGER, NORTHWIND))
        form.set_focus(row(form, "kind").editor)
        await until(pilot, lambda: shows(app, "Space list"))
        assert not shows(app, "F3 reveal")
        form.set_focus(row(form, "name").editor)
        await until(pilot, lambda: shows(app, "F3 reveal"))
        assert not shows(app, "Space list")


async def test_a_fault_appears_under_its_field_as_it_is_left_and_goes_as_it_is_mended() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(ServiceForm().for_edit(LEDGER, NORTHWIND))
        await pilot.pause()
        form.set_focus(row(form, "timeout_seconds").editor)
        row(form, "timeout_seconds").editor.text = "45"
        await pilot.pause()
        assert row(form, "timeout_seconds").problem == ""
        await pilot.press("tab")
        assert "not longer than the interval of 30 s" in row(form, "timeout_seconds").problem
        assert form.box.border_subtitle == "1 error · unsaved changes"
        await write(pilot, form, {"interval_seconds": "1m"})
        assert row(form, "timeout_seconds").problem == ""
        assert form.box.border_subtitle == "unsaved changes"


async def test_saving_names_every_fault_at_once_and_goes_to_the_first() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(ServiceForm().for_new(NORTHWIND, 30.0))
        bad = {
            "name": "[red]x",
            "endpoint": "htps://x.example/",
            "expected_status": "300-200",
            "interval_seconds": "soon",
            "retries": "2.5",
            "headers": "no colon",
        }
        await write(pilot, form, bad)
        await pilot.press("ctrl+s")
        assert {r.field.name for r in form.query(FieldRow) if r.problem} == set(bad)
        assert "square brackets" in row(form, "name").problem
        assert "htps is not checked" in row(form, "endpoint").problem
        assert "Write 200-300" in row(form, "expected_status").problem
        assert "soon is not a number" in row(form, "interval_seconds").problem
        assert focused_row(app) == "name"
        assert form.box.border_subtitle == "6 errors · unsaved changes"
        assert app.results == []


async def test_a_field_is_marked_while_it_differs_from_what_is_stored() -> None:
    app = FormApp()
    async with app.run_test(size=(120, 40)) as pilot:
        form = await app.open(ClientForm().for_edit(NORTHWIND))
        await write(pilot, form, {"dns": "other.example"})
        assert "● DNS" in screen_text(app)
        assert form.has_changes
        await write(pilot, form, {"dns": " api.northwind.example"})
        assert "● DNS" not in screen_text(app)
        assert not form.has_changes


async def test_escape_closes_at_once_when_nothing_was_changed() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        await app.open(ClientForm().for_edit(NORTHWIND))
        await pilot.press("escape")
        assert app.results == [None]


async def test_escape_asks_when_something_was_changed() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(ClientForm().for_edit(NORTHWIND))
        await write(pilot, form, {"name": "Southwind"})
        await pilot.press("escape")
        assert on_top(app, Confirm)
        await pilot.press("escape")
        assert app.screen is form
        assert row(form, "name").editor.text == "Southwind"
        await pilot.press("escape", "y")
        assert app.results == [None]


async def test_ctrl_c_asks_in_a_changed_form_before_it_quits() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(ClientForm().for_edit(NORTHWIND))
        await write(pilot, form, {"name": "Southwind"})
        await pilot.press("ctrl+c")
        assert on_top(app, Confirm)
        assert not app.has_left
        await pilot.press("y")
        await until(pilot, lambda: app.has_left)


async def test_a_form_that_is_used_again_holds_nothing_from_before() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = ClientForm()
        app.install_screen(form, "client-form")
        await app.open(form.for_edit(NORTHWIND))
        await write(pilot, form, {"name": "[b]", "notes": "typed before"})
        await pilot.press("ctrl+s")
        assert row(form, "name").problem
        await pilot.press("escape", "y")
        await app.open(form.for_new())
        await pilot.pause()
        assert [r.editor.text for r in form.query(FieldRow) if r.field.name != "active"] == [""] * 7
        assert not form.has_changes
        assert not any(r.problem for r in form.query(FieldRow))
        assert not form.notice.has_class("-told")


async def test_a_secret_is_masked_revealed_by_f3_and_masked_again_as_it_is_left() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(ClientForm().for_edit(NORTHWIND))
        await pilot.pause()
        assert row(form, "api_key").editor.text == MASK
        assert "k-3141592" not in screen_text(app)
        form.set_focus(row(form, "api_key").editor)
        await pilot.press("f3")
        assert "k-3141592" in screen_text(app)
        assert not form.has_changes
        await pilot.press("tab")
        assert "k-3141592" not in screen_text(app)
        assert row(form, "api_key").value() == Secret("k-3141592")
        assert not form.has_changes


async def test_typing_into_a_masked_secret_replaces_it_unseen() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(ClientForm().for_edit(NORTHWIND))
        await pilot.press("down", "down", "n", "e", "w")
        assert row(form, "api_key").value() == Secret("new")
        assert "new" not in screen_text(app)
        await pilot.press("tab")
        assert row(form, "api_key").editor.text == MASK
        assert row(form, "api_key").value() == Secret("new")
        assert form.has_changes


async def test_a_masked_secret_is_cleared_by_one_key() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(ClientForm().for_edit(NORTHWIND))
        await pilot.press("down", "down", "backspace", "tab")
        assert row(form, "api_key").value() is None
        assert row(form, "api_key").changed


async def test_a_viewer_may_not_reveal_a_secret() -> None:
    app = FormApp(desk_on(None, role=Role.VIEWER))
    async with app.run_test() as pilot:
        form = await app.open(ClientForm().for_edit(NORTHWIND))
        await pilot.press("down", "down", "f3")
        assert row(form, "api_key").editor.text == MASK
        assert "viewer may not" in screen_text(app)
        assert form.notice.has_class("-told")


async def test_headers_keep_masked_values_beside_new_ones() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(ServiceForm().for_edit(LEDGER, NORTHWIND))
        await write(pilot, form, {"headers": f"X-Key: {MASK}\nAccept: text/plain"})
        await pilot.press("shift+tab")
        headers = row(form, "headers")
        assert headers.editor.text == f"X-Key: {MASK}\nAccept: {MASK}"
        form.set_focus(headers.editor)
        await pilot.press("f3")
        assert headers.editor.text == "X-Key: two\nAccept: text/plain"
        await pilot.press("f3")
        assert headers.editor.text == f"X-Key: {MASK}\nAccept: {MASK}"


async def test_what_is_typed_is_drawn_as_it_is_and_steers_no_terminal() -> None:
    app = FormApp()
    async with app.run_test(size=(120, 40)) as pilot:
        form = await app.open(ClientForm().for_edit(NORTHWIND))
        hostile = "[red]x\x1b[31m\x07\u202ey"
        await write(pilot, form, {"name": hostile, "notes": hostile, "tags": hostile})
        await pilot.press("ctrl+s")
        shown = screen_text(app)
        assert shown.count("[red]x�[31m��y") == 4, "three fields, and the sentence about the tag"
        assert not any(char in shown for char in "\x1b\x07\u202e")
        assert {r.field.name for r in form.query(FieldRow) if r.problem} == {"name", "notes", "tags"}


async def test_a_pasted_escape_sequence_is_refused_in_a_name() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(ClientForm().for_new())
        await pilot.pause()
        row(form, "name").editor.post_message(Paste("Acme\x1b]0;owned\x07"))
        await pilot.press("tab")
        assert "cannot be seen" in row(form, "name").problem
        assert "\x1b" not in screen_text(app)


async def test_help_of_the_field_stands_at_the_right_or_comes_with_f1() -> None:
    app = FormApp()
    async with app.run_test(size=(160, 45)) as pilot:
        await app.open(ClientForm().for_edit(NORTHWIND))
        await pilot.press("down")
        assert "The base address." in screen_text(app)
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "The base address." not in screen_text(app)
        await pilot.press("f1")
        await pilot.pause()
        assert "The base address." in screen_text(app)


async def test_an_option_is_found_by_its_first_letters_or_picked_from_the_list() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(ServiceForm().for_edit(LEDGER, NORTHWIND))
        await pilot.pause()
        method = row(form, "method")
        form.set_focus(method.editor)
        await pilot.press("p", "a")
        assert method.value() == "PATCH"
        await pilot.press("right")
        assert method.value() == "DELETE"
        await pilot.press("space")
        assert on_top(app, Picker)
        await pilot.press("h", "e", "enter")
        assert method.value() == "HEAD"
        assert app.screen is form
        await pilot.press("enter")
        assert focused_row(app) == "expected_status"


@pytest.mark.parametrize("theme", ["ronda-day", "ronda-cvd", "ansi-dark", "textual-light", "dracula"])
async def test_forms_open_in_every_kind_of_theme(theme: str) -> None:
    app = FormApp(theme=theme)
    async with app.run_test(size=(120, 40)) as pilot:
        await app.open(ServiceForm().for_edit(LEDGER, NORTHWIND))
        await pilot.press("tab")
        assert "● yes" in screen_text(app)


async def test_a_switch_is_turned_over_by_space() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(ServiceForm().for_edit(LEDGER, NORTHWIND))
        await pilot.pause()
        form.set_focus(row(form, "verify_tls").editor)
        await pilot.press("space")
        assert row(form, "verify_tls").value() is False
        await pilot.press("y")
        assert row(form, "verify_tls").value() is True
