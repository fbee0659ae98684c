"""The sweep counts the work it really does, times it honestly, and its file says what was measured and no more."""

import datetime
import importlib.util
import itertools
import os
import platform
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from roofline.catalog import DataError, measured, measurement
from roofline.measure import Result, Run, clock, cpu, fit, gpu, load, measure, sweep, to_yaml

TINY = sweep.Sizes(stream_bytes=4_000, squares=(8, 16), weights=(3, 6, 5), batches=(1, 2, 4, 8), cache=(6, 2, 7, 5))
DAY = datetime.date(2026, 11, 21)


class Watched(cpu.NumpyMachine):
    """A machine that notes the operands of every piece of work since the last note was taken away."""

    def __init__(self):
        super().__init__()
        self.seen, self.passes = [], []

    def multiply(self, *operands):
        self.seen.append(operands)
        super().multiply(*operands)

    def attend(self, *operands):
        self.seen.append(operands)
        super().attend(*operands)

    def copy(self, target, source, threads):
        self.seen.append((target, source))
        super().copy(target, source, threads)

    def read(self, source, threads):
        self.seen.append((source,))
        super().read(source, threads)

    def once(self, work):
        self.seen = []
        seconds = super().once(work)
        self.passes.append(self.seen)
        return seconds


@pytest.fixture(scope="module")
def watched():
    """A tiny sweep, and for each of its results the operands of that result's last repeat."""
    machine, last = Watched(), []
    results = sweep.sweep(machine, TINY, 60.0, lambda line: last.append(machine.passes[-1]))
    return results, last


def run_of(results, **fields):
    return Run(**{"kind": "cpu", "device": "a processor", "backend": "numpy", "date": DAY, "versions": {"numpy": "2"},
                  "results": results, **fields})


