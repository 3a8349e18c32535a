"""The `.venv` of this checkout: created where it is missing, repaired where it is stale, else left alone.

A file inside it, the note, holds the digest of what it was installed from. The note is deleted before an
installation and written again after it, so that the next call repairs an interrupted installation. All
messages go to stderr: stdout belongs to the command that runs afterwards.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

CHECKOUT = Path(__file__).resolve().parent.parent
RUN_EXTRAS = frozenset({"ffmpeg"})
TEST_EXTRAS = frozenset({"ffmpeg", "test"})
CHECK_EXTRAS = frozenset({"ffmpeg", "test", "check"})
CHECKS = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy",),
    ("pyright",),
    ("lint-imports", "--no-logo"),
)
# One worker more than cores: a quarter of the time the tests wait for the processes that they start.
SIDE_BY_SIDE = ("-n", str(1 + (os.cpu_count() or 1)), "--dist", "loadfile")
# By itself, because measuring costs a quarter of the time of the suite.
COVERAGE = ("--cov", "--cov-report=term")
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")
NOTE = "mediaindex-environment.json"
NO_VENV = "this Python has no venv module: `apt install python3-venv` brings it on Debian and Ubuntu"


def run(arguments: Sequence[str]) -> NoReturn:
    """Replace this process by `mediaindex ARGUMENTS` in the working directory of the caller."""
    python = ready_python(RUN_EXTRAS)
    # -P: a folder named mediaindex in the working directory is not the program.
    os.execv(python, [str(python), "-P", "-m", "mediaindex", *arguments])


def test(arguments: Sequence[str]) -> NoReturn:
    """Replace this process by pytest in the checkout: the default suite, or ARGUMENTS."""
    if list(arguments) == ["--check"]:
        sys.exit(check())
    if not arguments:
        arguments = SIDE_BY_SIDE
    elif list(arguments) == ["--coverage"]:
        arguments = (*SIDE_BY_SIDE, *COVERAGE)
    python = ready_python(TEST_EXTRAS)
    os.chdir(CHECKOUT)
    os.execv(python, [str(python), "-m", "pytest", *arguments])


def check() -> int:
    """Run every static check and name the failed ones at the end; 0 where all passed."""
    tools = ready_python(CHECK_EXTRAS).parent
    failed = []
    for command in CHECKS:
        _say("$ " + " ".join(command))
        environment = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
        done = subprocess.run([tools / command[0], *command[1:]], cwd=CHECKOUT, env=environment, check=False)
        if done.returncode:
            failed.append(" ".join(command))
    if failed:
        _say("failed: " + ", ".join(failed))
    return 1 if failed else 0


def ready_python(extras: frozenset[str]) -> Path:
    """The interpreter of a `.venv` in which the project is installed with these extras."""
    if os.name == "nt":
        _say("mediaindex runs on Linux and macOS; on Windows, run this inside WSL2 (`wsl --install`)")
        sys.exit(2)
    environment = CHECKOUT / ".venv"
    python = environment / "bin" / "python"
    if not _is_ready(environment, extras):
        try:
            with _alone():
                if not _is_ready(environment, extras):
                    _set_up(environment, extras)
        except KeyboardInterrupt:
            _say("stopped; the next call goes on from here")
            sys.exit(130)
        except OSError as error:
            _fail(f"{environment} cannot be set up: {error}")
    return python


def _is_ready(environment: Path, extras: frozenset[str]) -> bool:
    note = _note(environment)
    same = note.get("digest") == _digest(environment) and extras <= _noted_extras(note)
    return same and os.access(environment / "bin" / "python", os.X_OK)


def _note(environment: Path) -> dict[str, object]:
    try:
        note = json.loads((environment / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _noted_extras(note: dict[str, object]) -> frozenset[str]:
    extras = note.get("extras")
    return frozenset(map(str, extras)) if isinstance(extras, list) else frozenset()


def _digest(environment: Path) -> str:
    """A digest of the environment's inputs: requirements, pins, its Python, and the path of the checkout."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((CHECKOUT / name).read_bytes() + b"\0")
    digest.update(f"{_python_version(environment)} {CHECKOUT}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _python_version(environment: Path) -> str:
    """Major and minor version as pyvenv.cfg states them (venv says version, others version_info)."""
    with suppress(OSError, UnicodeDecodeError):
        text = (environment / "pyvenv.cfg").read_text(encoding="utf-8")
        if found := re.search(r"^version(?:_info)? *= *(\d+\.\d+)", text, re.MULTILINE):
            return found[1]
    return ""


@contextmanager
def _alone() -> Iterator[None]:
    """One installation at a time. pip inherits the lock, which therefore outlives a killed caller."""
    import fcntl

    with (CHECKOUT / "pyproject.toml").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another call is setting up .venv; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        os.set_inheritable(lock.fileno(), True)
        yield


def _set_up(environment: Path, extras: frozenset[str]) -> None:
    extras |= _noted_extras(_note(environment))
    (environment / NOTE).unlink(missing_ok=True)
    _make(environment)
    torch = _version(environment, "torch")
    _say(f"setting up {environment}: {_size(torch)}")
    pins = environment / "constraints.txt"
    pins.write_text(
        _pins((CHECKOUT / "constraints.txt").read_text(encoding="utf-8"), torch), encoding="utf-8"
    )
    project = f".[{','.join(sorted(extras))}]"
    if _python(environment, *PIP, "install", "--constraint", str(pins), "--editable", project):
        _fail("pip could not install the project (its reason stands above); once that is mended, call again")
    if torch is not None:
        _check_torchvision(environment, torch)
    note = environment / (NOTE + ".new")
    note.write_text(json.dumps({"digest": _digest(environment), "extras": sorted(extras)}), encoding="utf-8")
    note.replace(environment / NOTE)
    _say("ready")


def _make(environment: Path) -> None:
    """A virtual environment with pip. A working one is kept, whatever tool and Python it was made with."""
    if _python(environment, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"):
        try:
            import ensurepip  # noqa: F401  Debian packs it apart, and venv needs it
            import venv
        except ImportError:
            _fail(NO_VENV)
        if environment.exists():
            _say(f"{environment} has no working Python 3.11 or newer: making it anew")
        venv.create(environment, clear=True, symlinks=True)
    _remove_half_installed(environment)
    if _version(environment, "pip") is None and _python(environment, "-m", "ensurepip"):
        _fail(NO_VENV)


def _remove_half_installed(environment: Path) -> None:
    """Remove distributions whose installation was interrupted: INSTALLER is the last file to be written."""
    for metadata in environment.glob("lib/python3*/site-packages/*.dist-info"):
        if not (metadata / "INSTALLER").is_file():
            shutil.rmtree(metadata)


def _version(environment: Path, name: str) -> str | None:
    for metadata in environment.glob(f"lib/python3*/site-packages/{name}-*.dist-info"):
        return metadata.name.removeprefix(f"{name}-").removesuffix(".dist-info")
    return None


def _pins(text: str, torch: str | None) -> str:
    """The constraints, adapted to a torch that is already installed: it stays, and torchvision follows it."""
    pinned = re.search(r"^torch==([^\s;]+)", text, re.MULTILINE)
    if torch is None or pinned is None:
        return text
    same_release = torch.partition("+")[0] == pinned[1]
    loose = r"^torch==.*\n?" if same_release else r"^(torch|torchvision)==.*\n?"
    return re.sub(loose, "", text, flags=re.MULTILINE) + f"\ntorch=={torch}\n"


def _check_torchvision(environment: Path, torch: str) -> None:
    """Warn where torchvision is of another build than the torch that stayed; pip cannot know that."""
    torchvision = _version(environment, "torchvision")
    if torchvision is not None and _python(environment, "-c", "import torchvision", quiet=True):
        _say(
            f"torchvision {torchvision} does not run with the torch {torch} that was here, so the open_clip "
            "encoders will not: install both from one build, see README.md, 'Torch without CUDA'"
        )


def _size(torch: str | None) -> str:
    if torch is not None:
        return f"about 1 GB on disk; torch {torch} is there and stays"
    if sys.platform == "darwin":
        return "about 2 GB on disk"
    return (
        "about 6.5 GB on disk, 5 of them CUDA libraries that torch for Linux brings. Without a GPU, stop "
        "here (Ctrl-C) and put the CPU build of torch into .venv first: see README.md, 'Torch without CUDA'"
    )


def _python(environment: Path, *arguments: str, quiet: bool = False) -> int:
    """Exit status of the environment's Python, all output on stderr; 127 where there is none."""
    output = subprocess.DEVNULL if quiet else sys.stderr
    try:
        return subprocess.run(
            [environment / "bin" / "python", *arguments],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            close_fds=False,
            check=False,
        ).returncode
    except OSError:
        return 127


def _say(line: str) -> None:
    print(f"mediaindex: {line}", file=sys.stderr, flush=True)


def _fail(line: str) -> NoReturn:
    _say(line)
    sys.exit(1)
