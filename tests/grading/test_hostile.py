"""No submission gains a point it does not deserve, hangs, or leaves a process or a file behind."""

import os
import sys
import time
import uuid
from collections.abc import Iterator, Mapping

import pytest

from roofline.teaching.grading import Limits, Report, conversation, grade

from . import hostile
from .hostile.questions import TINY
from .hostile.submission import LOOT, Hostile, hand_in
from .hostile.watch import Seen, Surroundings

MODES = ("bubblewrap", "landlock", "none")
# Landlock closes files and programs to a process that is otherwise that of "none": for attacks on answers, the same
TRIED = {"bubblewrap": hostile.ALL, "landlock": hostile.OF_THE_SYSTEM, "none": hostile.ALL}
ATTACKS = [(mode, attack) for mode in MODES for attack in TRIED[mode]]
MOST_MEMORY = 100 * 2**20  # by which the grader itself may grow, in bytes
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the grader is for Linux and macOS")


@pytest.fixture(scope="module")
def surroundings() -> Iterator[Surroundings]:
    place = Surroundings()
    yield place
    place.close()


def texts(data: object) -> Iterator[str]:
    """Every string in plain data."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from texts(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from texts(value)


def wrong_points(report: Report, attack: Hostile) -> list[str]:
    """Complaints on the points of each question."""
    told = []
    for question in report.questions:
        deserved = attack.points.get(question.name, 0)
        least, most = deserved if isinstance(deserved, tuple) else (deserved if attack.spares else 0, deserved)
        if not least <= question.points <= most:
            told.append(f"{question.name}: {question.points} points instead of {deserved}")
    return told


def unfit(report: Report) -> list[str]:
    """Texts of the report that could steer a terminal or cannot be encoded."""
    return [text for text in texts(report.as_data()) if not text.isprintable() or len(text) > 2000]


@pytest.mark.parametrize(("mode", "attack"), ATTACKS, ids=lambda part: getattr(part, "name", part))
def test_a_hostile_submission_gets_what_it_deserves(mode, attack, surroundings, isolation, record, capfd,
                                                      monkeypatch):
    monkeypatch.setattr(conversation, "GRACE_S", 0.3)
    mark = f"mark{uuid.uuid4().hex}"
    path = hand_in(surroundings.folder, attack.cells, surroundings.known(mark))
    with surroundings.watched(mark) as seen:
        started = time.perf_counter()
        report = grade(path, TINY, seed="known", isolation=isolation(mode), limits=Limits(**attack.limits))
        seconds = time.perf_counter() - started
    record(mode, attack, report, seconds, seen)
    assert path.exists() and capfd.readouterr() == ("", "")
    told = complaints(report, attack, seen, seconds)
    assert not told or mode not in attack.falls or not told_otherwise(report, seen)
    if told and mode in attack.falls:
        pytest.xfail(f"known without isolation of files: {'; '.join(told)}")
    assert not told, f"{told}\n{explained(report)}"


def complaints(report: Report, attack: Hostile, seen: Seen, seconds: float) -> list[str]:
    """Everything that is not as it must be."""
    told = wrong_points(report, attack) + seen.processes + seen.reached()
    words = "\n".join(texts(report.as_data()))
    told += [f"took {seconds:.1f} s"] if seconds > attack.within else []
    told += [f"the grader grew by {seen.peak >> 20} MB"] if seen.peak > MOST_MEMORY else []
    told += [f"not fit to be shown: {text!r:.200}" for text in unfit(report)]
    told += ["the report has loot"] if LOOT in words else []
    return told + ([] if attack.says in words else [f"the report does not say {attack.says!r}"])


def told_otherwise(report: Report, seen: Seen) -> list[str]:
    """What is not excused by a lack of isolation: processes that stay, words that steer a terminal."""
    return seen.processes + unfit(report)


def explained(report: Report) -> str:
    """The faults of a report, for whoever reads the failure."""
    lines = [report.fault, *report.notes]
    for question in report.questions:
        lines += [f"{question.name}: {question.fault}"] if question.fault else []
        lines += [f"{question.name}, where {case.name}: {case.first_wrong.said}" for case in question.cases
                  if case.first_wrong]
    return "\n".join(filter(None, lines))


def test_there_are_more_than_a_hundred_attacks_each_with_a_name_and_a_line():
    assert len(hostile.ALL) > 100 and len({attack.name for attack in hostile.ALL}) == len(hostile.ALL)
    assert all(attack.tries and "\n" not in attack.tries for attack in hostile.ALL)


def test_no_attack_is_excused_where_official_marks_are_given():
    assert all(set(attack.falls) <= {"none"} for attack in hostile.ALL)


def test_the_secret_cannot_be_had_without_a_theft(surroundings, isolation):
    """The suite would prove nothing if its rubric could be answered, or if the right number earned nothing."""
    right = "def secret(x):\n    return 0.73912764508 * x\n"
    near = "def secret(x):\n    return 0.739 * x\n"
    points = [grade(hand_in(surroundings.folder, [source]), TINY, isolation=isolation("none")).points
              for source in (right, near)]
    assert points == [4, 0] and os.path.exists(surroundings.rubric)
