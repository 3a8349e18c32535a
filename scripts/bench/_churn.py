"""Folders of videos under random changes: files come, grow, move, change and go."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench._clips import another

MOST_FILES = 60
FOLDERS = ("", "holiday", "holiday/day 2", "Übung", "a b", "raw")
SUFFIXES = (".mp4", ".MP4", ".m4v")
CUE = "1\n00:00:00,500 --> 00:00:01,500\n{text}\n"


class Churn:
    """Changes files below some roots, one step at a time.

    Args:
        clips: films of which any number of contents are made.
        chance: of every choice, so that a seed gives the same operations again.

    Attributes:
        counts: how often each operation was carried out.
        kept: a film below the first root that is never touched.
    """

    def __init__(self, roots: Sequence[Path], clips: Sequence[Path], chance: random.Random) -> None:
        self.roots = roots
        self.counts: Counter[str] = Counter()
        self._clips = [clip.read_bytes() for clip in clips]
        self._chance = chance
        self._serial = 0
        self._slow: list[Iterator[None]] = []
        self._busy: set[Path] = set()
        for root in roots:
            root.mkdir()
        self.kept = roots[0] / "kept" / "never touched.mp4"
        self.kept.parent.mkdir()
        self.kept.write_bytes(self._new_content())

    def step(self) -> None:
        """One operation, or one more part of a slow copy that goes on."""
        for copy in [copy for copy in self._slow if self._chance.random() < 0.5]:
            if next(copy, self) is self:
                self._slow.remove(copy)
        kinds: dict[str, tuple[Callable[[], bool], int]] = {
            "added at once": (self._add, 6),
            "added slowly": (self._add_slowly, 4),
            "added by a rename": (self._add_by_rename, 3),
            "copied": (self._copy, 3),
            "renamed": (self._rename, 5),
            "moved between roots": (self._move_between_roots, 4),
            "names exchanged": (self._exchange, 1),
            "overwritten": (self._overwrite, 4),
            "overwritten by a rename": (self._overwrite_by_rename, 3),
            "truncated": (self._truncate, 2),
            "emptied": (self._empty, 1),
            "damaged and restored": (self._damage_for_a_while, 2),
            "touched": (self._touch, 1),
            "deleted": (self._delete, 12 if len(self.files()) > MOST_FILES else 3),
            "folder renamed": (self._rename_folder, 2),
            "folder moved between roots": (self._move_folder, 1),
            "folder deleted": (self._delete_folder, 1),
            "subtitle written": (self._write_subtitle, 2),
            "subtitle deleted": (self._delete_subtitle, 1),
            "litter": (self._litter, 1),
        }
        (name,) = self._chance.choices(list(kinds), [weight for _, weight in kinds.values()])
        if kinds[name][0]():
            self.counts[name] += 1

    def finish(self) -> None:
        """End the slow copies that go on."""
        for copy in self._slow:
            for _ in copy:
                pass
        self._slow.clear()

    def files(self) -> list[Path]:
        """The films that may be touched now, in order."""
        return [path for path in self._below() if path.suffix in SUFFIXES]

    def _below(self) -> list[Path]:
        paths = sorted(path for root in self.roots for path in root.rglob("*") if path.is_file())
        return [path for path in paths if path != self.kept and path not in self._busy]

    def _folders(self) -> list[Path]:
        """Folders below the roots in which nothing is being written."""
        folders = sorted(path for root in self.roots for path in root.rglob("*") if path.is_dir())
        busy = {self.kept, *self._busy}
        return [path for path in folders if not any(path in file.parents for file in busy)]

    def _file(self) -> Path | None:
        files = self.files()
        return self._chance.choice(files) if files else None

    def _new_path(self, root: Path | None = None) -> Path:
        self._serial += 1
        name = f"film {self._serial}" if self._serial % 9 else os.fsdecode(b"caf\xe9 %d" % self._serial)
        folder = (root or self._chance.choice(self.roots)) / self._chance.choice(FOLDERS)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / (name + self._chance.choice(SUFFIXES))

    def _new_content(self) -> bytes:
        self._serial += 1
        return another(self._chance.choice(self._clips), self._serial, self._chance.randint(16, 4096))

    # Files come

    def _add(self) -> bool:
        self._new_path().write_bytes(self._new_content())
        return True

    def _add_slowly(self) -> bool:
        path, content = self._new_path(), self._new_content()
        self._busy.add(path)
        self._slow.append(self._written(path, content, self._chance.randint(3, 12)))
        return True

    def _written(self, path: Path, content: bytes, parts: int) -> Iterator[None]:
        size = len(content) // parts + 1
        for start in range(0, len(content), size):
            with path.open("ab") as file:
                file.write(content[start : start + size])
            yield
        self._busy.discard(path)

    def _add_by_rename(self) -> bool:
        path = self._new_path()
        partial = path.with_name(f"{path.name}.part")
        partial.write_bytes(self._new_content())
        partial.rename(path)
        return True

    def _copy(self) -> bool:
        file = self._file()
        if file is not None:
            self._chance.choice((shutil.copyfile, shutil.copy2))(file, self._new_path())
        return file is not None

    # Files move

    def _rename(self) -> bool:
        file = self._file()
        if file is not None:
            file.rename(self._new_path(next(root for root in self.roots if root in file.parents)))
        return file is not None

    def _move_between_roots(self) -> bool:
        file = self._file()
        if file is not None:
            shutil.move(file, self._new_path(next(root for root in self.roots if root not in file.parents)))
        return file is not None

    def _exchange(self) -> bool:
        files = self.files()
        if len(files) < 2:
            return False
        one, other = self._chance.sample(files, 2)
        aside = one.with_name(f".{one.name}")
        # Their roots may lie on different disks.
        one.rename(aside)
        shutil.move(other, one)
        shutil.move(aside, other)
        return True

    def _rename_folder(self) -> bool:
        return self._folder_to(lambda folder: folder.parent)

    def _move_folder(self) -> bool:
        return self._folder_to(lambda folder: next(r for r in self.roots if r not in folder.parents))

    def _folder_to(self, parent: Callable[[Path], Path]) -> bool:
        folders = self._folders()
        if not folders:
            return False
        folder = self._chance.choice(folders)
        self._serial += 1
        shutil.move(folder, parent(folder) / f"folder {self._serial}")
        return True

    # Files change

    def _overwrite(self) -> bool:
        file = self._file()
        if file is not None:
            file.write_bytes(self._new_content())
        return file is not None

    def _overwrite_by_rename(self) -> bool:
        file = self._file()
        if file is not None:
            aside = file.with_name(f".{file.name}.tmp")
            aside.write_bytes(self._new_content())
            aside.replace(file)
        return file is not None

    def _truncate(self) -> bool:
        file = self._file()
        if file is not None:
            os.truncate(file, int(file.stat().st_size * self._chance.uniform(0.1, 0.95)))
        return file is not None

    def _empty(self) -> bool:
        file = self._file()
        if file is not None:
            os.truncate(file, 0)
        return file is not None

    def _damage_for_a_while(self) -> bool:
        file = self._file()
        if file is not None:
            self._busy.add(file)
            self._slow.append(self._restored(file, file.read_bytes(), self._chance.randint(2, 12)))
        return file is not None

    def _restored(self, path: Path, content: bytes, steps: int) -> Iterator[None]:
        os.truncate(path, len(content) // 2)
        for _ in range(steps):
            yield
        path.write_bytes(content)
        self._busy.discard(path)

    def _touch(self) -> bool:
        file = self._file()
        if file is not None:
            os.utime(file)
        return file is not None

    # Files go

    def _delete(self) -> bool:
        file = self._file()
        if file is not None:
            file.unlink()
        return file is not None

    def _delete_folder(self) -> bool:
        folders = [folder for folder in self._folders() if sum(1 for _ in folder.rglob("*")) <= 8]
        if folders:
            shutil.rmtree(self._chance.choice(folders))
        return bool(folders)

    # What is no film

    def _write_subtitle(self) -> bool:
        file = self._file()
        if file is not None:
            self._serial += 1
            file.with_suffix(".srt").write_text(CUE.format(text=f"words number {self._serial}"))
        return file is not None

    def _delete_subtitle(self) -> bool:
        subtitles = [path for path in self._below() if path.suffix == ".srt"]
        if subtitles:
            self._chance.choice(subtitles).unlink()
        return bool(subtitles)

    def _litter(self) -> bool:
        folder = self._new_path().parent
        name = self._chance.choice((".DS_Store", "._film 1.mp4", "notes.txt", "film.mp4.part", "cover.jpg"))
        (folder / name).write_bytes(os.urandom(64))
        return True
