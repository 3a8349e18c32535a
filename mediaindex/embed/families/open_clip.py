"""Encoders of the open_clip family.

Each model has its own tokenizer length and cleaning (PE reads 32 tokens, SigLIP 64 in lower case), its own
resizing and its own pooling; nothing of this is assumed here.
"""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, fields, replace
from operator import attrgetter
from typing import Any

import open_clip
import torch
from open_clip.tokenizer import DEFAULT_CONTEXT_LENGTH, HFTokenizer
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor, nn

from mediaindex.embed.encoder import EncoderSpec
from mediaindex.embed.families.patch_scorer import ScoredTowers, scored_towers
from mediaindex.embed.families.two_towers import TokenSources, TwoTowers, batched_towers, pictures_in_batch
from mediaindex.embed.inputs import readable
from mediaindex.embed.weights import checkpoint
from mediaindex.embed.weights.open_clip_files import OpenClipFiles
from mediaindex.errors import EncoderMismatch, EncoderUnavailable
from mediaindex_models.loaded import NoRandomInit

_PICTURES_ON_CPU = 8
_BLEND = 0.5


def load_openclip(
    files: OpenClipFiles, *, name: str, device: str, licence: tuple[str, bool] | None = None
) -> TwoTowers:
    """The encoder of these files.

    Raises:
        EncoderMismatch: the weights have another shape than the model; names the file.
        EncoderUnavailable: the file is not a checkpoint, or holds code beside tensors.
    """
    model = _loaded_model(files)
    size = model.visual.image_size
    side = int(size[0] if isinstance(size, tuple) else size)
    names = {f.name for f in fields(PreprocessCfg)}
    stated_pixels: dict[str, Any] = {k: v for k, v in files.pixels.items() if k in names}
    pixels = PreprocessCfg(**{**stated_pixels, "size": size})
    images, texts = _ImageTower(model.visual), _TextTower(model)
    tokenise = _Tokeniser(files)
    stated, commercial = licence or checkpoint.licence_of(files.weights.parent)
    parts = [files.weights, *(checkpoint.tokenizer_files(files.tokenizer) if files.tokenizer else [])]
    spec = EncoderSpec(
        name=name,
        digest=checkpoint.digest_of(parts, {"model": _without_folders(files.model), **asdict(pixels)}),
        preprocessing=f"{pixels.resize_mode} to {side}, {pixels.interpolation}, "
        f"(x - {list(pixels.mean)}) / {list(pixels.std)}",
        dim=int(files.model["embed_dim"]),
        evidence_dim=None,
        image_size=side,
        text_length=tokenise.length,
        batch=pictures_in_batch(device, on_cpu=_PICTURES_ON_CPU),
        blend=_BLEND,
        languages="multilingual" if checkpoint.reads_many_languages(texts.pieces) else "en",
        licence=stated,
        commercial=commercial,
        has_tokens=texts.has_tokens,
    )
    transform: Any = image_transform_v2(pixels, is_train=False)
    blocks = _blocks(images.visual), _blocks(getattr(texts.model, "text", texts.model))
    towers = scored_towers(
        ScoredTowers(images, texts),
        files.weights,
        encoder=(name, spec.digest),
        blocks=blocks,
        blank=(torch.zeros(1, 3, side, side), tokenise([""])),
    )
    scorer = towers.scorer
    encoder = batched_towers(
        spec if scorer is None else replace(spec, scorer=scorer.digest),
        device=device,
        image_network=lambda: towers.images,
        text_network=lambda: towers.texts,
        prepare=lambda pictures: torch.stack([transform(Image.fromarray(p)) for p in pictures]),
        tokenise=tokenise,
        scorer=None if scorer is None else scorer.texts,
    )
    encoder.sources = TokenSources(files.weights, *blocks)
    return encoder


def _blocks(tower: nn.Module) -> list[nn.Module] | None:
    """The blocks of a transformer, of open_clip itself or of timm; None of any other network."""
    if not getattr(getattr(tower, "transformer", None), "batch_first", True):
        return None
    for path in ("transformer.resblocks", "trunk.blocks"):
        with contextlib.suppress(AttributeError):
            return list(attrgetter(path)(tower))
    return None


