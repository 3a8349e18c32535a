"""The service that watches a library for this user, whether or not it is installed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.config import default_library
from mediaindex.errors import MediaIndexError

if TYPE_CHECKING:
    from mediaindex.background.unit_file import Manager


@dataclass(frozen=True, slots=True)
class UserService:
    """The service of one library.

    Attributes:
        manager: the service manager of this system.
        name: the service's name for the manager.
    """

    manager: Manager
    name: str

    @property
    def path(self) -> Path:
        """The file of the service, whether or not it exists."""
        return self.manager.file(self.name)

    @property
    def timer_paths(self) -> list[Path]:
        """The files of its nightly timer, whether or not they exist."""
        return self.manager.timer_files(self.name)

    def stop(self) -> None:
        """Stop it, where the manager runs."""
        if self.manager.is_running():
            self.manager.stop(self.name)

    def stop_timer(self) -> None:
        """Let its nights not come any more, where the manager runs."""
        if self.manager.is_running():
            self.manager.stop_timer(self.name)

    def forget(self) -> None:
        """Let the manager forget the service, whose file was removed."""
        self.manager.forget(self.name)


def service_of(library: Path) -> UserService:
    """The service that watches the library in this folder.

    Raises:
        MediaIndexError: see `manager_of_this_system`.
    """
    from mediaindex.background.unit_file import name_of

    return UserService(manager_of_this_system(), name_of(library, default_library()))


def manager_of_this_system() -> Manager:
    """The kind of service manager that this system has, whether or not it runs.

    Raises:
        MediaIndexError: the program knows none for this system.
    """
    if sys.platform == "darwin":
        from mediaindex.background.launchd import Launchd

        return Launchd()
    if sys.platform == "linux":
        from mediaindex.background.systemd import Systemd

        return Systemd()
    raise MediaIndexError(
        f"no service manager is known for {sys.platform}: start 'mediaindex watch' yourself"
    )
