"""The two commands of a fresh machine, in a small checkout that installs without any index."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.paths import SCRIPTS
from tests.support.processes import start
from tests.support.waiting import until

TORCH_PIN = "2.14.1"

PYPROJECT = f"""
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "mediaindex"
version = "1"
dependencies = ["torch>=2.6"]
optional-dependencies = {{ ffmpeg = [], test = ["torch>={TORCH_PIN[:3]}"], check = [] }}
"""

# Builds an editable wheel by hand, writes a line for each, and waits while a file named `hold` is there.
BACKEND = """
import pathlib, time, zipfile
METADATA = "Metadata-Version: 2.1\\nName: mediaindex\\nVersion: 1\\n" + "".join(
    f"Provides-Extra: {extra}\\n" for extra in ("ffmpeg", "test", "check")) + "Requires-Dist: torch>=2.6\\n"
WHEEL = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    here = pathlib.Path.cwd()
    with open("builds", "a") as builds:
        builds.write("built\\n")
    while (here / "hold").exists():
        time.sleep(0.02)
    name = "mediaindex-1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / name, "w") as wheel:
        wheel.writestr("mediaindex.pth", f"{here}\\n")
        wheel.writestr("mediaindex-1.dist-info/METADATA", METADATA)
        wheel.writestr("mediaindex-1.dist-info/WHEEL", WHEEL)
        wheel.writestr("mediaindex-1.dist-info/RECORD", "")
    return name

def build_wheel(*arguments):
    raise SystemExit("only editable")
