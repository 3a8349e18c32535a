"""The wheel is complete: installed alone, outside the checkout, it indexes and finds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support.media import moving, write_clip
from tests.support.paths import CHECKOUT

LARGEST_WHEEL_BYTES = 70_000_000


def pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def built_wheel(folder: Path) -> Path:
    """The project's wheel, built by the hatchling of this environment without isolation or network."""
    pip("wheel", "--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", folder, CHECKOUT)
    (wheel,) = folder.glob("mediaindex-*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a fresh environment: the wheel alone, dependencies seen through a .pth."""
    root = tmp_path_factory.mktemp("fresh environment")
    venv.create(root, symlinks=True)
    packages = sysconfig.get_path("purelib", "venv", {"base": str(root), "platbase": str(root)})
    pip("--python", root / "bin" / "python", "install", "--no-deps", "--no-index", wheel)
    Path(packages, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return root / "bin"


def test_the_wheel_is_small_enough_to_install(wheel: Path) -> None:
    assert wheel.stat().st_size <= LARGEST_WHEEL_BYTES


def test_the_wheel_holds_the_program_and_nothing_of_the_checkout(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {
        "mediaindex",
        "mediaindex_models",
        "mediaindex_tui",
    }
    for needed in (
        "mediaindex/embed/builtin_files/towers.safetensors",
        "mediaindex/learn/report_page/page.css",
        "mediaindex/learn/report_page/page.html.jinja",
        "mediaindex/search/ranking/boxed_generators/builtin-residual/model.safetensors",
        "mediaindex/ingest/writer/general_captions.txt",
        "mediaindex/search/confidence/calibrations.json",
        "mediaindex/store/catalog/migrations/versions/0001_first.py",
        "mediaindex/py.typed",
        "mediaindex_tui/finder/__main__.py",
        "mediaindex_tui/ui.tcss",
    ):
        assert needed in names
    licences = [Path(name).name for name in names if ".dist-info/licenses/" in name]
    assert sorted(licences) == ["LICENSE", "NOTICE"]
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


@pytest.mark.slow
def test_the_installed_command_searches_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    videos, library = tmp_path / "videos", tmp_path / "library"
    videos.mkdir()
    write_clip(videos / "harbour at dusk.mp4", moving(20))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def mediaindex(*arguments: str) -> dict[str, object]:
        done = subprocess.run(
            [installed / "mediaindex", *arguments, "--json", "--library", library],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert isinstance(answer, dict)
        return answer

    report = mediaindex("index", str(videos))
    assert (report["indexed"], report["failed"]) == (1, [])
    hits = mediaindex("search", "a harbour at dusk")["hits"]
    assert isinstance(hits, list)
    assert [Path(hit["path"]).name for hit in hits][:1] == ["harbour at dusk.mp4"]

    where = "import mediaindex, mediaindex_models as m; print(mediaindex.__file__, m.__file__, sep='\\n')"
    files = subprocess.check_output(
        [installed / "python", "-c", where], cwd=tmp_path, env=environment, text=True
    )
    assert all(Path(file).is_relative_to(installed.parent) for file in files.splitlines())
