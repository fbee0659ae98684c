"""What one attention layer holds, caches, reads and computes per token, for each kind in use.

A layer kind knows its weights (matrix entries), the KV elements a sequence stores, the elements a decode step
reads (fewer where attention is sparse), and the FLOPs of attending to a context. Bytes come later.

Examples
--------
>>> from roofline.attention import (
...     Cache, CompressedAttention, Indexer, LatentAttention, LinearAttention, SoftmaxAttention)
>>> grouped = SoftmaxAttention(layers=80, heads=64, kv_heads=8, head_dim=128)
>>> grouped.kind, grouped.stored().growing
('GQA', 2048)
>>> SoftmaxAttention(layers=80, heads=64, kv_heads=8, head_dim=128, window=4096).stored().elements(100_000)
8388608
>>> latent = LatentAttention(layers=61, heads=128, kv_rank=512, rope_dim=64, q_rank=1536, nope_dim=128, v_dim=128,
...                          indexer=Indexer(heads=64, dim=128, top_k=2048))
>>> latent.stored().growing, latent.read().elements(100_000)
(704, 13979648)
>>> compressed = CompressedAttention(layers=30, heads=128, head_dim=512, q_rank=1536, o_groups=16, o_rank=1024,
...                                  stride=4, window=128)
>>> compressed.stored()
Cache(growing=128.0, capped=((128, 512),))
>>> LinearAttention(layers=24, heads=32, head_dim=128).stored().growing
0
>>> Cache(growing=1024, capped=((4096, 512.0),)).elements(8192)
10485760.0
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from numbers import Real
from typing import ClassVar


def check(layer: object, may_be_zero: tuple[str, ...] = ()) -> None:
    """ValueError unless every count in the dataclass is a whole number of at least 1 (or 0, where named)."""
    for field in fields(layer):  # type: ignore[arg-type]
        value, least = getattr(layer, field.name), 0 if field.name in may_be_zero else 1
        if field.type == "bool" and not isinstance(value, bool):
            raise ValueError(f"{field.name} must be true or false, got {value!r}")
        if field.type not in ("int", "int | None") or (value is None and field.type != "int"):
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{field.name} must be a whole number of at least {least}, got {value!r}")


def check_context(context: float) -> None:
    """ValueError unless `context` is a number of tokens."""
    if isinstance(context, bool) or not isinstance(context, Real) or not 0 <= context < math.inf:
        raise ValueError(f"context must be a number of tokens of at least 0, got {context!r}")


@dataclass(frozen=True)
class Cache:
    """KV elements of one sequence: some for every token of context, some only up to a cap.

    Parameters
    ----------
    growing : float
        Elements per token of context.
    capped : tuple of (int, float)
        Caps in tokens, and the elements per token below each.
    """

    growing: float = 0
    capped: tuple[tuple[int, float], ...] = ()

    def elements(self, context: float) -> float:
        """Elements at a context of so many tokens."""
        check_context(context)
        return self.growing * context + sum(e * min(context, cap) for cap, e in self.capped)

    def one_cap(self) -> tuple[float, int]:
        """(elements per token, cap) as one pair; for several caps it is exact from the largest on."""
        if not self.capped:
            return 0, 0
        largest = max(cap for cap, _ in self.capped)
        return sum(e * cap for cap, e in self.capped) / largest, largest

    def __add__(self, other: Cache) -> Cache:
        joined = dict(self.capped)
        for cap, e in other.capped:
            joined[cap] = joined.get(cap, 0) + e
        return Cache(self.growing + other.growing, tuple(sorted(joined.items())))

    def __mul__(self, layers: int) -> Cache:
        return Cache(self.growing * layers, tuple((cap, e * layers) for cap, e in self.capped))


@dataclass(frozen=True)
class Indexer:
    """A small scorer that picks the `top_k` cached entries that attention then reads (DeepSeek's DSA)."""

    heads: int
    dim: int
    top_k: int

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, kw_only=True)
class SoftmaxAttention:
    """Attention with a key and a value per KV head: MHA, GQA or MQA by the number of KV heads.

    With a window (or chunk), a layer keeps and reads only that many tokens. Layers that reuse the cache of another
    layer have no key and value projections and store nothing, but each of them still reads that cache.
    """

    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    window: int | None = None
    reuses: bool = False

    def __post_init__(self) -> None:
        check(self)
        if self.heads % self.kv_heads:
            raise ValueError(f"heads must be a multiple of kv_heads, got {self.heads} and {self.kv_heads}")

    @property
    def kind(self) -> str:
        return "MHA" if self.kv_heads == self.heads else "MQA" if self.kv_heads == 1 else "GQA"

    def weights(self, width: int) -> int:
        return 2 * width * self.head_dim * (self.heads + (0 if self.reuses else self.kv_heads))

    def stored(self) -> Cache:
        return Cache() if self.reuses else self.read()

    def read(self) -> Cache:
        elements = 2 * self.kv_heads * self.head_dim
        return Cache(capped=((self.window, elements),)) if self.window else Cache(elements)

    def cache_kind(self) -> tuple[int, int, int | None]:
        """What a layer that reuses this one's cache must have in common with it."""
        return self.kv_heads, self.head_dim, self.window

    def flops(self, context: float, absorbed: bool = True) -> float:
        return 4 * self.heads * self.head_dim * min(context, self.window or math.inf)


