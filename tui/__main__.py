"""The ``ronda`` command: the console by default, the commands of ``core.cli`` beside it."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from core.cli.commands import logging_to
from core.cli.main import build_parser, guarded, run
from core.errors import NoTerminal
from core.i18n import _

if TYPE_CHECKING:
    from core.operations.desk import Desk
    from core.runtime import Runtime
    from core.settings import Settings

OpenRuntime = Callable[[], AbstractAsyncContextManager["Runtime"]]
OpenDesk = Callable[[], AbstractAsyncContextManager["Desk"]]


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the arguments say; give the exit code that docs/command-line.md names."""
    args = build_parser().parse_args(argv)
    if args.handler:
        return run(args)
    return guarded(lambda: _demo(args) if args.demo else _console(args))


def require_terminal() -> None:
    """Raise ``NoTerminal`` unless somebody can see a screen and press keys."""
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):  # drawn on the last
        raise NoTerminal(
            _(
                "The console needs a terminal. Without one 'ronda status' shows the board once, "
                "and 'ronda agent' runs the checks."
            )
        )


def desk_opener(open_runtime: OpenRuntime) -> OpenDesk:
    """Give what the console opens its desk with, from what opens a whole runtime."""

    @asynccontextmanager
    async def open_desk() -> AsyncIterator[Desk]:
        async with open_runtime() as runtime:
            yield runtime.desk

    return open_desk


def open_console(settings: Settings, open_runtime: OpenRuntime, *, ascii_only: bool = False) -> int:
    """Show the console until the operator leaves; its log goes to a file, since it has the screen."""
    from core.loop import run as run_loop
    from tui.app import RondaApp

    with logging_to(settings.log_dir, settings):
        app = RondaApp(
            desk_opener(open_runtime),
            theme=settings.theme,
            ascii_only=ascii_only or settings.ascii,
            about=_folders(settings),
        )
        run_loop(app.run_in_terminal())
    return app.return_code or 0


def _folders(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Say where this console keeps its files."""
    shown = [(_("config"), settings.config_dir), (_("log"), settings.log_dir)]
    if settings.embedded:
        shown.insert(0, (_("data"), settings.data_dir))
    return tuple((label, str(folder)) for label, folder in shown)


def _console(args: Namespace) -> int:
    require_terminal()
    from core.settings import load_settings

    settings = load_settings()

    def opened() -> AbstractAsyncContextManager[Runtime]:
        # Imported while the first frame is drawn.
        from core.domain.workers import WorkerKind
        from core.runtime import open_runtime

        return open_runtime(settings, kind=WorkerKind.CONSOLE, may_lead=True, read_only=args.read_only)

    return open_console(settings, opened, ascii_only=args.ascii)


def _demo(args: Namespace) -> int:
    require_terminal()
    from core.demo.world import demo_settings, open_demo
    from core.settings import load_settings

    with demo_settings(load_settings()) as settings:
        return open_console(settings, lambda: open_demo(settings), ascii_only=args.ascii)


if __name__ == "__main__":
    sys.exit(main())
