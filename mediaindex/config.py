"""The settings of one command, read once: defaults < TOML file < environment < flags that were typed.

Only a command builds a `Config`, and takes it apart: below, functions get plain values.
"""

from __future__ import annotations

import os
import re
import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeVar, get_args

import platformdirs

from mediaindex.decode.sampling.policy import DECODERS, DecoderName
from mediaindex.embed.encoder import DEVICES, Device
from mediaindex.errors import ConfigError
from mediaindex.sources.filetypes import NOT_MEDIA

APPLICATION = "mediaindex"
PREFIX = "MEDIAINDEX_"
CONFIG_VARIABLE = PREFIX + "CONFIG"
LARGEST_FILE_BYTES = 1 << 20
FLAG_WORDS: dict[str, bool] = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}

LogFormat = Literal["text", "json"]
Images = Literal["auto", "quadrant", "half", "kitty", "sixel", "off"]
Theme = Literal["dark", "light", "high-contrast"]
View = Literal["auto", "lines", "cards", "grid"]
Choice = TypeVar("Choice", bound=str)
Benchmark = Mapping[str, str]
Value = Path | str | int | float | tuple[str, ...] | tuple[Benchmark, ...] | Mapping[str, str] | None
TABLES = ("ui", "nightly")
"""Tables of the file; the field `ui_images` is the setting `ui.images`."""
BENCHMARK_KEYS = ("name", "videos", "annotations")


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting with its value; `origins` names for each one who set it.

    Attributes:
        library: absolute folder of the library.
        encoder: name of the encoder (see `mediaindex models list`).
        device: where networks run.
        decoder: what reads the videos.
        jobs: decoding processes side by side.
        threads: threads of one network.
        frame_short_side: pixels of a cached frame's short side.
        frame_quality: JPEG quality of a cached frame.
        gap_seconds: the longest stretch of a video without a sampled frame; twice as long where its sides are
            alike and its packets tell of no cut.
        not_media: globs of file and folder names that are no media.
        exclude: further globs of what to leave out.
        player: command with {path} and {seconds}; None for the first player on this machine.
        exact_limit_mib: MiB of vectors above which LanceDB's index finds what is scored.
        decode_timeout_seconds: silence after which a decoding process is ended.
        decode_memory_mib: memory of one decoding process.
        cache_limit_mib: the largest size of the frame cache in MiB, 0 for no limit.
        rerank_candidates: segments that a search reranks.
        nice: how far the watcher's CPU priority is lowered, 0 to 19.
        max_load: load average above which the watcher waits, None for no bound.
        pause_on_battery: whether the watcher waits while the machine runs on its battery.
        log_format: form of the watcher's log.
        ui_images: how the interface shows pictures; `auto` asks the environment.
        ui_theme: its colours. ui_mouse: whether the mouse is its own rather than the terminal's.
        ui_view: how it lists moments; `auto` by the size of the terminal.
        ui_history: whether moments that are opened, here and by `open`, become picks of the history.
        ui_keys: keys by action, such as {"open": "o,enter"}, in place of those that it has.
        nightly_library: whether a nightly evaluation measures the library.
        nightly_encoders: encoders that it measures the benchmarks with; empty for the one of `encoder`.
        nightly_generators: generators that it measures beside what is on by itself.
        nightly_queries: of each ranking, queries at the most; 0 for all.
        nightly_minutes: after which it ends, None for no limit. nightly_at: when it begins, HH:MM.
        nightly_report: its page, None for none.
        nightly_notify: command with {summary} that tells that something fell, None for none.
        nightly_benchmarks: with name, and absolute folders of videos and annotations.
        origins: by setting: "default", "file PATH", "environment NAME" or "flag --NAME".
    """

    library: Path
    encoder: str
    device: Device
    decoder: DecoderName
    jobs: int
    threads: int
    frame_short_side: int
    frame_quality: int
    gap_seconds: float
    not_media: tuple[str, ...]
    exclude: tuple[str, ...]
    player: str | None
    exact_limit_mib: int
    decode_timeout_seconds: float
    decode_memory_mib: int
    cache_limit_mib: int
    rerank_candidates: int
    nice: int
    max_load: float | None
    pause_on_battery: bool
    log_format: LogFormat
    ui_images: Images
    ui_theme: Theme
    ui_mouse: bool
    ui_view: View
    ui_history: bool
    ui_keys: Mapping[str, str]
    nightly_library: bool
    nightly_encoders: tuple[str, ...]
    nightly_generators: tuple[str, ...]
    nightly_queries: int
    nightly_minutes: float | None
    nightly_at: str
    nightly_report: Path | None
    nightly_notify: str | None
    nightly_benchmarks: tuple[Benchmark, ...]
    origins: Mapping[str, str] = field(compare=False, repr=False)

    @property
    def has_nightly(self) -> bool:
        """Whether anything says what is evaluated at night, be it an empty table `[nightly]`."""
        return any(self.origins[name] != "default" for name in SETTINGS if name.startswith("nightly."))

    def rows(self) -> tuple[tuple[str, Value, str], ...]:
        """(setting, value, origin) of every setting, in the order of the fields."""
        return tuple((name, getattr(self, _plain(name)), self.origins[name]) for name in SETTINGS)


def _named(field_name: str) -> str:
    """The setting of a field: `ui.images` of `ui_images`."""
    table, _, name = field_name.partition("_")
    return f"{table}.{name}" if table in TABLES else field_name


def _plain(setting: str) -> str:
    """The field of a setting, which is also its variable's name in lower case."""
    return setting.replace(".", "_")


