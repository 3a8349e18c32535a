"""Contents in the decoder's queue, each with the files that look the same and wait for its outcome."""

from __future__ import annotations

from mediaindex.ingest.reconcile.decision import ContentKey, DecodeTask


class InFlight:
    """The decode tasks of one pass; a content is decoded once, however many files hold it."""

    def __init__(self) -> None:
        self.tasks: dict[ContentKey, list[DecodeTask]] = {}

    def __contains__(self, key: object) -> bool:
        return key in self.tasks

    def __len__(self) -> int:
        return len(self.tasks)

    def join(self, task: DecodeTask) -> bool:
        """Add a task; whether it is the first of its content, so that it must be decoded."""
        tasks = self.tasks.setdefault(task.content_key, [])
        tasks.append(task)
        return len(tasks) == 1

    def settle(self, task: DecodeTask) -> tuple[DecodeTask, ...]:
        """The task that was decoded first, and those that waited for its outcome; they wait no more."""
        return tuple(self.tasks.pop(task.content_key, [task]))
