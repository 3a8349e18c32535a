"""The house: how many rooms there are, how large they are, and that the drawings of them are true."""

from __future__ import annotations

import re
import statistics
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import CHECKOUT

PACKAGE = CHECKOUT / "mediaindex"
INTERFACE = CHECKOUT / "tui" / "mediaindex_tui"
MODELS = CHECKOUT / "models" / "mediaindex_models"
NOT_ROOMS = {"__init__", "__main__"}
TOP_FLOOR = 15
MODULES_OF_A_ROOM = 10
ENTRIES_OF_A_ROOM = 3
LINES = 450
MEDIAN_LINES = 130


def packages() -> list[Path]:
    """Every package below mediaindex/, Alembic's aside."""
    found = sorted(init.parent for init in PACKAGE.rglob("__init__.py") if init.parent != PACKAGE)
    return [folder for folder in found if "migrations" not in folder.parts]


def modules_of(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.py") if path.stem not in NOT_ROOMS)


def packages_of(folder: Path) -> list[str]:
    return sorted(init.parent.name for init in folder.glob("*/__init__.py"))


def modules() -> Iterator[Path]:
    """Every module that holds code of ours, as a file."""
    for folder in (PACKAGE, MODELS, *packages()):
        yield from (folder / f"{name}.py" for name in modules_of(folder))


def name_of(folder: Path) -> str:
    return str(folder.relative_to(PACKAGE))


# Sizes


def test_the_top_floor_is_seen_at_a_glance() -> None:
    assert len(modules_of(PACKAGE) + packages_of(PACKAGE)) <= TOP_FLOOR


@pytest.mark.parametrize("folder", packages(), ids=name_of)
def test_a_room_is_neither_a_hall_nor_a_cupboard(folder: Path) -> None:
    if folder.name != "cli":  # one command a file, and there are many
        assert len(modules_of(folder)) <= MODULES_OF_A_ROOM
    assert len(modules_of(folder)) + len(packages_of(folder)) >= ENTRIES_OF_A_ROOM
    assert len(folder.relative_to(PACKAGE).parts) <= 2


def test_no_file_is_long_and_most_are_short() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {path.name: count for path, count in lines.items() if count > LINES} == {}
    assert statistics.median(lines.values()) <= MEDIAN_LINES


# Tests mirror the code


@pytest.mark.parametrize("module", list(modules()), ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_module_has_a_test_file_of_its_name(module: Path) -> None:
    tests = CHECKOUT / "tests"
    if module.is_relative_to(MODELS):
        assert (tests / "models" / f"test_{module.name}").is_file()
    else:
        assert (tests / module.parent.relative_to(PACKAGE) / f"test_{module.name}").is_file()


def test_no_test_imports_another() -> None:
    """What tests share lies in tests/support."""
    pattern = re.compile(r"^\s*(from|import) tests\.(?!support)[\w.]*(test_|conftest)", re.MULTILINE)
    borrowers = [
        str(path.relative_to(CHECKOUT))
        for path in sorted((CHECKOUT / "tests").rglob("*.py"))
        if pattern.search(path.read_text(encoding="utf-8"))
    ]
    assert borrowers == []


# Drawings


def drawn_floors() -> list[dict[str, list[str]]]:
    """The drawing of docs/design.md, from the top floor down: room → the rooms inside it."""
    design = (CHECKOUT / "docs" / "design.md").read_text(encoding="utf-8")
    section = design.split("## The rooms\n", 1)[1].split("\n## ", 1)[0]
    drawing = re.search(r"```text\n(.*?)```", section, re.DOTALL)
    assert drawing is not None
    rows = [line for line in drawing[1].splitlines() if "│" in line]
    return [dict(box_of(cell) for cell in re.findall(r"│([^│]*)│", row)) for row in rows]


def box_of(cell: str) -> tuple[str, list[str]]:
    """`name: room room` → the name and the rooms inside."""
    name, _, inside = cell.partition(":")
    return name.strip(), sorted(inside.split())


def test_the_drawing_shows_every_room_and_no_other() -> None:
    drawn = {name: rooms for floor in drawn_floors() for name, rooms in floor.items()}
    built = {name: packages_of(PACKAGE / name) for name in packages_of(PACKAGE)}
    built |= {name: [] for name in modules_of(PACKAGE)}
    built["store"] = [name for name in built["store"] if name != "migrations"]
    assert drawn == built


def test_the_drawing_has_the_floors_of_the_layers() -> None:
    with (CHECKOUT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["name"].startswith("The rooms"))
    assert [sorted(floor) for floor in drawn_floors()] == [
        sorted(name.strip() for name in re.split(r"[|:]", layer)) for layer in layers
    ]


def table_of(text: str, heading: str) -> dict[str, str]:
    """The first table below a heading: the name in its first column → the last column."""
    section = text.split(f"\n{heading}\n", 1)[1]
    rows = re.findall(r"^\| `([^`]+)` \|(.*)\|$", section.split("\n## ", 1)[0], re.MULTILINE)
    return {name: rest.rsplit("|", 1)[-1].strip() for name, rest in rows}


def test_the_table_of_rooms_names_every_module() -> None:
    design = (CHECKOUT / "docs" / "design.md").read_text(encoding="utf-8")
    table = {name.rstrip("/"): rest for name, rest in table_of(design, "### What is in them").items()}
    expected = {name_of(folder): modules_of(folder) for folder in packages() if modules_of(folder)}
    named = {name: sorted(re.findall(r"`(\w+)`", rest)) for name, rest in table.items()}
    assert named == expected


def test_the_tables_of_the_interface_name_every_module() -> None:
    design = (CHECKOUT / "docs" / "design.md").read_text(encoding="utf-8")
    section = design.split("\n## The interface\n", 1)[1].split("\n## ", 1)[0]
    cells = re.findall(r"^\| ((?:`\w+` )+)\|", section, re.MULTILINE)
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(modules_of(INTERFACE) + modules_of(INTERFACE / "finder"))


def test_the_readme_lays_out_the_folders_that_there_are() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    laid_out = {name.rstrip("/") for name in table_of(readme, "## Layout")}
    built = {f"mediaindex/{name}" for name in packages_of(PACKAGE)}
    built |= {"models/mediaindex_models", "tui/mediaindex_tui", "scripts", "tests", "docs"}
    assert laid_out == built


# The two corridors


def documented_paths() -> dict[str, list[str]]:
    """The functions that a file and a query pass, as docs/design.md lists them: heading → `file:function`."""
    design = (CHECKOUT / "docs" / "design.md").read_text(encoding="utf-8")
    paths = {}
    for heading in ("### From a file event to a commit", "### From a command to a hit"):
        section = design.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
        paths[heading] = re.findall(r"^\d+\. `([\w./]+\.py:[\w.]+)`", section, re.MULTILINE)
    return paths


def test_each_path_names_functions_that_there_are_each_once() -> None:
    for functions in documented_paths().values():
        assert len(functions) > 5
        assert len(functions) == len(set(functions))
        for function in functions:
            file, _, name = function.partition(":")
            source = (PACKAGE / file).read_text(encoding="utf-8")
            holder, _, method = name.rpartition(".")
            assert not holder or re.search(rf"^class {holder}\b", source, re.MULTILINE), function
            assert re.search(rf"^ *def {method}\(", source, re.MULTILINE), function