SETTINGS = tuple(_named(setting.name) for setting in fields(Config) if setting.name != "origins")
_VARIABLES = {_plain(name): name for name in SETTINGS}


def config_path() -> Path:
    """The TOML file of this user: MEDIAINDEX_CONFIG, else the one in the user's configuration folder."""
    named = os.environ.get(CONFIG_VARIABLE)
    return Path(named) if named else platformdirs.user_config_path(APPLICATION) / "config.toml"


def load_config(flags: Mapping[str, object] | None = None) -> Config:
    """The settings of this command.

    Args:
        flags: what was typed, by setting; None means that the flag was not.

    Raises:
        ConfigError: an unknown setting or a value that does not fit, naming where it stands.
    """
    settings = _Settings([_typed_flags(flags or {}), _environment(), _file(config_path())])
    cores = available_cores()
    return Config(
        library=settings.folder("library", default_library()),
        encoder=settings.text("encoder", "builtin"),
        device=settings.choice("device", DEVICES, "auto"),
        decoder=settings.choice("decoder", DECODERS, "auto"),
        jobs=settings.whole("jobs", max(1, cores - 1), least=1, most=1024),
        threads=settings.whole("threads", cores, least=1, most=1024),
        frame_short_side=settings.whole("frame_short_side", 384, least=64, most=4320),
        frame_quality=settings.whole("frame_quality", 85, least=1, most=95),
        gap_seconds=settings.number("gap_seconds", 3.4, least=0.1, most=3600.0),
        not_media=settings.texts("not_media", tuple(NOT_MEDIA)),
        exclude=settings.texts("exclude", ()),
        player=settings.text("player", "") or None,
        exact_limit_mib=settings.whole("exact_limit_mib", 4096, least=0, most=10**9),
        decode_timeout_seconds=settings.number("decode_timeout_seconds", 60.0, least=1.0, most=86_400.0),
        decode_memory_mib=settings.whole("decode_memory_mib", 512, least=64, most=1 << 20),
        cache_limit_mib=settings.whole("cache_limit_mib", 0, least=0, most=1 << 40),
        rerank_candidates=settings.whole("rerank_candidates", 64, least=1, most=4096),
        nice=settings.whole("nice", 10, least=0, most=19),
        max_load=settings.number("max_load", 0.0, least=0.0, most=1e4) or None,
        pause_on_battery=settings.flag("pause_on_battery", default=False),
        log_format=settings.choice("log_format", get_args(LogFormat), "text"),
        ui_images=settings.choice("ui.images", get_args(Images), "auto"),
        ui_theme=settings.choice("ui.theme", get_args(Theme), "dark"),
        ui_mouse=settings.flag("ui.mouse", default=True),
        ui_view=settings.choice("ui.view", get_args(View), "auto"),
        ui_history=settings.flag("ui.history", default=True),
        ui_keys=settings.table("ui.keys", 'a table of the settings file, such as open = "o,enter"'),
        nightly_library=settings.flag("nightly.library", default=True),
        nightly_encoders=settings.texts("nightly.encoders", (), allowed="a list of names"),
        nightly_generators=settings.texts("nightly.generators", (), allowed="a list of names"),
        nightly_queries=settings.whole("nightly.queries", 1000, least=0, most=10**6),
        nightly_minutes=settings.number("nightly.minutes", 60.0, least=0.0, most=1440.0) or None,
        nightly_at=settings.time_of_day("nightly.at", "03:30"),
        nightly_report=settings.file("nightly.report"),
        nightly_notify=settings.text("nightly.notify", "") or None,
        nightly_benchmarks=settings.benchmarks("nightly.benchmarks"),
        origins=MappingProxyType(settings.origins),
    )