def ideal(C, W, batches, weights=10_000, size=4):
    """What a machine that overlaps perfectly would measure."""
    def result(what, shape, batch, seconds, flop, traffic):
        return Result(what=what, precision="fp32", shape=shape, batch=batch, seconds=seconds, seconds_median=seconds,
                      repeats=3, flop=flop, bytes=traffic)

    passes = [result("weights", (1, 100, weights // 100), b, max(size * weights / W, 2 * weights * b / C),
                     2 * weights * b, size * weights) for b in batches]
    return run_of([result("read", (1000,), 1, 4000 / W, 0, 4000), result("matmul", (9, 9, 9), 1, 1458 / C, 1458, 972),
                   *passes])


# Timing


def test_the_fastest_repeat_and_the_median_are_both_kept():
    ticks = iter([99.0, 3.0, 1.0, 2.0])  # the first is the warm-up
    timing = clock(lambda: None, seconds=1e-9, repeats=(3, 3), once=lambda work: next(ticks))
    assert (timing.seconds, timing.seconds_median, timing.repeats) == (1.0, 2.0, 3)


def test_the_fewest_repeats_are_made_even_when_time_is_up():
    assert clock(lambda: None, seconds=1e-9, repeats=(4, 9)).repeats == 4


def test_no_repeat_starts_that_would_overrun():
    assert clock(lambda: None, seconds=50.0, repeats=(1, 9), once=lambda work: 51.0).repeats == 1


def test_a_warm_up_lasts_as_long_as_it_is_asked_to():
    calls = []
    clock(lambda: calls.append(1), seconds=1e-9, repeats=(1, 1), warm_up=0.02)
    assert len(calls) > 10


@pytest.mark.parametrize("bad", [{"seconds": 0}, {"seconds": float("nan")}, {"repeats": (0, 3)}, {"repeats": (4, 3)}])
def test_a_timing_without_time_or_repeats_is_refused(bad):
    with pytest.raises(ValueError, match="clock"):
        clock(lambda: None, **bad)


# The work


def test_bytes_are_those_of_every_operand_once(watched):
    for result, operands in zip(*watched, strict=True):
        assert result.bytes == sum(array.nbytes for group in operands for array in group), result


def test_flop_count_a_multiply_and_an_add_per_term(watched):
    for result, operands in zip(*watched, strict=True):
        terms = sum(a.size * b.shape[-1] for a, b, _ in operands) if result.flop else 0
        assert result.flop == 2 * terms, result


def test_a_pass_multiplies_the_same_vectors_by_every_matrix_of_the_stack(watched):
    for result, operands in zip(*watched, strict=True):
        if result.what == "weights":
            layers, outputs, inputs = result.shape
            assert len({id(matrix) for matrix, _, _ in operands}) == layers == 3
            assert {vectors.shape for _, vectors, _ in operands} == {(inputs, result.batch)}
            assert {matrix.shape for matrix, _, _ in operands} == {(outputs, inputs)}


def test_kv_passes_walk_through_all_sequences_before_they_meet_one_again():
    machine = Watched()
    list(sweep.cache_reads(machine, TINY, sweep.Pace(60.0)))
    batch_two = [operands[0][0] for operands in machine.passes if operands[0][0].shape[0] == 2 * 2]
    starts = [keys.__array_interface__["data"][0] for keys in batch_two]
    assert len(set(starts[:3])) == 3 and starts[3] == starts[0]


def test_every_kind_is_measured_and_batches_rise(watched):
    results, _ = watched
    assert [what for what, _ in itertools.groupby(r.what for r in results)] == [
        "copy", "read", "matmul", "weights", "kv", "read", "matmul"]
    assert {r.precision for r in results if r.what == "weights"} == {"fp32", "fp64"}
    for what, precision in (("weights", "fp32"), ("weights", "fp64"), ("kv", "fp32")):
        batches = [r.batch for r in results if (r.what, r.precision) == (what, precision)]
        assert batches == [b for b in TINY.batches if what == "weights" or b <= 6]


def test_when_time_is_up_only_the_smallest_of_each_kind_is_measured():
    results = sweep.sweep(cpu.NumpyMachine(), TINY, 1e-9)
    assert {r.batch for r in results} == {1}
    assert {r.shape for r in results if r.what == "matmul"} == {(8, 8, 8)}


def test_products_and_copies_are_right():
    machine = cpu.NumpyMachine()
    matrix, vectors = machine.random((6, 5), "fp64"), machine.vectors(5, 3, "fp64")
    out = machine.products(6, 3, "fp64")
    machine.multiply(matrix, vectors, out)
    assert np.allclose(out, [[sum(matrix[i, k] * vectors[k, j] for k in range(5)) for j in range(3)] for i in range(6)])
    for threads, numbers in itertools.product((1, 2), (1, 2, 7, 1000)):
        source = machine.random((numbers,), "fp32")
        target = np.full_like(source, -1)
        machine.copy(target, source, threads)
        assert (target == source).all()


# The file


def test_a_run_comes_back_from_its_file(watched, tmp_path):
    run = run_of([r.model_copy(update={"seconds": 0.0625, "seconds_median": 0.125}) for r in watched[0]],
                 notes=("One note.",), clocks={"core_hz": 2.1e9}, threads={"cores": 2},
                 memory_bytes=2**30)
    (tmp_path / "run.yaml").write_text(to_yaml(run))
    assert load(tmp_path / "run.yaml") == run


def test_the_catalog_takes_what_the_tool_writes(watched, tmp_path, monkeypatch):
    (tmp_path / "measured").mkdir()
    (tmp_path / "measured/a_processor.yaml").write_text(to_yaml(run_of(watched[0], clocks={"core_hz": 2.1e9})))
    monkeypatch.setattr(measurement, "DATA", tmp_path)
    entry = measurement.load_measured()["a_processor"]
    assert fit(entry).predicted_crossover == pytest.approx(fit(run_of(watched[0])).predicted_crossover, rel=1e-4)
    (tmp_path / "measured/bad.yaml").write_text("kind: abacus")
    with pytest.raises(DataError, match=r"bad\.yaml, kind: "):
        measurement.load_measured()


def test_the_file_has_one_line_a_result(watched):
    lines = to_yaml(run_of(watched[0])).splitlines()
    assert sum(line.startswith("- {what: ") for line in lines) == len(watched[0])


def test_the_file_says_which_processor_and_names_no_machine(watched):
    written = to_yaml(run_of(watched[0], **cpu.describe()))
    assert cpu.model_name() in written
    assert str(Path.home()) not in written and str(Path.cwd()) not in written
    assert platform.node() not in yaml.safe_load(written)["versions"].values()
    assert platform.node() != yaml.safe_load(written)["device"]


GOOD = {"kind": "cpu", "device": "a processor", "backend": "numpy", "date": "2026-11-21", "versions": {"numpy": "2"},
        "results": [{"what": "read", "precision": "fp32", "shape": [10], "seconds": 1.0, "seconds_median": 1.0,
                     "repeats": 3, "flop": 0, "bytes": 40}]}


def changed(**fields):
    result = {**GOOD["results"][0], **{k: v for k, v in fields.items() if k in GOOD["results"][0]}}
    return {**GOOD, "results": [result], **{k: v for k, v in fields.items() if k not in result}}


@pytest.mark.parametrize(("content", "says"), [
    (changed(kind="tpu"), "kind"),
    (changed(versions={}), "versions"),
    (changed(host="me"), "host"),
    (changed(date="yesterday"), "date"),
    (changed(results=[]), "results"),
    (changed(seconds=-1.0), "results.0.seconds"),
    (changed(seconds=float("nan")), "results.0.seconds"),
    (changed(seconds=2.0), "fastest repeat"),
    (changed(shape=[10, 10]), r"shape of read is \(numbers\)"),
    (changed(precision="fp3"), "results.0.precision"),
    (changed(what="write"), "results.0.what"),
    ([1, 2], "mapping"),
    ("{", "not valid YAML"),
    ("kind: cpu\nkind: gpu", r"line 2: not valid YAML: 'kind' is given twice"),
    (changed(sekonds=1.0), "run.yaml, sekonds: is not a known field"),
    (changed(seconds="soon"), "run.yaml, results.0.seconds: .*got 'soon'"),
])
def test_a_file_that_does_not_fit_gets_one_sentence(content, says, tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    with pytest.raises(ValueError, match=says) as error:
        load(file)
    assert "\n" not in str(error.value) and "run.yaml" in str(error.value)


def test_a_file_that_is_not_there_gets_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"none\.yaml: cannot be read"):
        load(tmp_path / "none.yaml")


# From a run to a roofline


@pytest.mark.parametrize(("C", "W"), [(1e12, 1e10), (3e11, 2e10), (5e10, 5e10)])
def test_an_ideal_machine_is_recovered_from_its_run(C, W):
    found = fit(ideal(C, W, batches=[1, 2, 4, 8, 64, 1024]))
    crossover = C * 4 / (2 * W)  # 2 FLOP and 4 bytes per weight
    assert found.chip["C"] == pytest.approx(C) and found.chip["W"] == pytest.approx(W)
    assert found.predicted_crossover == pytest.approx(crossover)
    assert found.crossover == pytest.approx(crossover)
    assert found.predicted == pytest.approx(found.seconds)
    assert found.share_of_bandwidth == pytest.approx(1) and found.share_of_rate == pytest.approx(1)


def test_a_machine_that_moves_three_times_the_bytes_bends_later_than_predicted():
    run = ideal(1e12, 1e10, batches=[1, 2, 4, 4096])
    slow = [r.model_copy(update={"seconds": 3 * r.seconds, "seconds_median": 3 * r.seconds_median})
            if r.what == "weights" and r.batch < 8 else r for r in run.results]
    found = fit(run_of(slow))
    assert found.crossover == pytest.approx(3 * found.predicted_crossover)
    assert found.share_of_bandwidth == pytest.approx(1 / 3)


@pytest.mark.parametrize(("largest", "reached"), [(8, False), (128, False), (256, False), (512, True), (4096, True)])
def test_a_bend_is_seen_only_where_the_passes_go_well_beyond_it(largest, reached):
    # an ideal machine that bends at batch 200, so that its last pass is over twice the floor from 400 on
    found = fit(ideal(1e12, 1e10, batches=[2**i for i in range(13) if 2**i <= largest]))
    assert found.crossover == (pytest.approx(200) if reached else None)


def test_slow_passes_below_the_predicted_crossover_are_no_bend():
    run = ideal(1e12, 1e10, batches=[1, 2, 4, 8])
    slow = [r.model_copy(update={"seconds": 3 * r.seconds, "seconds_median": 3 * r.seconds_median})
            if r.what == "weights" and r.batch == 8 else r for r in run.results]
    assert fit(run_of(slow)).crossover is None


@pytest.mark.parametrize("precision", ["fp32", "fp64"])
def test_the_contributed_xeon_bends_and_does_not_when_cut_at_batch_8(precision):
    run = measured["xeon-1-core"]
    short = [r for r in run.results if r.what != "weights" or r.batch <= 8]
    assert 5 < fit(run, precision).crossover < 40
    assert fit(run.model_copy(update={"results": tuple(short)}), precision).crossover is None


@pytest.mark.parametrize(("missing", "says"), [("weights", "no passes"), ("matmul", "square"), ("read", "memory read")])
def test_a_run_without_what_a_fit_needs_is_refused_by_name(missing, says):
    run = ideal(1e12, 1e10, batches=[1, 2])
    with pytest.raises(ValueError, match=says):
        fit(run_of([r for r in run.results if r.what != missing]))


def test_a_fit_at_a_precision_that_was_not_measured_is_refused():
    with pytest.raises(ValueError, match="at bf16"):
        fit(ideal(1e12, 1e10, batches=[1, 2]), "bf16")


def test_products_on_one_thread_are_held_against_the_bandwidth_of_one_thread():
    run = ideal(1e12, 1e10, batches=[1, 2])
    one = run.results[0].model_copy(update={"threads": 1})
    two = one.model_copy(update={"threads": 2, "seconds": one.seconds / 2})
    for blas, bandwidth in ((1, 1e10), (2, 2e10)):
        assert fit(run_of([one, two, *run.results[1:]], threads={"blas": blas})).chip["W"] == pytest.approx(bandwidth)


# This machine


def test_this_processor_is_described_within_what_it_has():
    assert cpu.model_name().strip()
    assert 1 <= cpu.blas_threads() <= cpu.cores() <= (os.cpu_count() or 1)
    assert 2**10 <= cpu.cache_bytes() <= 2**33
    sizes = cpu.sizes()
    assert sizes.stream_bytes >= 2**26
    assert 4 * np.prod(sizes.weights) <= max(sizes.stream_bytes, 4 * 4096**2)
    assert sizes.batches == tuple(2**i for i in range(14)) and sizes.batches[-1] == 8192


def test_a_run_beside_other_work_says_so(monkeypatch):
    for share, notes in ((0.98, 0), (0.4, 1)):
        monkeypatch.setattr(cpu, "clock", lambda *_, share=share, **__: SimpleNamespace(cores_busy=share))
        assert len(cpu.neighbours()) == notes


def test_a_container_with_less_memory_gets_smaller_buffers(monkeypatch):
    monkeypatch.setattr(cpu, "memory_bytes", lambda: 2**30)
    monkeypatch.setattr(cpu, "cache_bytes", lambda: 2**28)
    assert cpu.sizes().stream_bytes == 2**26


def test_a_kind_of_machine_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="tpu"):
        measure("tpu")


