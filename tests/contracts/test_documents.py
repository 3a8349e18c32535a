"""The documents name files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.paths import CHECKOUT

FOLDERS = ("docs", "mediaindex", "models", "scripts", "tests")
DOCUMENTS = [
    *sorted(CHECKOUT.glob("*.md")),
    *(document for folder in FOLDERS for document in sorted((CHECKOUT / folder).rglob("*.md"))),
]
PATH = re.compile(rf"`(?:python )?((?:{'|'.join(FOLDERS)})/[\w./-]+\.\w+)")
PLACEHOLDERS = {"scripts/bench/NAME.py"}


def name_of(document: Path) -> str:
    return str(document.relative_to(CHECKOUT))


def links(text: str) -> list[str]:
    """Where its links lead inside the checkout, without their anchors."""
    found = re.findall(r"\]\(([^)#\s]+)", text)
    return [link for link in found if not link.startswith("https://")]


def paths(text: str) -> list[str]:
    """The files of the checkout that it names between backquotes."""
    return [path for path in PATH.findall(text) if path not in PLACEHOLDERS]


def test_links_and_paths_are_found() -> None:
    text = (CHECKOUT / "docs/benchmarks.md").read_text(encoding="utf-8")
    assert "benchmarks/recall.md" in links(text)
    assert "scripts/bench/recall.py" in paths(text)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_and_every_path_leads_to_a_file(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert [link for link in links(text) if not (document.parent / link).is_file()] == []
    assert [path for path in paths(text) if not (CHECKOUT / path).is_file()] == []
