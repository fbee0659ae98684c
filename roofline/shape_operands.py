"""What does the arithmetic of a model's attention come to, layer kind by layer kind, as inputs of the formulas?

Examples
--------
>>> from roofline import models
>>> from roofline.shape_operands import attention_equals_weights, attention_operands
>>> attention_operands(models["Llama-3-70B"].shape)
{'phi_att': 2621440.0, 'phi_att_cap': 0.0, 'L_att_cap': 0.0}
>>> llama = models["Llama-3-70B"]
>>> [round(attention_equals_weights(llama.shape, N_act=count), -3) for count in (None, llama.active)]
[53000.0, 54000.0]
"""

from __future__ import annotations

import math

from .architecture import Shape, flops_per_token, read_cache


def attention_operands(shape: Shape, absorbed: bool = True) -> dict[str, float]:
    """Attention arithmetic of a shape as the inputs of `kv_memory.t_attention`.

    Parameters
    ----------
    shape : Shape
    absorbed : bool
        Whether MLA meets the compressed entries themselves (decode), or keys and values expanded from them (prefill).

    Returns
    -------
    dict of str to float
        phi_att and phi_att_cap in FLOP/token/token, L_att_cap in tokens (0 if no layer is capped). Where layers have
        several caps, it is exact from the largest on, as `Cache.one_cap` is.
    """
    cap = read_cache(shape).one_cap()[1]
    far = max(cap, 1)
    near, twice = (flops_per_token(shape, context, absorbed)["attention"] for context in (far, 2 * far))
    growing = (twice - near) / far
    return {"phi_att": growing, "phi_att_cap": (near - growing * far) / far, "L_att_cap": float(cap)}


def attention_equals_weights(shape: Shape, absorbed: bool = True, N_act: float | None = None) -> float:
    """Context at which a token's attention arithmetic equals its arithmetic on weights, in tokens.

    Unlike `batch_size.attention_context` it holds for layers of every kind together; math.inf if attention stays below.
    The weights are counted from the shape, without the input embedding, or are the `N_act` parameters that are given.
    """
    weights = flops_per_token(shape)["weights"] if N_act is None else 2 * N_act

    def excess(context: float) -> float:
        return flops_per_token(shape, context, absorbed)["attention"] - weights

    low, high = 0.0, 1.0
    while excess(high) < 0:
        low, high = high, 2 * high
        if high > 1e18:
            return math.inf
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) < 0 else (low, middle)
    return high