def default_library() -> Path:
    """Where this user's library lies unless a setting says otherwise."""
    return platformdirs.user_data_path(APPLICATION) / "library"


def available_cores() -> int:
    """Cores that this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class _Source:
    """Values of one origin.

    Attributes:
        origin: how a setting's place is named.
        textual: True where every value is text and has to be read as what the setting needs.
        folder: what relative folders are relative to.
    """

    values: Mapping[str, object]
    origin: Callable[[str], str]
    textual: bool
    folder: Path

    def __post_init__(self) -> None:
        for name in self.values:
            if name not in SETTINGS:
                shown = reprlib.repr(name)
                raise ConfigError(f"{self.origin(shown[1:-1])}: unknown setting {shown}{_nearest(name)}")


def _typed_flags(flags: Mapping[str, object]) -> _Source:
    typed = {name: value for name, value in flags.items() if value is not None}
    return _Source(typed, _flag, textual=True, folder=Path())


def _flag(setting: str) -> str:
    """The option of a setting: a size is typed with its unit, and `search` has one kind of candidates."""
    return "flag --" + setting.removesuffix("_mib").removeprefix("rerank_").replace("_", "-")


def _environment() -> _Source:
    """Variables of the prefix; one that is no setting is refused only if it looks like a misspelt one."""
    values: dict[str, object] = {}
    for variable, text in os.environ.items():
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE or not text:
            continue
        if name in _VARIABLES or _near(name, _VARIABLES, 0.8):
            values[_VARIABLES.get(name, name)] = text
    return _Source(
        values, lambda name: f"environment {PREFIX}{_plain(name).upper()}", textual=True, folder=Path()
    )


def _file(path: Path) -> _Source:
    values: dict[str, object] = {}
    for name, value in _toml(path).items():
        if name in TABLES and isinstance(value, dict):
            values |= {f"{name}.{inner}": one for inner, one in value.items()}
            if name == "nightly":  # an empty one asks for nights too
                values.setdefault("nightly.library", True)
        elif name in TABLES:
            raise ConfigError(f"file {path}: {name} must be a table [{name}], not {reprlib.repr(value)}")
        else:
            values[name] = value
    return _Source(values, lambda _: f"file {path}", textual=False, folder=path.parent)


def _toml(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except FileNotFoundError as error:
        if os.environ.get(CONFIG_VARIABLE):
            raise ConfigError(f"{path}: no such file; correct or unset {CONFIG_VARIABLE}") from error
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(content) > LARGEST_FILE_BYTES:
        raise ConfigError(f"{path} is larger than {LARGEST_FILE_BYTES} bytes: that is no configuration")
    import tomllib

    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error


class _Settings:
    """Reads each setting from the first source that has it, and notes which one that was."""

    def __init__(self, sources: list[_Source]) -> None:
        self.sources = sources
        self.origins: dict[str, str] = {}

    def folder(self, name: str, default: Path) -> Path:
        value, source = self._find(name)
        return default if source is None else self._path(name, value, source, "the path of a folder")

    def file(self, name: str) -> Path | None:
        value, source = self._find(name)
        return None if source is None else self._path(name, value, source, "the path of a file")

    def _path(self, name: str, value: object, source: _Source, allowed: str) -> Path:
        if not isinstance(value, str | Path) or not str(value).strip() or "\0" in str(value):
            raise self._wrong(name, value, allowed)
        return Path(os.path.abspath(source.folder / os.path.expanduser(value)))

    def text(self, name: str, default: str) -> str:
        value, source = self._find(name)
        if source is None:
            return default
        if not isinstance(value, str) or not value.isprintable():
            raise self._wrong(name, value, "text on one line")
        return value

    def time_of_day(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            raise self._wrong(name, value, "a time of day such as 03:30")
        return value

    def benchmarks(self, name: str) -> tuple[Benchmark, ...]:
        """Benchmarks with their folders; whether these are there is known to who measures."""
        value, source = self._find(name)
        if source is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self._wrong(name, value, f"tables [[{name}]] of the settings file")
        found = []
        for one in value:
            if odd := sorted(set(one) ^ set(BENCHMARK_KEYS)):
                what = "unknown key" if odd[0] in one else "no key"
                keys = ", ".join(BENCHMARK_KEYS)
                shown = reprlib.repr(odd[0])
                raise ConfigError(f"{self.origins[name]}: {what} {shown} in [[{name}]]; it has {keys}")
            if not isinstance(one["name"], str):
                raise self._wrong(name, one["name"], "tables whose name is that of a benchmark")
            folders = {
                key: str(self._path(name, one[key], source, f"a path in {key}")) for key in BENCHMARK_KEYS[1:]
            }
            found.append(MappingProxyType({"name": one["name"], **folders}))
        return tuple(found)

    def texts(
        self, name: str, default: tuple[str, ...], *, allowed: str = "a list of globs"
    ) -> tuple[str, ...]:
        value, source = self._find(name)
        if source is None:
            return default
        if source.textual and isinstance(value, str):
            value = value.split(os.pathsep)
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
            raise self._wrong(name, value, allowed)
        return tuple(value)

    def choice(self, name: str, allowed: tuple[Choice, ...], default: Choice) -> Choice:
        value, source = self._find(name)
        if source is None:
            return default
        for option in allowed:
            if option == value:
                return option
        raise self._wrong(name, value, "one of " + ", ".join(allowed))

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        value, source = self._find(name)
        if source is None:
            return default
        if source.textual:
            value = _number_in(value, int)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self._wrong(name, value, f"a whole number from {least} to {most}")
        return value

    def number(self, name: str, default: float, *, least: float, most: float) -> float:
        value, source = self._find(name)
        if source is None:
            return default
        if source.textual:
            value = _number_in(value, float)
        if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
            raise self._wrong(name, value, f"a number from {least:g} to {most:g}")
        return float(value)

    def flag(self, name: str, *, default: bool) -> bool:
        value, source = self._find(name)
        if source is None:
            return default
        if source.textual and isinstance(value, str):
            value = FLAG_WORDS.get(value.strip().lower(), value)
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def table(self, name: str, allowed: str) -> Mapping[str, str]:
        value, source = self._find(name)
        if source is None:
            return MappingProxyType({})
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            raise self._wrong(name, value, allowed)
        return MappingProxyType({str(key): str(item) for key, item in value.items()})

    def _find(self, name: str) -> tuple[object, _Source | None]:
        for source in self.sources:
            if name in source.values:
                self.origins[name] = source.origin(name)
                return source.values[name], source
        self.origins[name] = "default"
        return None, None

    def _wrong(self, name: str, value: object, allowed: str) -> ConfigError:
        return ConfigError(f"{self.origins[name]}: {name} must be {allowed}, not {reprlib.repr(value)}")


def _number_in(value: object, kind: type[int] | type[float]) -> object:
    """The number that a text spells, or the value as it is."""
    if isinstance(value, str):
        try:
            return kind(value)
        except ValueError:
            return value
    return value


def _nearest(name: str) -> str:
    near = _near(name, SETTINGS)
    return f"; did you mean {near[0]!r}?" if near else "; `mediaindex config show` lists all"


def _near(name: str, others: Iterable[str], cutoff: float = 0.6) -> list[str]:
    import difflib  # most commands meet no wrong name

    return difflib.get_close_matches(name, list(others), n=1, cutoff=cutoff)
