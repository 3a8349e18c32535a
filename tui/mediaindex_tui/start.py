"""Start the interface: what the terminal can do, the environment, and the line after the end."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from mediaindex.config import APPLICATION, Config
from mediaindex.errors import UsageError
from mediaindex_tui.terminal_pictures import is_unicode, this_terminal

if TYPE_CHECKING:
    from mediaindex_tui.app import Setup
    from mediaindex_tui.messages import FinderLink

NewLink = Callable[[Path], "FinderLink"]
FRAMES_OVER_SSH = "15"
FAR_VARIABLE = "SSH_CONNECTION"


def run(
    config: Config,
    *,
    plain: bool = False,
    images: str | None = None,
    mouse: bool = True,
    new_link: NewLink | None = None,
) -> int:
    """Show the interface until the user leaves; the exit code.

    Args:
        config: the settings of this command.
        plain: numbered lines instead of a screen, for screen readers and simple terminals.
        images: in place of the setting and of what was chosen last.
        mouse: whether the mouse is ours rather than the terminal's.
        new_link: makes the link to a finder of a library; None for that to a process.

    Raises:
        UsageError: stdin or stdout is no terminal.
    """
    _need_terminal()
    if new_link is None:
        from mediaindex_tui.link import Link

        new_link = Link
    if plain or os.environ.get("TERM") == "dumb":
        return _run_plain(config, new_link)
    return _run_screen(config, images, new_link, mouse=mouse and config.ui_mouse)


def _run_screen(config: Config, images: str | None, new_link: NewLink, *, mouse: bool) -> int:
    """Show the screen, and plain lines after it where the user turned to them."""
    _prepare_environment()
    # Looking for garbage while modules are loaded would be a tenth of the time to the first frame, after
    # which the application turns it on again.
    gc.disable()
    from mediaindex_tui.app import InterfaceApp

    setup = setup_of(config, images)
    if setup.terminal.draws("kitty"):
        os.environ.setdefault("COLORTERM", "truecolor")  # a colour is the number of a picture there
    link = new_link(config.library)
    app = InterfaceApp(setup, link)
    try:
        code = app.run(mouse=mouse)
    finally:
        link.close()
        app.playing.close()
    if app.process is not None:
        print(f"process {app.process} goes on indexing; mediaindex watch --pause lets it wait")  # noqa: T201
    if app.turns_plain:
        return _run_plain(config, new_link)
    return app.return_code or code or 0


def _run_plain(config: Config, new_link: NewLink) -> int:
    from mediaindex_tui.plain import Plain

    return Plain(new_link(config.library), player=config.player).run()


def setup_of(config: Config, images: str | None) -> Setup:
    """The settings of the interface, as far as the settings have any."""
    from mediaindex_tui.app import Setup

    terminal = this_terminal(dict(os.environ))
    return Setup(
        library=config.library,
        terminal=terminal,
        images=images or _chosen(config, "ui.images", config.ui_images),
        is_ascii=not is_unicode(terminal.encoding) or terminal.colours <= 16,
        player=config.player,
        keys=config.ui_keys,
        encoder=config.encoder,
        memory=platformdirs.user_state_path(APPLICATION) / "ui.json",
        is_far=bool(os.environ.get(FAR_VARIABLE)),
        theme=_chosen(config, "ui.theme", config.ui_theme),
        view=None if config.ui_view == "auto" else config.ui_view,
    )


def _chosen(config: Config, setting: str, value: str) -> str | None:
    """A setting that the user has made; None for its default."""
    return None if config.origins.get(setting, "default") == "default" else value


def _need_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the interface needs a terminal; `mediaindex search TEXT` answers without one")


def _prepare_environment() -> None:
    """What Textual reads when it is imported."""
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    os.environ.setdefault("ESCDELAY", "50")
    if os.environ.get(FAR_VARIABLE):
        os.environ.setdefault("TEXTUAL_FPS", FRAMES_OVER_SSH)
