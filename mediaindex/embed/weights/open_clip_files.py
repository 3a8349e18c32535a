"""The files of an open_clip model on this machine: those of a published tag, a weights file or a folder."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import open_clip
from open_clip.constants import HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME

from mediaindex.embed.weights import checkpoint, hub
from mediaindex.embed.weights.checkpoint import OPEN_CLIP_CONFIG
from mediaindex.errors import EncoderMismatch, EncoderUnavailable


@dataclass(frozen=True, slots=True)
class OpenClipFiles:
    """The parts of one model, all of them on this machine.

    Attributes:
        model: open_clip's own configuration of the two towers.
        pixels: its preprocessing: mean, std, interpolation, resize_mode.
        tokenizer: folder of a Hugging Face tokenizer where the model needs one.
    """

    model: dict[str, Any]
    pixels: dict[str, Any]
    weights: Path
    tokenizer: Path | None


def files_of_folder(folder: Path) -> OpenClipFiles:
    """The parts that lie in one folder beside its open_clip_config.json."""
    config = checkpoint.read_json(folder / OPEN_CLIP_CONFIG)
    model = config.get("model_cfg")
    pixels = config.get("preprocess_cfg", {})
    if not isinstance(model, dict) or not isinstance(pixels, dict):
        raise EncoderMismatch(f"{folder / OPEN_CLIP_CONFIG} names no model: the key model_cfg is missing")
    model = _localised(model, folder)
    tokenizer = folder if model["text_cfg"].get("hf_tokenizer_name") else None
    return OpenClipFiles(model, pixels, checkpoint.weights_in(folder), tokenizer)


def files_of_tag(model: str, tag: str) -> OpenClipFiles:
    """The parts of a published model, from the hub's cache."""
    published = open_clip.get_pretrained_cfg(model, tag)
    if not published:
        known = ", ".join(open_clip.list_pretrained_tags_by_model(model)) or "none"
        raise EncoderUnavailable(f"open_clip has no weights {tag!r} of {model!r}; tags of it: {known}")
    repository, _, name = str(published.get("hf_hub", "")).rpartition("/")
    names = [name] if name else [HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME]
    weights = next(filter(None, (hub.cached_file(repository, n) for n in names if repository)), None)
    if weights is None:
        raise EncoderUnavailable(
            f"the weights of {model}/{tag} are not on this machine: run `mediaindex models pull "
            f"open_clip:{model}/{tag}` where there is network, or `mediaindex models import FILE`"
        )
    return _with_published_parts(model, published, weights)


def files_of_weights(model: str, weights: Path) -> OpenClipFiles:
    """The parts of a known model whose weights lie in a file of their own.

    The preprocessing is that of the model's first published weights; the tokenizer lies beside the file
    or in the hub's cache.
    """
    tags = open_clip.list_pretrained_tags_by_model(model)
    published = open_clip.get_pretrained_cfg(model, tags[0]) if tags else {}
    return _with_published_parts(model, published, checkpoint.checked_weights(weights))


def repository_of(model: str, tag: str) -> str:
    """Where on the hub the weights of a tag lie.

    Raises:
        EncoderUnavailable: open_clip knows no such tag, or it is not on the hub.
    """
    published = open_clip.get_pretrained_cfg(model, tag)
    repository = str(published.get("hf_hub", "")).rpartition("/")[0]
    if not repository:
        raise EncoderUnavailable(f"open_clip knows no weights of {model}/{tag} on the hub")
    return repository


def text_repositories(model: str) -> set[str]:
    """Further repositories that the text side of a known model reads."""
    text = _configuration(model).get("text_cfg", {})
    return {text[key] for key in ("hf_tokenizer_name", "hf_model_name") if text.get(key)}


def _with_published_parts(model: str, published: dict[str, Any], weights: Path) -> OpenClipFiles:
    configuration = _configuration(model)
    text = configuration["text_cfg"]
    if published.get("quick_gelu"):
        configuration["quick_gelu"] = True
    if text.get("hf_model_name"):
        text["hf_model_name"] = str(_text_files(model, text["hf_model_name"], weights, "config.json"))
    tokenizer = text.get("hf_tokenizer_name")
    folder = (
        _text_files(model, tokenizer, weights, "tokenizer.json", "tokenizer_config.json")
        if tokenizer
        else None
    )
    return OpenClipFiles(configuration, dict(published), weights, folder)


def _text_files(model: str, repository: str, weights: Path, *names: str) -> Path:
    """The folder of a model's tokenizer or text configuration: beside the weights, else cached."""
    if any((weights.parent / name).is_file() for name in names):
        return weights.parent
    folder = hub.cached_folder(repository, *names)
    if folder is None:
        raise EncoderUnavailable(
            f"the tokenizer of {model} ({names[0]} of {repository}) is not on this machine: put it beside "
            f"{weights.name}, or run `mediaindex models pull` where there is network"
        )
    return folder


def _configuration(model: str) -> dict[str, Any]:
    configuration = open_clip.get_model_config(model)
    if configuration is None:
        near = get_close_matches(model, open_clip.list_models(), n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise EncoderUnavailable(f"open_clip knows no model {model!r}{hint}")
    return dict(configuration)


def _localised(model: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The configuration with everything read from `folder`, nothing from a hub and no code."""
    vision, text = model.get("vision_cfg"), model.get("text_cfg")
    if not isinstance(text, dict) or not isinstance(vision, dict):
        raise EncoderMismatch(
            f"{folder / OPEN_CLIP_CONFIG} names no model: vision_cfg and text_cfg are needed"
        )
    network = str(vision.get("timm_model_name", ""))
    if ":" in network:
        raise EncoderMismatch(
            f"{folder / OPEN_CLIP_CONFIG}: a model is read from files alone, not from {network}"
        )
    if not text.get("hf_model_name"):
        return model
    if "auto_map" in checkpoint.read_json(folder / "config.json"):
        raise EncoderMismatch(f"{folder / 'config.json'} asks for code of its own, which is never run")
    return {**model, "text_cfg": {**text, "hf_model_name": str(folder)}}
