"""Films without captions, read from git repositories.

    pets       short films of animals, several shots each
    exercises  people who train, mostly one shot each
    gifs       scenes of films and television, a few seconds each
    fights     two seconds each of a surveillance camera, half of them of people who fight
    actions    people at 21 kinds of actions; several are cut from one longer film

Each set is a folder that holds the history of a repository, named OWNER+NAME. Nothing of them is in this
repository. `actions` is for tests alone: its kinds are what its films are asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from _left_out_pairs import blobs_below, git_output, repository_of

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Film:
    """A film in a repository.

    Attributes:
        name: of its file. longer: the longer film that it was cut from, else its own name.
        kind: what it shows, in words; empty where nobody says.
    """

    name: str
    blob: str
    longer: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class FilmSource:
    """A set of films.

    Attributes:
        repository: its folder. below: the folder of the films in it. ending: of their names.
        is_of_actions: whether names are those of UCF101, v_KIND_gGROUP_cNUMBER.
    """

    name: str
    repository: str
    below: str = "."
    ending: str = ".mp4"
    is_of_actions: bool = False

    def films(self, repositories: Path) -> list[Film]:
        """Those that are there, by name."""
        blobs = blobs_below(repository_of(repositories, self.repository), self.below)
        found = sorted((name, blob) for name, blob in blobs.items() if name.endswith(self.ending))
        return [self._film(name, blob) for name, blob in found]

    def content(self, repositories: Path, film: Film) -> bytes:
        """The file of a film."""
        return git_output(repository_of(repositories, self.repository), "cat-file", "blob", film.blob)

    def _film(self, name: str, blob: str) -> Film:
        if not self.is_of_actions:
            return Film(name, blob, name)
        _, kind, group, _ = name.split("_")
        return Film(name, blob, f"{kind}_{group}", _CAPITAL.sub(" ", kind).lower())


ACTIONS = FilmSource("actions", "Satyamwork43+Video_App", is_of_actions=True)
SOURCES = (
    ACTIONS,
    FilmSource("pets", "content-buddy-app+Pets-Videos-Second-Bucket"),
    FilmSource("exercises", "duongnq+fitness"),
    FilmSource("gifs", "vonshavingcream+gifs", "gifs", ".gif"),
    FilmSource("fights", "seymanurakti+fight-detection-surv-dataset"),
)
