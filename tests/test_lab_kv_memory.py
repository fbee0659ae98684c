"""The lab kv_memory: its functions mean what the formulas say, and its planner places every model."""

import contextlib
import io
import math
import re
from unittest.mock import MagicMock

import matplotlib
import numpy as np
import pytest

from roofline import chips, models
from roofline import kv_memory as physics
from roofline.teaching import figures
from tests.labs import Lab

LAB = Lab("kv_memory")


def test_bytes_per_token_are_those_of_published_models():
    # DeepSeek-AI, "Insights into DeepSeek-V3" (arXiv:2505.09343), table 1: 516.096 KB and 70.272 KB a token in bf16
    ask = {"heads": 128, "kv_heads": 8, "head_dim": 128, "latent": 512, "rope": 64, "share": 1, "b": 2}
    assert LAB.solved["kv_bytes_per_token"]("GQA", layers=126, **ask) == 516_096
    assert LAB.solved["kv_bytes_per_token"]("MLA", layers=61, **ask) == 70_272
    assert LAB.solved["kv_bytes_per_token"]("MQA", layers=118, **{**ask, "head_dim": 256}) == 120_832  # PaLM 540B


def test_the_answers_are_those_of_the_formulas():
    rng = np.random.default_rng(3)
    for _ in range(60):
        tp, dp, n_kv = (int(rng.choice(choice)) for choice in ([1, 2, 3, 8], [1, 2, 5, 16], [1, 2, 4, 8]))
        B, each, M = int(rng.integers(1, 99)), float(10 ** rng.uniform(8, 10)), float(10 ** rng.uniform(10, 11.5))
        layout = {"tp": tp, "dp": dp, "n_kv": n_kv, "P": 1, "m_b": 1}
        assert LAB.solved["kv_copies"](n_kv, tp) == pytest.approx(physics.kv_replication(layout))
        caches = physics.stage_caches_laid(layout, B=B, kappa_stored=each, L=1)
        fits = LAB.solved["fits"](M, experts=tp * dp * M / 4, rest=tp * M / 4, B=B, each=each, n_kv=n_kv, tp=tp, dp=dp)
        assert fits == (caches + M / 2 <= M)
        stages = physics.fewest_stages(n=4, M=M, f_other=0, B=B, kappa_stored=each, L=1, b_w=1, N_tot=7 * M)
        assert (LAB.solved["fewest_stages"](7 * M, 4, M, B, each) or math.inf) == stages


# The notebook


def test_the_attention_of_the_lab_is_attention():
    """Against sums over tokens one by one."""
    names: dict = {"math": math, "np": np, "rng": np.random.default_rng(0)}
    source = next(cell.source for cell in LAB.code if "def attend" in cell.source).replace("2**16", "2**7")
    with contextlib.redirect_stdout(io.StringIO()):
        exec(source, names)
    keys, values = names["keys"][:, :9], names["values"][:, :9]
    queries = np.random.default_rng(1).standard_normal((2, 3, 128))
    found = names["attend"](queries, keys, values)
    for head in range(2):
        for one in range(3):
            scores = [math.exp(sum(queries[head, one] * key) / math.sqrt(128)) for key in keys[head]]
            mixed = sum(score * value for score, value in zip(scores, values[head], strict=True)) / sum(scores)
            assert found[head, one] == pytest.approx(mixed, rel=1e-4, abs=1e-5)


# The planner


@pytest.fixture
def panel(monkeypatch):
    """The names of the setup, planner and panel cells, with nothing drawn."""
    matplotlib.use("agg")
    names: dict = {"__name__": "__main__"}
    setup = "\n".join(line for line in LAB.code[0].source.splitlines() if "environ" not in line and line[:1] != "%")
    exec(re.sub(r"^for name in .*$", "", setup, flags=re.MULTILINE), names)
    monkeypatch.setattr(figures, "chart", MagicMock())
    draw, show = (LAB.cell(f"def {name}").source for name in ("plan", "dropdown"))
    with contextlib.redirect_stdout(io.StringIO()):
        exec(draw.replace("plt.show()", "pass"), names)
        exec(show, names)
    return names


def test_the_planner_places_every_model_on_every_chip(panel, capsys):
    controls = panel["controls"]
    for name in controls["chip"].options:
        panel["plan"](**{**{key: control.value for key, control in controls.items()}, "chip": name})
    for name in controls["model"].options:
        panel["plan"](**{**{key: control.value for key, control in controls.items()}, "model": name, "tp": 8})
    kept_otherwise = {name for name, model in models.items() if model.shape} - set(controls["model"].options)
    assert kept_otherwise == {"MiniMax-Text-01"} and "NOT ONE SEQUENCE FITS" in capsys.readouterr().out


def test_the_planner_says_what_a_small_sum_says(panel, capsys):
    panel["plan"]("Llama-3-70B", "fp8", "bf16", "H100", tp=8, groups=1, stages=2, context=8192, per_second=5, stay=30)
    told = capsys.readouterr().out
    each = 8192 * 2 * 80 * 8 * 128 * 2  # K and V, 80 layers, 8 heads of 128, 2 bytes
    most = int((chips["H100"].memory - 70.6e9 / 16) // (each / 8))  # of both stages: half the layers, twice the batches
    assert "150 sequences of 8,192 tokens" in told and f"a unit of 16 chips holds {2 * most:,};" in told
    assert f"needs {math.ceil(150 / 2 / most)} of them" in told
