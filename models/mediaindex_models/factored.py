"""The paper's denoiser at fixed steps, with everything precomputed that depends on neither x nor the step.

The network adds the same c_t to query, keys and values, and all of these are linear, so with
B = Wqᵀ Wk and M = W1a Wo Wv (W1a, W1b: the first layer of the decoder on context and candidate):

    q_n · k_n          = query_n B cand_n + query_n · (B c) + cand_n · (Bᵀ c) + a constant, which cancels
    W1 [z ; cand_n]    = M (Σ w cand) + W1b cand_n + M c + W1a bo + b1

One product gives the first line for all steps, and W1b cand_n is computed once. With h_n = W1b cand_n
and g = −(M Σ w cand + M c + W1a bo + b1), ReLU(h_n − g) = max(h_n, g) − g: one pass over the hidden layer,
and g's own part of the output is the same for every candidate. A step costs 6 D operations a candidate
instead of 3 D² and more. In short lists M cand_n is computed once as well: mixing its K rows at each step
reads less memory than M itself. Equal to the plain network to 1e-5 (float32).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from mediaindex_models.attention import frame_weights, pooled
from mediaindex_models.denoiser import Direction, PaperDenoiser

# Lists up to this share of the width are short. For longer lists or fewer steps the products cost as much as
# they save.
_SHORT, _SEVERAL_STEPS = 0.25, 10


@dataclass(frozen=True, slots=True, eq=False)
class FactoredDenoiser:
    """A PaperDenoiser's weights, multiplied out for some steps.

    Attributes:
        timesteps: the steps (S,) that it can be evaluated at.
        relation: B (D, D). query_drift, candidate_drift: B c and Bᵀ c (S, D).
        context: −Mᵀ (D, 2D). context_drift: −(M c + W1a bo + b1) (S, 2D).
        candidate: W1bᵀ (D, 2D). output: w2 (2D,). bias: b2, ().
    """

    direction: Direction
    corrected_mask: bool
    timesteps: tuple[int, ...]
    relation: Tensor
    query_drift: Tensor
    candidate_drift: Tensor
    context: Tensor
    context_drift: Tensor
    candidate: Tensor
    output: Tensor
    bias: Tensor

    @classmethod
    @torch.no_grad()
    def of(
        cls, denoiser: PaperDenoiser, timesteps: Sequence[int], *, dtype: torch.dtype = torch.float32
    ) -> FactoredDenoiser:
        """Multiply out in float64; keep the attention in float32 and the decoder in `dtype`.

        The attention exponentiates products of features that are not normalised; in bfloat16 such a logit
        would be wrong by more than one.
        """
        weight = denoiser.hidden.weight.double()  # (2D, 2D)
        on_context, on_candidate = weight[:, : denoiser.width], weight[:, denoiser.width :]
        relation = denoiser.query.weight.double().T @ denoiser.key.weight.double()
        context = on_context @ denoiser.output.weight.double() @ denoiser.value.weight.double()  # (2D, D)
        condition = denoiser.time(torch.tensor(list(timesteps), device=weight.device)).double()  # (S, D)
        bias = on_context @ denoiser.output.bias.double() + denoiser.hidden.bias.double()

        def stored(table: Tensor, kind: torch.dtype) -> Tensor:
            return table.detach().to(kind, copy=True).contiguous()

        return cls(
            denoiser.direction,
            denoiser.corrected_mask,
            tuple(timesteps),
            relation=stored(relation, torch.float32),
            query_drift=stored(condition @ relation.T, torch.float32),
            candidate_drift=stored(condition @ relation, torch.float32),
            context=stored(-context.T, dtype),
            context_drift=stored(-(condition @ context.T + bias), dtype),
            candidate=stored(on_candidate.T, dtype),
            output=stored(denoiser.score.weight[0], dtype),
            bias=stored(denoiser.score.bias[0], torch.float32),
        )

    def over(self, text: Tensor, video: Tensor, mask: Tensor) -> FactoredLists:
        """The prepared lists of B queries; arguments as those of PaperDenoiser.forward, float32."""
        corrected = self.corrected_mask
        if self.direction == "t2v":
            weights = frame_weights(text[:, None], video, mask, corrected=corrected)  # (B, K, F)
            candidates = pooled(weights, video)  # (B, K, D)
            # (text B + c B) · cand, one product for all steps
            queries = (text @ self.relation)[:, None] + self.candidate_drift  # (B, S, D)
            logits = queries @ candidates.mT  # (B, S, K)
        else:
            candidates = text
            weights = frame_weights(text, video[:, None], mask[:, None], corrected=corrected)
            # each text pools the clip anew: products with its F frames replace products with K mixtures
            related = torch.einsum("bkd,bfd->bkf", text, video @ self.relation)
            own = (weights * related).sum(-1)  # (B, K)
            drift = self.query_drift @ video.mT @ weights.mT + self.candidate_drift @ text.mT  # (B, S, K)
            logits = own[:, None] + drift
        rounded = candidates.to(self.candidate.dtype)
        several = len(self.timesteps) >= _SEVERAL_STEPS
        short = several and candidates.shape[1] <= _SHORT * candidates.shape[2]
        return FactoredLists(
            self,
            mixed=rounded @ self.context if short else candidates,
            hidden=rounded @ self.candidate,
            logits=logits,
            short=short,
            positions={t: i for i, t in enumerate(self.timesteps)},
        )


@dataclass(frozen=True, slots=True, eq=False)
class FactoredLists:
    """Prepared lists; a call evaluates the network at one step.

    Attributes:
        mixed: rows that the attention mixes: −M cand (B, K, 2D) in short lists, else cand (B, K, D).
        hidden: W1b cand (B, K, 2D). logits: (B, S, K), to which x is added.
        positions: of each timestep along S.
    """

    factored: FactoredDenoiser
    mixed: Tensor
    hidden: Tensor
    logits: Tensor
    short: bool
    positions: dict[int, int]
    # one buffer for all steps: fresh memory for each costs more than the arithmetic
    scratch: Tensor = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scratch", torch.empty_like(self.hidden))

    def __call__(self, x: Tensor, t: int) -> Tensor:
        """x_0 (B, K) from x (B, K) at step t, which must be one of `timesteps`."""
        net, i = self.factored, self.positions[t]
        attention = torch.softmax(self.logits[:, i] + x, dim=-1)  # (B, K)
        mixed = torch.bmm(attention[:, None].to(self.mixed.dtype), self.mixed)[:, 0]  # (B, 2D) or (B, D)
        if self.short:
            threshold = mixed + net.context_drift[i]
        else:
            threshold = torch.addmm(net.context_drift[i], mixed.to(net.context.dtype), net.context)
        torch.maximum(self.hidden, threshold[:, None], out=self.scratch)
        decoded = self.scratch @ net.output - (threshold @ net.output)[:, None]
        return decoded.to(x.dtype) + attention + net.bias
