"""The lab pipelining: its functions mean what the simulator says, and its panel takes any order."""

import contextlib
import io
import itertools
import re

import matplotlib
import numpy as np
import pytest

from roofline import pipelining as physics
from roofline.schedules import ScheduleError, gpipe, named, simulate, written
from tests.labs import Lab

LAB = Lab("pipelining")


def test_the_answers_are_those_of_the_formulas():
    rng = np.random.default_rng(1)
    for _ in range(100):
        stages, m = int(rng.integers(1, 30)), int(rng.integers(1, 90))
        f, b, link = rng.uniform(0.1, 2, 3)
        at = {"P": stages, "t_f": f, "t_b": b / 3, "t_w": 2 * b / 3, "t_link": link}
        idle = physics.bubble_gpipe(at)
        found = LAB.solved["bubble_fraction"](stages, m, f, b, link)
        assert found == pytest.approx(idle / (physics.t_ideal(at, m_b=m) + idle))
        links = {"W_up": rng.uniform(1, 9), "W_out": rng.uniform(0.1, 1)}
        sent = {"k": int(rng.integers(1, 9)), "b_disp": b, "b_comb": f, "b_act": link}
        expected = physics.up_over_out(links, sent, E=64, n_layers=stages, d_model=4096)
        assert LAB.solved["comm_ratio"](layers=stages, **sent, **links) == pytest.approx(expected)


def test_the_stages_needed_are_the_first_whose_memory_fits():
    rng, found = np.random.default_rng(2), []
    for _ in range(200):
        at = {"N_tot": 10 ** rng.uniform(10, 12), "n": int(rng.choice([1, 8, 64])), "m_b": int(rng.integers(1, 40))}
        act, memory, layers = 10 ** rng.uniform(9, 11), 80e9, int(rng.integers(4, 130))
        adam = {"b_w": 2, "b_grad": 2, "b_opt": 12}
        fits = [P for P in range(1, layers + 1) if physics.training_memory(at, adam, P=P, act_micro=act) <= memory]
        answer = LAB.solved["stages_needed"](at["N_tot"], 16, act, at["m_b"], at["n"], layers, memory)
        assert answer == (fits[0] if fits else None)
        found.append(answer)
    assert 20 < found.count(None) < 180 and len(set(found)) > 8


@pytest.mark.parametrize("name", ["gpipe", "1f1b"])
def test_makespan_is_that_of_the_simulator(name):
    for stages, m, link in itertools.product((1, 2, 5), (1, 4, 7), (0, 2)):
        schedule = named(name, stages, m)
        words = [f"{'FBWB'[k]}{b}" for k, b in zip(schedule.kind, schedule.micro_batch, strict=True)]
        order = [" ".join(words[2 * m * s : 2 * m * (s + 1)]) for s in range(stages)]
        assert LAB.solved["makespan"](order, 3, 5, link) == simulate(schedule, 3, 2, 3, link).makespan


def test_a_makespan_without_an_end_is_a_deadlock_of_the_simulator():
    stuck = ["F0 B0 F1 B1", "F1 F0 B0 B1"]
    assert LAB.solved["makespan"](stuck, 1, 2, 0) is None
    with pytest.raises(ScheduleError, match="deadlocks"):
        simulate(written([line.replace("B", "BW") for line in stuck]))


# The notebook


def test_cells_that_measure_or_wait_for_a_hand_are_not_compared():
    for cell in LAB.tagged("explore"):
        if re.search(r"perf_counter|\blive\(", cell.source):
            assert "nbval-ignore-output" in cell.metadata.tags, cell.source


@pytest.mark.site
def test_what_the_text_says_of_all_orders_is_so():
    printed = LAB.printed("def shuffles")
    assert re.search(r"work of a stage: 9; least idle time: 1", printed)  # so that none ends before the tenth unit


# The parts that a hand moves


@pytest.fixture
def panel():
    """The names of the cells before the threads, with nothing shown."""
    matplotlib.use("agg")
    names: dict = {"__name__": "__main__"}
    wanted = [LAB.code[0], *(cell for cell in LAB.code if re.search("def (play|compare|run_for_real)", cell.source))]
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in wanted:
            source = re.sub(r"^%.*$|^display\(.*$|^compare\(.*$", "", cell.source, flags=re.MULTILINE)
            if "def run_for_real" in source:
                source = source.split("UNIT =")[0]
            exec("STAGES, MICRO_BATCHES = 4, 8\n" + source, names)
    return names


def test_the_text_fields_start_with_1f1b_and_say_what_is_wrong(panel, capsys):
    schedule = written(panel["START"])
    assert simulate(schedule).makespan == simulate(named("1f1b", 4, 8)).makespan
    assert simulate(schedule).held().tolist() == [4, 3, 2, 1]
    panel["play"](stage0="F0", stage1="F0 F0")
    assert "an operation is listed twice" in capsys.readouterr().out


def test_every_order_of_the_panel_can_be_drawn(panel, capsys):
    for order in ("zb-h1", "zb-h2", "gpipe"):
        for micro_batches in (1, 9):
            panel["compare"](order, 3, micro_batches, 1.5, 0.25)
    assert capsys.readouterr().out.count("idle/work") == 6


def test_threads_take_at_least_as_long_as_the_simulator_says(panel):
    schedule = gpipe(3, 3)
    assert panel["run_for_real"](schedule, 0.002) >= 0.002 * simulate(schedule).makespan
