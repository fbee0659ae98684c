"""How many parameters, cached elements and FLOPs does a model of this shape need per token?

A model is a stack of attention layers and a stack of feed-forward layers of one height, between an input
embedding and an output head. Counts are of matrix entries; norms and biases (under 0.1 %) are left out.
Elements and FLOPs are plain numbers here; bytes begin where a precision is chosen, in `roofline.catalog`.

Examples
--------
A dense model of two layers, after the shape of Llama:

>>> from roofline.architecture import (
...     Dense, Shape, active_parameters, flops_per_token, parameters, read_cache, stored_cache, total_parameters)
>>> from roofline.attention import SoftmaxAttention
>>> heads = SoftmaxAttention(layers=2, heads=8, kv_heads=2, head_dim=64)
>>> shape = Shape(width=512, vocabulary=1000, attention=(heads,), feedforward=(Dense(layers=2, hidden=1536),))
>>> parameters(shape)[1]
Part(name='attention', total=1310720, active=1310720)
>>> total_parameters(shape), active_parameters(shape, without=("input embedding",))
(7053312, 6541312)
>>> stored_cache(shape).growing == read_cache(shape).growing == 2 * 2 * 2 * 64
True
>>> sum(flops_per_token(shape).values()) == 2 * active_parameters(shape, without=("input embedding",))
True

With experts a token uses fewer parameters than the model holds:

>>> from roofline.architecture import Experts
>>> sparse = Shape(width=512, vocabulary=1000, attention=(heads,),
...                feedforward=(Experts(layers=2, hidden=512, routed=16, top_k=2),))
>>> total_parameters(sparse), active_parameters(sparse)
(27516928, 5496832)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from .attention import (
    Cache,
    CompressedAttention,
    Indexer,
    LatentAttention,
    LinearAttention,
    SoftmaxAttention,
    check,
    check_context,
)

__all__ = [
    "Attention", "Cache", "CompressedAttention", "Dense", "Experts", "Indexer", "LatentAttention",
    "LinearAttention", "Part", "Shape", "SoftmaxAttention", "active_parameters", "flops_per_token",
    "parameters", "read_cache", "stored_cache", "total_parameters",
]

Attention = SoftmaxAttention | LatentAttention | CompressedAttention | LinearAttention


@dataclass(frozen=True, kw_only=True)
class Dense:
    """Feed-forward layers of two matrices, or three when gated."""

    layers: int
    hidden: int
    gated: bool = True

    def __post_init__(self) -> None:
        check(self)

    def weights(self, width: int) -> int:
        return (3 if self.gated else 2) * width * self.hidden


@dataclass(frozen=True, kw_only=True)
class Experts:
    """Feed-forward layers whose router sends a token to `top_k` of `routed` experts and every shared one."""

    layers: int
    hidden: int
    routed: int
    top_k: int
    shared: int = 0
    gated: bool = True

    def __post_init__(self) -> None:
        check(self, may_be_zero=("shared",))
        if self.top_k > self.routed:
            raise ValueError(f"top_k must be at most routed, got {self.top_k} of {self.routed}")

    def weights(self, width: int) -> int:
        """Entries of one expert."""
        return (3 if self.gated else 2) * width * self.hidden


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A model's shape: its width, its vocabulary, and its two stacks of layers.

    Parameters
    ----------
    width : int
        Elements of the residual stream.
    vocabulary : int
        Rows of the embedding.
    attention, feedforward : tuple
        Layer kinds with the number of layers of each; both stacks have the same height.
    tied : bool
        Whether the output head is the input embedding.
    extras : mapping of str to int
        Parameters outside the text stack that a vendor's total includes, such as a vision encoder.
    """

    width: int
    vocabulary: int
    attention: tuple[Attention, ...]
    feedforward: tuple[Dense | Experts, ...]
    tied: bool = False
    extras: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        check(self)
        _check_stack("attention", self.attention, Attention)
        _check_stack("feedforward", self.feedforward, Dense | Experts)
        _check_sharing(self.attention)
        for name, size in self.extras:
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise ValueError(f"extras.{name} must be a whole number of at least 1, got {size!r}")
        heights = [sum(kind.layers for kind in stack) for stack in (self.attention, self.feedforward)]
        if heights[0] != heights[1]:
            raise ValueError(f"{heights[0]} attention layers but {heights[1]} feed-forward layers")

    @property
    def layers(self) -> int:
        return sum(kind.layers for kind in self.attention)