"""

PROGRAM = """
import os, sys, importlib.metadata
print(os.getpid(), importlib.metadata.version("torch"), *sys.argv[1:])
sys.exit(int(sys.argv[-1]))
"""


class Checkout:
    """A checkout with the real scripts around a program of three lines."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "mediaindex").mkdir(parents=True)
        shutil.copytree(SCRIPTS, root / "scripts", ignore=shutil.ignore_patterns("bench", "__pycache__"))
        (root / "pyproject.toml").write_text(PYPROJECT)
        (root / "backend.py").write_text(BACKEND)
        (root / "constraints.txt").write_text(f"torch=={TORCH_PIN}\ntorchvision==0.29.1\n")
        (root / "mediaindex" / "__main__.py").write_text(PROGRAM)
        (root / "mediaindex" / "__init__.py").touch()

    @property
    def packages(self) -> Path:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.root / ".venv" / "lib" / version / "site-packages"

    @property
    def builds(self) -> int:
        return len((self.root / "builds").read_text().splitlines())

    def make_environment(self, *options: str) -> None:
        subprocess.run([sys.executable, "-m", "venv", *options, self.root / ".venv"], check=True)

    def put_torch(self, version: str) -> None:
        """A torch that some other tool has installed."""
        metadata = self.packages / f"torch-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")
        (metadata / "INSTALLER").write_text("uv\n")
        (metadata / "RECORD").touch()

    def put_torchvision(self, source: str) -> None:
        metadata = self.packages / "torchvision-0.28.0.dist-info"
        metadata.mkdir()
        (metadata / "INSTALLER").write_text("uv\n")
        (self.packages / "torchvision.py").write_text(source)

    def start(self, script: str, *arguments: str) -> subprocess.Popen[str]:
        return start(
            [sys.executable, self.root / "scripts" / script, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.root.parent,
            env=os.environ | {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull},
        )

    def call(self, script: str, *arguments: str) -> tuple[int, str, str]:
        process = self.start(script, *arguments)
        out, err = process.communicate()
        return process.returncode, out, err


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with a virtual environment that holds nothing but pip and an old torch."""
    checkout = Checkout(tmp_path_factory.mktemp("template") / "checkout")
    checkout.make_environment()
    checkout.put_torch("2.10.0+cpu")
    return checkout


@pytest.fixture
def checkout(template: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the template, in a folder whose name has a space."""
    root = tmp_path / "a checkout"
    copy = Checkout(root)
    shutil.copytree(template.root / ".venv", root / ".venv", symlinks=True)
    return copy


def test_run_sets_up_and_becomes_the_program(checkout: Checkout) -> None:
    process = checkout.start("run", "search", "two words", "7")
    out, err = process.communicate()
    assert out == f"{process.pid} 2.10.0+cpu search two words 7\n"
    assert process.returncode == 7
    assert "torch 2.10.0+cpu is there and stays" in err
    assert err.splitlines()[-1] == "mediaindex: ready"
    code, out, err = checkout.call("run", "3")
    assert (code, err) == (3, "")
    assert checkout.builds == 1


@pytest.mark.parametrize(("source", "told"), [("", 0), ("raise RuntimeError('no nms')", 1)])
def test_a_torchvision_of_another_build_is_named(checkout: Checkout, source: str, told: int) -> None:
    checkout.put_torchvision(source)
    code, _, err = checkout.call("run", "0")
    assert code == 0
    assert err.count("torchvision 0.28.0 does not run with the torch 2.10.0+cpu") == told
    assert "no nms" not in err


@pytest.mark.slow
def test_changed_requirements_and_further_extras_install_again(checkout: Checkout) -> None:
    assert checkout.call("run", "0")[0] == 0
    with (checkout.root / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    assert "setting up" in checkout.call("run", "0")[2]
    with (checkout.root / "constraints.txt").open("a") as file:
        file.write("# changed\n")
    assert "setting up" in checkout.call("run", "0")[2]
    assert "setting up" in checkout.call("test", "--version")[2]
    note = json.loads((checkout.root / ".venv" / "mediaindex-environment.json").read_text())
    assert note["extras"] == ["ffmpeg", "test"]
    assert checkout.call("run", "0")[2] == ""
    assert checkout.builds == 4


def test_a_failed_installation_is_one_line_and_is_tried_again(checkout: Checkout) -> None:
    backend = checkout.root / "backend.py"
    backend.write_text("raise RuntimeError('broken')")
    code, out, err = checkout.call("run", "0")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith("mediaindex: pip could not install the project")
    backend.write_text(BACKEND)
    assert checkout.call("run", "0")[0] == 0


@pytest.mark.slow
def test_a_killed_installation_is_repaired_by_the_next_call(checkout: Checkout) -> None:
    (checkout.root / "hold").touch()
    process = checkout.start("run", "0")
    until((checkout.root / "builds").exists, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (checkout.root / "hold").unlink()
    half = checkout.packages / "mediaindex-1.dist-info"
    half.mkdir(exist_ok=True)
    (half / "METADATA").write_text("Metadata-Version: 2.1\nName: mediaindex\nVersion: 1\n")
    assert checkout.call("run", "0")[0] == 0
    assert (half / "INSTALLER").is_file()


@pytest.mark.slow
def test_two_calls_at_once_install_once(checkout: Checkout) -> None:
    (checkout.root / "hold").touch()
    first = checkout.start("run", "4")
    until((checkout.root / "builds").exists, first)
    second = checkout.start("run", "5")
    assert second.stderr is not None
    assert "waiting" in second.stderr.readline()
    (checkout.root / "hold").unlink()
    first.communicate()
    second.communicate()
    assert (first.returncode, second.returncode) == (4, 5)
    assert checkout.builds == 1


def test_interrupted_while_installing_says_so(checkout: Checkout) -> None:
    (checkout.root / "hold").touch()
    process = checkout.start("run", "0")
    until((checkout.root / "builds").exists, process)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert err.splitlines()[-1] == "mediaindex: stopped; the next call goes on from here"


@pytest.mark.slow
def test_an_environment_without_pip_gets_it(checkout: Checkout) -> None:
    shutil.rmtree(checkout.packages / "pip")
    for metadata in checkout.packages.glob("pip-*.dist-info"):
        shutil.rmtree(metadata)
    assert checkout.call("run", "0")[0] == 0


@pytest.mark.slow
def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Checkout) -> None:
    python = checkout.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    code, _, err = checkout.call("run", "0")
    assert "making it anew" in err
    assert "CUDA" in err or sys.platform == "darwin"
    assert code == 1, "torch is gone with the old environment, and there is no index here"


def run_as(checkout: Checkout, disguise: str) -> tuple[int, str]:
    """Runs scripts/run in an interpreter that takes itself for another one."""
    program = textwrap.dedent(f"""
        import os, runpy, sys
        sys.argv = ["scripts/run", "0"]
        {disguise}
        runpy.run_path({str(checkout.root / "scripts" / "run")!r}, run_name="__main__")
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_what_cannot_run_it_says_why_in_one_line(checkout: Checkout) -> None:
    scripts = str(checkout.root / "scripts")
    code, err = run_as(checkout, "sys.version_info = (3, 9, 1)")
    assert (code, err.count("\n")) == (1, 1)
    assert err.startswith("mediaindex needs Python 3.11 or newer")
    code, err = run_as(checkout, f"sys.path[0] = {scripts!r}; import _environment; os.name = 'nt'")
    assert (code, err.count("\n")) == (2, 1)
    assert "WSL2" in err
    shutil.rmtree(checkout.root / ".venv")
    code, err = run_as(checkout, "sys.modules['ensurepip'] = None")
    assert (code, err.count("\n")) == (1, 1)
    assert "apt install python3-venv" in err


@pytest.mark.parametrize(
    ("torch", "kept"),
    [
        (None, ["torch==2.14.1", "torchvision==0.29.1", "numpy==2.4.6"]),
        ("2.14.1+cpu", ["torchvision==0.29.1", "numpy==2.4.6", "torch==2.14.1+cpu"]),
        ("2.10.0+rocm7", ["numpy==2.4.6", "torch==2.10.0+rocm7"]),
    ],
)
def test_pins_bend_to_the_torch_that_is_there(
    torch: str | None, kept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import _environment

    pins = _environment._pins("torch==2.14.1\ntorchvision==0.29.1\nnumpy==2.4.6\n", torch)
    assert [line for line in pins.splitlines() if line] == kept
