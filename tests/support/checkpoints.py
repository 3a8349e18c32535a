"""Tiny random checkpoints of each library, written as their own tools would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

WORDS = ("a", "dog", "cat", "red", "on", "beach", "the", "runs", "skull", "!")

_OPEN_CLIP: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16, "head_width": 32},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}

_TOWER = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
_VISION: dict[str, Any] = {**_TOWER, "image_size": 32, "patch_size": 16}


def open_clip_state(model: dict[str, Any] | None = None) -> dict[str, torch.Tensor]:
    """A random state of the tiny model."""
    import open_clip

    torch.manual_seed(1)
    configuration = dict(model or _OPEN_CLIP)
    own_text = configuration.pop("custom_text", False) or "hf_model_name" in configuration["text_cfg"]
    network = (open_clip.CustomTextCLIP if own_text else open_clip.CLIP)(**configuration)
    return {name: value.contiguous() for name, value in network.state_dict().items()}


def open_clip_folder(folder: Path, *, custom_text: bool = False, vision: Any = None, **text: object) -> Path:
    """A folder with open_clip_config.json and safetensors.

    Args:
        vision: in place of vision_cfg.
        text: overrides of text_cfg; hf_tokenizer_name brings a tokenizer of ten words.
    """
    model = {**_OPEN_CLIP, "text_cfg": {**_OPEN_CLIP["text_cfg"], **text}}
    if custom_text:
        model["custom_text"] = True
    if vision is not None:
        model["vision_cfg"] = vision
    folder.mkdir(parents=True, exist_ok=True)
    pixels = {
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "interpolation": "bilinear",
        "resize_mode": "squash",
    }
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": model, "preprocess_cfg": pixels}))
    if "hf_tokenizer_name" in text:
        word_tokenizer(folder)
    save_file(open_clip_state(model), folder / "open_clip_model.safetensors")
    return folder


def clip_folder(folder: Path) -> Path:
    """A transformers CLIP of one layer a side."""
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTextConfig, CLIPVisionConfig

    text = CLIPTextConfig(**_text_settings(word_tokenizer(folder)), projection_dim=24)
    vision = CLIPVisionConfig(**_VISION, projection_dim=24)
    torch.manual_seed(2)
    model = CLIPModel(
        CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=24)
    )
    model.save_pretrained(folder)
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(
        folder
    )
    return folder


def siglip_folder(folder: Path) -> Path:
    """A transformers SigLIP of one layer a side."""
    from transformers import (
        SiglipConfig,
        SiglipImageProcessor,
        SiglipModel,
        SiglipTextConfig,
        SiglipVisionConfig,
    )

    text = SiglipTextConfig(**_text_settings(word_tokenizer(folder)), projection_size=32)
    torch.manual_seed(3)
    model = SiglipModel(
        SiglipConfig(text_config=text.to_dict(), vision_config=SiglipVisionConfig(**_VISION).to_dict())
    )
    model.save_pretrained(folder)
    SiglipImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def _text_settings(tokenizer: Any) -> dict[str, Any]:
    """What the text towers of CLIP and SigLIP have in common."""
    return {
        **_TOWER,
        "vocab_size": len(tokenizer),
        "max_position_embeddings": 16,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def word_tokenizer(folder: Path) -> Any:
    """A tokenizer of whole words, start and end marked, saved into the folder."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    pieces = {piece: i for i, piece in enumerate(("<pad>", "<unk>", "<s>", *WORDS, "</s>"))}
    words = Tokenizer(models.WordLevel(pieces, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", pieces["<s>"]), ("</s>", pieces["</s>"])]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    return tokenizer