class _ImageTower(nn.Module):
    def __init__(self, visual: nn.Module) -> None:
        super().__init__()
        self.visual = visual

    def forward(self, pixels: Tensor) -> Tensor:
        vectors = self.visual(pixels)
        pooled: Tensor = vectors[0] if isinstance(vectors, tuple) else vectors
        return pooled


class _TextTower(nn.Module):
    """The model without its image side; token vectors are the last states, projected."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        model.visual = nn.Identity()
        self.model = model
        text = getattr(model, "text", model)
        last_norm = getattr(text, "ln_final", None)
        self.has_tokens = last_norm is not None and getattr(text, "cls_emb", None) is None
        self.pieces = int(getattr(text, "vocab_size", 0))
        self._projection = getattr(text, "text_projection", None)
        self._states = torch.empty(0)
        if self.has_tokens and last_norm is not None:
            last_norm.register_forward_hook(self._keep)

    def forward(self, numbers: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        """The mask is the tokenizer's; the model was trained with its own."""
        del mask
        pooled = self.model.encode_text(numbers)
        if not self.has_tokens:
            return (pooled,)
        states, self._states = self._states, torch.empty(0)
        if isinstance(self._projection, nn.Linear):
            return pooled, self._projection(states)
        return pooled, states if self._projection is None else states @ self._projection

    def _keep(self, _module: nn.Module, _inputs: object, states: Tensor) -> None:
        self._states = states


class _Tokeniser:
    """Token numbers (B, T) of a fixed length and the mask of those that are no padding."""

    def __init__(self, files: OpenClipFiles) -> None:
        text = files.model["text_cfg"]
        self.length = int(text.get("context_length", DEFAULT_CONTEXT_LENGTH))
        options = dict(text.get("tokenizer_kwargs") or {})
        if files.tokenizer is None:
            self._encode = open_clip.SimpleTokenizer(context_length=self.length, **options)
            self._padding: int | None = None
        else:
            self._encode = HFTokenizer(
                str(files.tokenizer),
                context_length=self.length,
                tokenizer_mode=text.get("tokenizer_mode"),
                local_files_only=True,
                trust_remote_code=False,
                **options,
            )
            self._padding = self._encode.tokenizer.pad_token_id

    def __call__(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        numbers: Tensor = self._encode([readable(text, tokens=self.length) for text in texts])
        if self._padding is not None:
            return numbers, numbers != self._padding
        # the plain tokenizer pads with 0, which is also "!": the end mark has the largest number
        return numbers, torch.arange(self.length) <= numbers.argmax(dim=1, keepdim=True)


def _loaded_model(files: OpenClipFiles) -> Any:
    model = deepcopy(files.model)
    try:
        own_text = model.pop("custom_text", False) or "hf_model_name" in model["text_cfg"]
        family = open_clip.CoCa if "multimodal_cfg" in model else open_clip.CLIP
        if own_text and family is open_clip.CLIP:
            family = open_clip.CustomTextCLIP
        for tower, download in (("vision_cfg", "timm_model_pretrained"), ("text_cfg", "hf_model_pretrained")):
            if download.replace("_pretrained", "_name") in model[tower]:
                model[tower][download] = False
        with NoRandomInit():
            network: Any = family(**model)
        open_clip.load_checkpoint(network, str(files.weights), strict=True, weights_only=True)
    except (pickle.UnpicklingError, SafetensorError, EOFError, OSError) as error:
        raise EncoderUnavailable(
            f"{files.weights} cannot be read: {checkpoint.reason(error)}; bring it as safetensors"
        ) from error
    except (RuntimeError, ValueError, TypeError, KeyError, AttributeError, AssertionError) as error:
        raise EncoderMismatch(
            f"{files.weights} does not fit its model: {checkpoint.reason(error)}; "
            f"take the weights and the configuration of one and the same model"
        ) from error
    return network


def _without_folders(model: dict[str, Any]) -> dict[str, Any]:
    """The configuration without folders of this machine, so that its digest is the same on all."""
    text = {k: v for k, v in model["text_cfg"].items() if not k.startswith("hf_")}
    return {**model, "text_cfg": text}
