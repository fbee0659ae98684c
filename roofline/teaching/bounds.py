"""Published decode runs beside the bound that the batch-size chapter computes for them."""

from __future__ import annotations

from dataclasses import dataclass

from ..batch_size import tokens_per_s
from ..catalog import Operands, chips, disclosures, models


@dataclass(frozen=True)
class DecodeRun:
    """One published run: who, on what, at which batch and context, and the tokens per second that one chip made.

    Attributes
    ----------
    batch : float
        Sequences in one pass, over all chips.
    context : float
        Tokens; the mean during the run, or the prompt where only that is published.
    measured : float
        Tokens per second and chip.
    source : str
        Name of the disclosure in the catalog.
    """

    who: str
    chip: Operands
    model: Operands
    batch: float
    context: float
    measured: float
    source: str

    @property
    def bound(self) -> float:
        """Most tokens per second and chip that the batch and the context allow."""
        return tokens_per_s(self.chip, self.model, B=self.batch, L=self.context) / self.chip["n"]

    @property
    def reached(self) -> float:
        """Measured over bound."""
        return self.measured / self.bound

    def __str__(self) -> str:
        return (f"{self.who:8} {self.chip.label:20} {self.batch:7,.0f} {self.context:7,.0f} {self.bound:7,.0f}"
                f" {self.measured:8,.0f} {self.reached:7.0%}")  # fmt: skip


HEAD = f"{'':29} {'batch':>7} {'context':>7} {'bound':>7} {'measured':>8} {'reached':>7}"


def decode_runs() -> tuple[DecodeRun, ...]:
    """The runs of DeepSeek-V3 and PaLM whose batch, context, precision and layout are all published."""
    own, h100 = disclosures["deepseek_inference_overview"], disclosures["sglang_96_h100"]
    gb200, palm = disclosures["sglang_gb200_part2"], disclosures["palm_540b_low_latency"]
    fp8 = models["DeepSeek-V3"].at(weights="fp8", kv="bf16")
    n_own, n_h100, n_gb200 = own["decode_ep"], h100["decode_ep"], gb200["decode_ranks"]
    return (
        DecodeRun("DeepSeek", chips["H800"].at("fp8", n=int(n_own)), fp8, deepseek_batch(), own["mean_kv_length"],
                  own["decode_output_per_gpu"], own.name),
        DecodeRun("SGLang", chips["H100"].at("fp8", n=int(n_h100)), fp8,
                  h100["decode_batch_per_gpu_2k"] * n_h100, h100["decode_input"], h100["decode_per_gpu_2k_batch256"],
                  h100.name),
        DecodeRun("SGLang", chips["GB200"].at("fp4", n=int(n_gb200)), models["DeepSeek-V3"].at("nvfp4", kv="fp8"),
                  gb200["decode_batch_per_gpu_2k"] * n_gb200, gb200["decode_input"],
                  gb200["decode_per_gpu_2k"], gb200.name),
        DecodeRun("Google", chips["TPU v4"].at("bf16", n=int(palm["chips"])), models["PaLM-540B"].at("int8"),
                  palm["decode_batch"], palm["prefill_tokens"],
                  palm["decode_tokens"] / palm["decode_latency"] * palm["decode_batch"] / palm["chips"], palm.name),
    )  # fmt: skip


def deepseek_batch() -> float:
    """Sequences in one pass of DeepSeek's decode unit: its tokens per second over those of one user."""
    own = disclosures["deepseek_inference_overview"]
    user = (own["output_speed_per_user_low"] + own["output_speed_per_user_high"]) / 2
    return own["decode_output_per_node"] * own["decode_unit_nodes"] / user
