"""From a name to an encoder: imported weights, a preset, or a library's own reference.

Importing this loads no torch; loading an encoder does.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from mediaindex.embed.encoder import Arithmetic, Encoder, TextEncoder
from mediaindex.embed.families.builtin_files import NAMES as BUILTIN_NAMES
from mediaindex.embed.presets import PRESETS
from mediaindex.embed.weights.files import Import, imported
from mediaindex.errors import EncoderUnavailable


def load_encoder(
    name: str,
    *,
    device: str = "auto",
    models: Path | None = None,
    threads: int | None = None,
    digest: str | None = None,
    arithmetic: Arithmetic | None = "float32",
) -> Encoder:
    """The encoder of that name, from files of this machine alone.

    Args:
        device: auto, cpu, cuda or mps.
        models: folder of imported weights.
        threads: how many threads torch has in this process from now on; None changes nothing.
        digest: of the head of the built-in encoder, None for that of new libraries. Others have one alone.
        arithmetic: of the built-in encoder's pictures; None for the quickest of this machine. Others compute
            in float32.

    Raises:
        EncoderUnavailable: the name is unknown or its weights are not here; says the remedy.
        EncoderMismatch: the weights are of another shape than the model.
    """
    import torch

    from mediaindex.embed.device import quickest_arithmetic, resolve_device

    if threads is not None:
        torch.set_num_threads(threads)
    torch_device, _ = resolve_device(device)
    if name in BUILTIN_NAMES:
        from mediaindex.embed.families.builtin import load_builtin

        arithmetic = arithmetic or quickest_arithmetic(torch_device)
        return load_builtin(device=torch_device, name=name, digest=digest, arithmetic=arithmetic)
    own_import = imported(models).get(name) if models is not None else None
    if own_import is not None:
        return _imported(own_import, device=torch_device)
    if name in PRESETS:
        return _preset(name, device=torch_device)
    library, _, reference = name.partition(":")
    if library == "open_clip" and reference:
        return _open_clip(name, reference, device=torch_device)
    if library == "transformers" and reference:
        from mediaindex.embed.families.transformers import folder_of, load_transformers

        return load_transformers(folder_of(reference), name=name, device=torch_device)
    raise EncoderUnavailable(_unknown(name, models))


def load_text_encoder(
    name: str,
    *,
    device: str = "auto",
    models: Path | None = None,
    digest: str | None = None,
    arithmetic: Arithmetic = "float32",
) -> TextEncoder:
    """The encoder of that name for a process that only asks: the built-in one without torch.

    Any other one has a single thread of torch, in this process from now on: over one sentence two threads
    wait for each other longer than they compute as soon as anything else runs.

    Args, Raises: as `load_encoder`.
    """
    if name in BUILTIN_NAMES and device in ("auto", "cpu"):
        from mediaindex.embed.families.builtin_text import BuiltinTexts

        return BuiltinTexts(name=name, digest=digest, arithmetic=arithmetic)
    return load_encoder(name, device=device, models=models, threads=1, digest=digest, arithmetic=arithmetic)


def _imported(item: Import, *, device: str) -> Encoder:
    licence = (item.licence, item.commercial)
    if item.library == "transformers":
        from mediaindex.embed.families.transformers import load_transformers

        return load_transformers(item.folder, name=item.name, device=device, licence=licence)
    from mediaindex.embed.families.open_clip import load_openclip
    from mediaindex.embed.weights.open_clip_files import files_of_folder

    return load_openclip(files_of_folder(item.folder), name=item.name, device=device, licence=licence)


def _preset(name: str, *, device: str) -> Encoder:
    from mediaindex.embed.families.open_clip import load_openclip
    from mediaindex.embed.weights.open_clip_files import files_of_tag

    preset = PRESETS[name]
    try:
        files = files_of_tag(preset.model, preset.weights)
    except EncoderUnavailable as error:
        raise EncoderUnavailable(
            f"the encoder {name} is not on this machine: run `mediaindex models pull {name}` where there "
            f"is network ({preset.size_bytes / 1e9:.1f} GB), or `mediaindex models import FILE --name {name}`"
        ) from error
    return load_openclip(files, name=name, device=device, licence=(preset.licence, preset.commercial))


def _open_clip(name: str, reference: str, *, device: str) -> Encoder:
    from mediaindex.embed.families.open_clip import load_openclip
    from mediaindex.embed.weights.open_clip_files import files_of_folder, files_of_tag, files_of_weights

    if Path(reference).is_dir():
        return load_openclip(files_of_folder(Path(reference)), name=name, device=device)
    model, _, weights = reference.partition("/")
    if not weights:
        raise EncoderUnavailable(
            f"{name} names neither a folder nor a model with its weights: write open_clip:MODEL/TAG, "
            f"open_clip:MODEL/FILE or open_clip:FOLDER"
        )
    if Path(weights).is_file():
        return load_openclip(files_of_weights(model, Path(weights)), name=name, device=device)
    if Path(weights).suffix:
        raise EncoderUnavailable(f"{name}: there is no file {weights}")
    return load_openclip(files_of_tag(model, weights), name=name, device=device)


def _unknown(name: str, models: Path | None) -> str:
    names = [*PRESETS, *(imported(models) if models is not None else ())]
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)};"
    return (
        f"there is no encoder {name!r}: {hint} others are written open_clip:MODEL/TAG or "
        f"transformers:REPO_OR_DIR, or brought by `mediaindex models import FILE --name {name}`"
    )