# A GPU


def test_a_gpu_whose_memory_is_full_gets_one_sentence(monkeypatch):
    class Full(RuntimeError):
        """As torch's own: a RuntimeError of several lines."""

    def no_room(*arguments):
        raise Full("CUDA out of memory.\nTried to allocate 2.00 GiB.")

    cuda = SimpleNamespace(is_available=lambda: True, OutOfMemoryError=Full)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(__version__="2.13", cuda=cuda))
    monkeypatch.setattr(gpu, "TorchMachine", no_room)
    with pytest.raises(gpu.MissingDevice, match="too little free memory") as error:
        measure("gpu", 1)
    assert "\n" not in str(error.value)


def test_without_torch_there_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(gpu.MissingDevice, match="needs torch"):
        measure("gpu")


def test_without_a_gpu_there_is_one_sentence(monkeypatch):
    cuda = SimpleNamespace(is_available=lambda: False)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(__version__="2.13", cuda=cuda))
    with pytest.raises(gpu.MissingDevice, match="no CUDA GPU"):
        measure("gpu")


def test_gpu_time_runs_between_two_events_after_the_host_has_queued_its_work():
    log = []

    class Event:
        def __init__(self, enable_timing):
            assert enable_timing

        def record(self):
            log.append("record")

        def synchronize(self):
            log.append("wait")

        def elapsed_time(self, end):
            return 250.0  # milliseconds

    machine = object.__new__(gpu.TorchMachine)
    machine.device = SimpleNamespace(type="cuda")
    machine.torch = SimpleNamespace(cuda=SimpleNamespace(
        Event=Event, synchronize=lambda: log.append("idle"), _sleep=lambda cycles: log.append("hold")))
    assert machine.once(lambda: log.append("work")) == 0.25
    assert log == ["idle", "hold", "record", "work", "record", "wait"]