def _check_stack(name: str, stack: object, kinds: Any) -> None:
    """ValueError unless the stack is a tuple of layers of these kinds."""
    named = ", ".join(kind.__name__ for kind in kinds.__args__)
    if not isinstance(stack, tuple):
        raise ValueError(f"{name} must be a tuple of {named} layers, got {stack!r}")
    for kind in stack:
        if not isinstance(kind, kinds):
            raise ValueError(f"{name} must be a tuple of {named} layers, got {kind!r} in it")


def _check_sharing(attention: tuple[Attention, ...]) -> None:
    """ValueError if layers reuse a cache that no layer of the stack keeps."""
    softmax = [kind for kind in attention if isinstance(kind, SoftmaxAttention)]
    kept = {kind.cache_kind() for kind in softmax if not kind.reuses}
    for kind in softmax:
        if kind.reuses and kind.cache_kind() not in kept:
            heads, size, window = kind.cache_kind()
            raise ValueError(
                f"{kind.layers} attention layers reuse a cache of kv_heads {heads}, head_dim {size} and "
                f"window {window}, but no layer keeps one"
            )


class Part(NamedTuple):
    """One row of the parameter table: entries held, and entries used for one token."""

    name: str
    total: int
    active: int


def parameters(shape: Shape) -> tuple[Part, ...]:
    """The parameters by component, in the order a token meets them."""
    return tuple(row for row in _components(shape) if row.total)


def _components(shape: Shape) -> tuple[Part, ...]:
    """Every component that a model may have, those that this one lacks with no entries."""
    embedding = shape.vocabulary * shape.width
    attention = sum(kind.layers * kind.weights(shape.width) for kind in shape.attention)
    dense = sum(k.layers * k.weights(shape.width) for k in shape.feedforward if isinstance(k, Dense))
    moe = [kind for kind in shape.feedforward if isinstance(kind, Experts)]
    router = sum(kind.layers * shape.width * kind.routed for kind in moe)
    each = [(kind, kind.layers * kind.weights(shape.width)) for kind in moe]
    shared = sum(size * kind.shared for kind, size in each)
    tied, apart = (embedding, 0) if shape.tied else (0, embedding)
    return (Part("input embedding", apart, apart),
            Part("attention", attention, attention),
            Part("dense feed-forward", dense, dense),
            Part("routers", router, router),
            Part("shared experts", shared, shared),
            Part("routed experts", sum(s * k.routed for k, s in each), sum(s * k.top_k for k, s in each)),
            Part("tied embedding and output head", tied, tied),
            Part("output head", apart, apart),
            *(Part(name, size, 0) for name, size in shape.extras))


def total_parameters(shape: Shape, extras: bool = True) -> int:
    """All parameters, with or without those outside the text stack."""
    return sum(p.total for p in parameters(shape)) - (0 if extras else sum(size for _, size in shape.extras))


def active_parameters(shape: Shape, without: tuple[str, ...] = ()) -> int:
    """Parameters used for one token, leaving out the named components (such as "input embedding")."""
    rows = _components(shape)
    known = [row.name for row in rows]
    if unknown := [without] if isinstance(without, str) else [name for name in without if name not in known]:
        raise ValueError(f"without must be a tuple of components ({', '.join(known)}), got {unknown[0]!r}")
    return sum(row.active for row in rows if row.name not in without)


def stored_cache(shape: Shape) -> Cache:
    """KV elements that one sequence keeps in memory."""
    return sum((kind.stored() * kind.layers for kind in shape.attention), Cache())


def read_cache(shape: Shape) -> Cache:
    """KV elements that one decode step reads for one sequence; fewer than stored if attention is sparse."""
    return sum((kind.read() * kind.layers for kind in shape.attention), Cache())


def flops_per_token(shape: Shape, context: float = 0, absorbed: bool = True) -> dict[str, float]:
    """FLOPs to process one token that attends to `context` tokens, by component; a multiply-add counts two.

    The input embedding is looked up, not multiplied, so it costs nothing. MLA's absorbed form (decode) meets
    the cached latent directly; `absorbed=False` is the expanded form (prefill).
    """
    check_context(context)
    attention = sum(kind.layers * kind.flops(context, absorbed) for kind in shape.attention)
    weights = active_parameters(shape, without=("input embedding",))
    return {"weights": 2.0 * weights, "attention": float(attention)}
