"""The presets: encoders with a short name, and what choosing one costs.

A multiplication and an addition count as two operations; they were counted on the image towers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True)
class Preset:
    """One encoder by its short name.

    Attributes:
        library: which code reads it.
        model, weights: as that library names them.
        repository: where on the hub the files lie; None for what ships in the package.
        image_size: side of the network's input, pixels.
        text_length: tokens read of a text.
        gflop_per_frame: 10^9 operations of the image tower.
        size_bytes: of the files to download, about.
    """

    name: str
    library: Literal["builtin", "open_clip"]
    model: str
    weights: str
    repository: str | None
    licence: str
    commercial: bool
    languages: Literal["en", "multilingual"]
    image_size: int
    text_length: int
    dim: int
    gflop_per_frame: float
    size_bytes: int


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset(
                name="builtin",
                library="builtin",
                model="EfficientNet-Lite0 + MiniLM-L6",
                weights="mediaindex",
                repository=None,
                licence="Apache-2.0 towers; the head is the project's, see NOTICE",
                commercial=False,
                languages="en",
                image_size=224,
                text_length=64,
                dim=384,
                gflop_per_frame=0.8,
                size_bytes=48_900_000,
            ),
            Preset(
                name="builtin-free",
                library="builtin",
                model="EfficientNet-Lite0 + MiniLM-L6, head of free pictures",
                weights="mediaindex",
                repository=None,
                licence="Apache-2.0 towers; the head learnt from CC0 and CC BY 4.0 pictures, see NOTICE",
                commercial=True,
                languages="en",
                image_size=224,
                text_length=64,
                dim=384,
                gflop_per_frame=0.8,
                size_bytes=29_500_000,
            ),
            Preset(
                name="fast",
                library="open_clip",
                model="ViT-B-32-SigLIP2-256",
                weights="webli",
                repository="timm/ViT-B-32-SigLIP2-256",
                licence="Apache-2.0",
                commercial=True,
                languages="multilingual",
                image_size=256,
                text_length=64,
                dim=768,
                gflop_per_frame=11.5,
                size_bytes=1_510_000_000,
            ),
            Preset(
                name="balanced",
                library="open_clip",
                model="PE-Core-B-16",
                weights="meta",
                repository="timm/PE-Core-B-16",
                licence="Apache-2.0",
                commercial=True,
                languages="en",
                image_size=224,
                text_length=32,
                dim=1024,
                gflop_per_frame=35.6,
                size_bytes=1_790_000_000,
            ),
            Preset(
                name="quality",
                library="open_clip",
                model="PE-Core-L-14-336",
                weights="meta",
                repository="timm/PE-Core-L-14-336",
                licence="Apache-2.0",
                commercial=True,
                languages="en",
                image_size=336,
                text_length=32,
                dim=1024,
                gflop_per_frame=384.0,
                size_bytes=2_680_000_000,
            ),
            Preset(
                name="multilingual",
                library="open_clip",
                model="ViT-SO400M-16-SigLIP2-256",
                weights="webli",
                repository="timm/ViT-SO400M-16-SigLIP2-256",
                licence="Apache-2.0",
                commercial=True,
                languages="multilingual",
                image_size=256,
                text_length=64,
                dim=1152,
                gflop_per_frame=221.0,
                size_bytes=4_540_000_000,
            ),
            Preset(
                name="paper",
                library="open_clip",
                model="ViT-B-32-quickgelu",
                weights="openai",
                repository="timm/vit_base_patch32_clip_224.openai",
                licence="MIT",
                commercial=True,
                languages="en",
                image_size=224,
                text_length=77,
                dim=512,
                gflop_per_frame=8.8,
                size_bytes=605_000_000,
            ),
        )
    }
)