@dataclass(frozen=True, kw_only=True)
class LatentAttention:
    """Multi-head latent attention (MLA): one compressed vector and one rotary key per token, for all heads.

    With an indexer (DSA) every step scores all cached tokens by a small key and reads the best `top_k`.
    """

    layers: int
    heads: int
    kv_rank: int
    rope_dim: int
    q_rank: int
    nope_dim: int
    v_dim: int
    indexer: Indexer | None = None
    kind: ClassVar[str] = "MLA"

    def __post_init__(self) -> None:
        check(self)

    def weights(self, width: int) -> int:
        query = width * self.q_rank + self.q_rank * self.heads * (self.nope_dim + self.rope_dim)
        down = width * (self.kv_rank + self.rope_dim)
        up = self.kv_rank * self.heads * (self.nope_dim + self.v_dim)
        return query + down + up + self.heads * self.v_dim * width + self.indexer_weights(width)

    def indexer_weights(self, width: int) -> int:
        """Query, key and head-weight projections of the indexer; 0 without one."""
        if self.indexer is None:
            return 0
        heads, dim = self.indexer.heads, self.indexer.dim
        return self.q_rank * heads * dim + width * (dim + heads)

    def stored(self) -> Cache:
        return Cache(self.kv_rank + self.rope_dim + (self.indexer.dim if self.indexer else 0))

    def read(self) -> Cache:
        if self.indexer is None:
            return self.stored()
        return Cache(self.indexer.dim, ((self.indexer.top_k, self.kv_rank + self.rope_dim),))

    def flops(self, context: float, absorbed: bool = True) -> float:
        """Absorbed: each head meets the latent itself (decode); else keys and values expanded (prefill)."""
        score, mix = (self.kv_rank, self.kv_rank) if absorbed else (self.nope_dim, self.v_dim)
        per_token = 2 * self.heads * (score + self.rope_dim + mix)
        if self.indexer is None:
            return per_token * context
        scoring = 2 * self.indexer.heads * self.indexer.dim * context
        return scoring + per_token * min(context, self.indexer.top_k)


@dataclass(frozen=True, kw_only=True)
class CompressedAttention:
    """DeepSeek-V4's attention: one vector, key and value at once, for every `stride` tokens, plus a window.

    With an indexer only the `top_k` best entries are read. With overlap a compressor sees two strides.
    """

    layers: int
    heads: int
    head_dim: int
    q_rank: int
    o_groups: int
    o_rank: int
    stride: int
    window: int
    overlap: bool = False
    indexer: Indexer | None = None
    kind: ClassVar[str] = "compressed"

    def __post_init__(self) -> None:
        check(self)

    def weights(self, width: int) -> int:
        query = width * self.q_rank + self.q_rank * self.heads * self.head_dim
        output = self.heads * self.head_dim * self.o_rank + self.o_groups * self.o_rank * width
        key_value = width * self.head_dim + self._compressor(width, self.head_dim)
        return query + key_value + output + self._index(width)

    def _compressor(self, width: int, dim: int) -> int:
        return 2 * width * dim * (2 if self.overlap else 1)

    def _index(self, width: int) -> int:
        if self.indexer is None:
            return 0
        heads, dim = self.indexer.heads, self.indexer.dim
        return self.q_rank * heads * dim + width * heads + self._compressor(width, dim)

    def stored(self) -> Cache:
        index = self.indexer.dim if self.indexer else 0
        return Cache((self.head_dim + index) / self.stride, ((self.window, self.head_dim),))

    def read(self) -> Cache:
        if self.indexer is None:
            return self.stored()
        chosen = Cache(capped=((self.indexer.top_k * self.stride, self.head_dim / self.stride),))
        return Cache(self.indexer.dim / self.stride, ((self.window, self.head_dim),)) + chosen

    def flops(self, context: float, absorbed: bool = True) -> float:
        entries = context / self.stride
        scoring = 2 * self.indexer.heads * self.indexer.dim * entries if self.indexer else 0
        read = min(entries, self.indexer.top_k if self.indexer else math.inf) + min(context, self.window)
        return scoring + 4 * self.heads * self.head_dim * read


@dataclass(frozen=True, kw_only=True)
class LinearAttention:
    """Linear attention: a head_dim by head_dim state per head that does not grow with context."""

    layers: int
    heads: int
    head_dim: int
    gated: bool = False
    kind: ClassVar[str] = "linear"

    def __post_init__(self) -> None:
        check(self)

    def weights(self, width: int) -> int:
        return width * self.heads * self.head_dim * (5 if self.gated else 4)

    def stored(self) -> Cache:
        return Cache(capped=((1, self.heads * self.head_dim**2),))

    read = stored

    def flops(self, context: float, absorbed: bool = True) -> float:
        return 4 * self.heads * self.head_dim**2
