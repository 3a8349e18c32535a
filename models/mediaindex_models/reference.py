"""Published checkpoints: the published code's parameter names → ours.

The network of one direction has the parameters
    q_proj k_proj v_proj · proj · embed_timestep.time_embed.{0,2} · decoder.{0,2}
A whole checkpoint has both directions, as `diffusion_model.` and `diffusion_model_v.`, beside the temporal
transformer (`transformerClip.`, `frame_position_embeddings.`), the weights of the token-wise interaction
(`text_weight_fc.`, `video_weight_fc.`) and CLIP. Its sinusoid tables are not read: we compute them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from mediaindex_models.denoiser import DIRECTIONS, Direction, PaperDenoiser, known_direction
from mediaindex_models.generator import Generator
from mediaindex_models.matcher import Matcher
from mediaindex_models.presets import WIDEST, preset, require_count

_PREFIXES: Mapping[Direction, str] = {"t2v": "diffusion_model.", "v2t": "diffusion_model_v."}
_DENOISER = {
    "q_proj.weight": "query.weight",
    "k_proj.weight": "key.weight",
    "v_proj.weight": "value.weight",
    "proj.weight": "output.weight",
    "proj.bias": "output.bias",
    "embed_timestep.time_embed.0.weight": "time.hidden.weight",
    "embed_timestep.time_embed.0.bias": "time.hidden.bias",
    "embed_timestep.time_embed.2.weight": "time.output.weight",
    "embed_timestep.time_embed.2.bias": "time.output.bias",
    "decoder.0.weight": "hidden.weight",
    "decoder.0.bias": "hidden.bias",
    "decoder.2.weight": "score.weight",
    "decoder.2.bias": "score.bias",
}
_OF_DENOISER = r"(q_proj|k_proj|v_proj|proj|embed_timestep\.time_embed|decoder)\."
_MATCHER = (
    (r"transformerClip\.resblocks\.(\d+)\.attn\.in_proj_(weight|bias)", r"temporal.blocks.\1.projections.\2"),
    (r"transformerClip\.resblocks\.(\d+)\.attn\.out_proj\.(\w+)", r"temporal.blocks.\1.output.\2"),
    (r"transformerClip\.resblocks\.(\d+)\.ln_1\.(\w+)", r"temporal.blocks.\1.before_attention.\2"),
    (r"transformerClip\.resblocks\.(\d+)\.ln_2\.(\w+)", r"temporal.blocks.\1.before_hidden.\2"),
    (r"transformerClip\.resblocks\.(\d+)\.mlp\.c_fc\.(\w+)", r"temporal.blocks.\1.widen.\2"),
    (r"transformerClip\.resblocks\.(\d+)\.mlp\.c_proj\.(\w+)", r"temporal.blocks.\1.narrow.\2"),
    (r"frame_position_embeddings\.weight", r"temporal.places.weight"),
    (r"text_weight_fc\.(\d)\.(\w+)", r"interaction.word_importance.\1.\2"),
    (r"video_weight_fc\.(\d)\.(\w+)", r"interaction.frame_importance.\1.\2"),
    (r"clip\.logit_scale", r"log_scale"),
)


def denoiser_from_reference(state: Mapping[str, Tensor], *, direction: Direction) -> PaperDenoiser:
    """The paper's denoiser with published weights, in eval mode.

    Args:
        state: the parameters of one direction by their published names, or a whole checkpoint.
        direction: t2v or v2t. Both directions use the same names, so the state of one does not tell which.

    Raises ValueError naming what is missing or has the wrong shape.
    """
    known_direction(direction)
    state = _without_wrapper(state)
    prefix = _PREFIXES[direction]
    own = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    own = own or dict(state)
    other = sorted(name for name in own.keys() - _DENOISER.keys() if re.match(_OF_DENOISER, name))
    if other:
        raise ValueError(f"not a published {direction} network: it has no {other[0]}")
    missing = sorted(_DENOISER.keys() - own.keys())
    if missing:
        raise ValueError(
            f"not a published {direction} network: {missing[0]} and {len(missing) - 1} more miss"
        )
    weights = {ours: torch.as_tensor(own[theirs]) for theirs, ours in _DENOISER.items()}
    denoiser = PaperDenoiser(_width(weights["query.weight"]), direction=direction)
    _load(denoiser, weights)
    return denoiser.eval()


def generator_from_reference(
    state: Mapping[str, Tensor], *, steps: int = 50, schedule: str = "cosine"
) -> Generator:
    """The `paper` generator of a whole published checkpoint, in eval mode.

    `matcher_from_reference` gives its temporal transformer and token-wise interaction.

    Args:
        steps, schedule: of the diffusion that it was trained with; the checkpoint does not name them.
    """
    state = _without_wrapper(state)
    networks = {direction: denoiser_from_reference(state, direction=direction) for direction in DIRECTIONS}
    for direction, prefix in _PREFIXES.items():
        if not any(name.startswith(prefix) for name in state):
            raise ValueError(f"the checkpoint holds no {direction} network ({prefix}…)")
    spec = replace(preset("paper", width=networks["t2v"].width), steps=steps, schedule=schedule)
    generator = Generator(spec)
    for direction in DIRECTIONS:
        _load(generator.denoiser(direction), networks[direction].state_dict())
    return generator.eval()


def matcher_from_reference(state: Mapping[str, Tensor]) -> Matcher:
    """The first stage of a whole published checkpoint, without CLIP's encoders, in eval mode."""
    weights = {}
    for name, value in _without_wrapper(state).items():
        for pattern, ours in _MATCHER:
            if re.fullmatch(pattern, name):
                weights[re.sub(pattern, ours, name)] = torch.as_tensor(value)
    places = weights.get("temporal.places.weight")
    if places is None or places.ndim != 2:
        raise ValueError("the checkpoint holds no temporal transformer (frame_position_embeddings.weight)")
    layers = {name.split(".")[2] for name in weights if name.startswith("temporal.blocks.")}
    matcher = Matcher(places.shape[1], layers=len(layers), places=places.shape[0])
    _load(matcher, weights)
    return matcher.eval()


def _without_wrapper(state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """A checkpoint of several processes has `module.` before every name."""
    if state and all(name.startswith("module.") for name in state):
        return {name.removeprefix("module."): value for name, value in state.items()}
    return state


def _width(query: Tensor) -> int:
    if query.ndim != 2 or query.shape[0] != query.shape[1]:
        raise ValueError(f"a query projection is square, not {tuple(query.shape)}")
    require_count("width", query.shape[0], most=WIDEST)
    return query.shape[0]


def _load(module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    for name, value in weights.items():
        if not bool(value.isfinite().all()):
            raise ValueError(f"the published weights hold a NaN or an infinity: {name}")
    try:
        module.load_state_dict(dict(weights))
    except RuntimeError as error:
        raise ValueError(f"the published weights do not fit: {error}".replace("\n\t", " ")) from error
