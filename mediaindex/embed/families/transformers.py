"""Encoders of the transformers family: CLIP and SigLIP from a folder or the hub's cache.

Code that lies beside weights is never run, and nothing is downloaded here.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import AutoConfig, AutoImageProcessor, AutoModel, AutoTokenizer
from transformers.utils import logging

from mediaindex.embed.encoder import EncoderSpec
from mediaindex.embed.families.patch_scorer import ScoredTowers, scored_towers
from mediaindex.embed.families.two_towers import TokenSources, TwoTowers, batched_towers, pictures_in_batch
from mediaindex.embed.inputs import readable
from mediaindex.embed.weights import checkpoint, hub
from mediaindex.errors import EncoderMismatch, EncoderUnavailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KINDS = ("clip", "siglip", "metaclip_2")
_PICTURES_ON_CPU = 8
_BLEND = 0.5
_LOCAL = {"local_files_only": True, "trust_remote_code": False}


def folder_of(reference: str) -> Path:
    """The folder of a model: itself, or its snapshot in the hub's cache.

    Raises:
        EncoderUnavailable: neither is on this machine.
    """
    if (Path(reference) / "config.json").is_file():
        return Path(reference)
    folder = None if Path(reference).exists() else hub.cached_folder(reference, "config.json")
    if folder is None:
        raise EncoderUnavailable(
            f"{reference} is neither a folder with a config.json nor in this machine's hub cache: run "
            f"`mediaindex models pull transformers:{reference}` where there is network, or "
            f"`mediaindex models import FOLDER`"
        )
    return folder


def load_transformers(
    folder: Path, *, name: str, device: str, licence: tuple[str, bool] | None = None
) -> TwoTowers:
    """The encoder of a folder with config.json, weights, tokenizer and preprocessor_config.json.

    Raises:
        EncoderUnavailable: a part is missing, of a kind not read here, or holds code.
        EncoderMismatch: the weights have another shape than config.json says.
    """
    kind = checkpoint.read_json(folder / "config.json").get("model_type")
    if kind not in _KINDS:
        raise EncoderUnavailable(
            f"{folder} holds a model of kind {kind!r}; those read here are {', '.join(_KINDS)}"
        )
    weights = checkpoint.weights_in(folder)
    model, processor, tokenizer = _parts(folder, weights)
    text = model.config.text_config
    length = int(text.max_position_embeddings)
    sides = processor.crop_size or processor.size
    side = int(sides.get("height") or sides["shortest_edge"])
    stated, commercial = licence or checkpoint.licence_of(folder)
    files = [weights, folder / "config.json", folder / "preprocessor_config.json"]
    spec = EncoderSpec(
        name=name,
        digest=checkpoint.digest_of([*files, *checkpoint.tokenizer_files(folder)], {"kind": kind}),
        preprocessing=f"{type(processor).__name__} to {side}, mean {processor.image_mean}, "
        f"std {processor.image_std}",
        dim=int(getattr(model.config, "projection_dim", None) or text.projection_size),
        evidence_dim=None,
        image_size=side,
        text_length=length,
        batch=pictures_in_batch(device, on_cpu=_PICTURES_ON_CPU),
        blend=_BLEND,
        languages="multilingual" if checkpoint.reads_many_languages(text.vocab_size) else "en",
        licence=stated,
        commercial=commercial,
        has_tokens=True,
    )
    images = _ImageTower(_without(model, "text_model", "text_projection"))
    texts = _TextTower(_without(model, "vision_model", "visual_projection"), masked=kind != "siglip")
    tokenise = partial(_tokenised, tokenizer=tokenizer, length=length, siglip=kind == "siglip")
    blocks = list(model.vision_model.encoder.layers), list(model.text_model.encoder.layers)
    towers = scored_towers(
        ScoredTowers(images, texts),
        weights,
        encoder=(name, spec.digest),
        blocks=blocks,
        blank=(torch.zeros(1, 3, side, side), tokenise(["a"])),
    )
    scorer = towers.scorer
    encoder = batched_towers(
        spec if scorer is None else replace(spec, scorer=scorer.digest),
        device=device,
        image_network=lambda: towers.images,
        text_network=lambda: towers.texts,
        prepare=partial(_prepared, processor=processor),
        tokenise=tokenise,
        scorer=None if scorer is None else scorer.texts,
    )
    encoder.sources = TokenSources(weights, *blocks)
    return encoder


class _ImageTower(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        pooled: Tensor = _pooled(self.model.get_image_features(pixel_values=pixels))
        return pooled


class _TextTower(nn.Module):
    """Pooled vectors and the projected last states."""

    def __init__(self, model: Any, *, masked: bool) -> None:
        super().__init__()
        self.model = model
        self._masked = masked
        self._states = torch.empty(0)
        model.text_model.final_layer_norm.register_forward_hook(self._keep)

    def forward(self, numbers: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        # SigLIP was trained to see its padding
        masking = {"attention_mask": mask.long()} if self._masked else {}
        pooled = _pooled(self.model.get_text_features(input_ids=numbers, **masking))
        project = getattr(self.model, "text_projection", None) or self.model.text_model.head
        states, self._states = self._states, torch.empty(0)
        return pooled, project(states)

    def _keep(self, _module: nn.Module, _inputs: object, states: Tensor) -> None:
        self._states = states


def _parts(folder: Path, weights: Path) -> tuple[Any, Any, Any]:
    """Model, image processor and tokenizer of a folder, without bars or remarks on the terminal."""
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        config = AutoConfig.from_pretrained(folder, **_LOCAL)
        model, report = AutoModel.from_pretrained(
            folder,
            config=config,
            dtype=torch.float32,
            use_safetensors=weights.suffix == ".safetensors",
            weights_only=True,
            output_loading_info=True,
            **_LOCAL,
        )
        processor = AutoImageProcessor.from_pretrained(folder, **_LOCAL)
        tokenizer = AutoTokenizer.from_pretrained(folder, **_LOCAL)
    except (pickle.UnpicklingError, SafetensorError, OSError, EOFError) as error:
        raise EncoderUnavailable(
            f"{folder} cannot be read: {checkpoint.reason(error)}; bring its weights as safetensors"
        ) from error
    except (RuntimeError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise EncoderMismatch(
            f"{weights} does not fit its config.json: {checkpoint.reason(error)}"
        ) from error
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
    if report["missing_keys"]:
        missing = ", ".join(sorted(report["missing_keys"])[:3])
        raise EncoderMismatch(f"{weights} does not fit its config.json: it lacks {missing}")
    return model, processor, tokenizer


def _prepared(pictures: Sequence[NDArray[np.uint8]], *, processor: Any) -> Tensor:
    rows = processor(images=[Image.fromarray(picture) for picture in pictures], return_tensors="pt")
    pixels: Tensor = rows["pixel_values"]
    return pixels


def _tokenised(texts: Sequence[str], *, tokenizer: Any, length: int, siglip: bool) -> tuple[Tensor, Tensor]:
    sentences = [readable(text, tokens=length) for text in texts]
    rows = tokenizer(
        # SigLIP 2 saw lower case only, its tokenizer leaves that to the caller
        [sentence.lower() for sentence in sentences] if siglip else sentences,
        padding="max_length" if siglip else "longest",
        max_length=length,
        truncation=True,
        return_attention_mask=True,
        return_tensors="pt",
    )
    return rows["input_ids"], rows["attention_mask"].bool()


def _pooled(output: Any) -> Tensor:
    pooled: Tensor = output if isinstance(output, Tensor) else output.pooler_output
    return pooled


def _without(model: Any, *names: str) -> Any:
    """A model that shares all but the named parts, so that the two towers can be on different devices."""
    half = copy.copy(model)
    half.__dict__["_modules"] = {k: v for k, v in model._modules.items() if k not in names}
    half.__dict__["_parameters"] = dict(model._parameters)
    return half