@pytest.mark.parametrize(("told", "driver", "clocks"), [
    ("580.1, 1980, 3201, 1985, 3202, 700.00\n", "580.1", {"core_hz": 1.98e9, "memory_hz": 3.201e9,
     "core_max_hz": 1.985e9, "memory_max_hz": 3.202e9, "power_limit_w": 700}),
    ("580.1, [N/A], 3201, [N/A], , \n", "580.1", {"memory_hz": 3.201e9}),
    ("", "", {}),
])
def test_clocks_that_the_driver_does_not_tell_are_left_out(told, driver, clocks):
    assert gpu.parse_nvidia_smi(told) == (driver, clocks)


def test_buffers_fit_small_and_large_gpus():
    for memory in (8e9, 16e9, 80e9, 141e9, 288e9):
        sizes = gpu.sizes(memory)
        cache = 2 * np.prod(sizes.cache)
        assert 2 * sizes.stream_bytes + 2 * np.prod(sizes.weights) + cache < memory / 4
        assert sizes.stream_bytes > 2**27 and sizes.batches[-1] == 8192


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_the_torch_sweep_runs_on_the_cpu_and_its_products_are_right():
    machine = gpu.TorchMachine("cpu")
    torch = machine.torch
    small = sweep.Sizes(2**16, (16, 32), (2, 32, 16), (1, 2, 16, 32), (4, 2, 16, 8))
    run = Run(**gpu.describe(machine), date=DAY, results=sweep.sweep(machine, small, 60.0))
    assert {r.what for r in run.results} == {"copy", "read", "matmul", "weights", "kv"}
    assert fit(run).seconds.shape == (4,)
    matrix, vectors = machine.random((64, 32), "bf16"), machine.vectors(32, 3, "bf16")
    out = machine.products(64, 3, "bf16")
    machine.multiply(matrix, vectors, out)
    assert torch.allclose(out.float(), vectors.float() @ matrix.float().t(), atol=0.1)
