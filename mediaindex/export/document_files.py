"""Documents become files: one under the name that was typed, several in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from mediaindex.errors import UsageError
from mediaindex.export.cuts.document import Document
from mediaindex.export.file_names import is_folder, places_of
from mediaindex.export.new_files import check_places, make_folder, write_new


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was made.

    Attributes:
        rate: frames a second by which it counts; None where each source keeps its own.
    """

    path: str
    rate: Fraction | None
    cuts: int


def write_documents(documents: Sequence[Document], suffix: str, out: str, *, force: bool) -> list[Exported]:
    """Write documents to the file or folder that was typed.

    Raises:
        UsageError: a name is taken, or names a file where several are due. NoSpace: the disk is full.
    """
    paths = places_of(out, [document.stem for document in documents], suffix, due=_due(documents))
    if len(documents) > 1 or is_folder(out):
        make_folder(paths[0].parent)
    check_places(paths, force=force)
    for path, document in zip(paths, documents, strict=True):
        write_new(path, document.content, force=force)
    return [_exported(document, path) for document, path in zip(documents, paths, strict=True)]


def only_document(documents: Sequence[Document]) -> Document:
    """The one document.

    Raises:
        UsageError: there are several, which need a folder.
    """
    if len(documents) > 1:
        raise UsageError(f"{_due(documents)}: --out must name a folder")
    return documents[0]


def _exported(document: Document, path: Path) -> Exported:
    return Exported(str(path), document.rate, document.cuts)


def _due(documents: Sequence[Document]) -> str:
    each = "frame rate" if len({document.rate for document in documents}) > 1 else "source or 999 cuts"
    return f"{len(documents)} files are due, one for each {each}"
