"""The ledger judges by recomputing: its verdicts against small sums done here, its errors, and its HTML."""

import ast
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from roofline import batch_size, catalog, timetable
from roofline.algebra import DomainError, InputMissing, NameUnknown, UnitError
from roofline.catalog.loading import DataError
from roofline.catalog.price import Price
from roofline.notation import notation
from roofline.teaching import chapters
from roofline.teaching import ledger as module
from roofline.teaching.claims import BY_RULE, VERDICTS, bounds, by_rule
from roofline.teaching.doubts import doubts
from roofline.teaching.facts import PRICE_UNITS
from roofline.teaching.ledger import LedgerError, checked, claim, claims_table, load, made_by, reading, said_by
from roofline.teaching.recompute import NotAComputation, described, evaluate
from roofline.teaching.tables import short

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def ledger():
    return checked()


# What is in it


# How many claims the lecture makes in each chapter; the last one's are shared by ciphers and revnets.
COUNTS = {
    "batch_size": ("batch-size", 1, 48),
    "moe": ("moe", 1, 21),
    "rack_topology": ("rack-topology", 1, 30),
    "pipelining": ("pipelining", 1, 27),
    "kv_memory": ("kv-memory", 1, 18),
    "over_training": ("over-training", 1, 25),
    "pricing": ("pricing", 1, 34),
    "context_wall": ("context-wall", 1, 10),
    "ciphers": ("crypto-revnets", 1, 13),
    "revnets": ("crypto-revnets", 14, 21),
}


def test_every_claim_of_the_lecture_is_judged_in_its_chapter(ledger):
    for chapter, (prefix, first, last) in COUNTS.items():
        ids = [f"{prefix}-{n:02d}" for n in range(first, last + 1)]
        assert [row.id for row in ledger.select(chapter)] == ids
    assert sum(last - first + 1 for _, first, last in COUNTS.values()) == 234
    assert set(COUNTS) == set(chapters.CHAPTERS)
    assert {row.chapter for row in ledger.values()} == {*COUNTS, "misreports"}


def test_what_is_the_lectures_rests_on_its_transcript_and_no_summary_speaks_in_it(ledger):
    for row in ledger.select(said=True):
        assert "transcript" in row.sources and re.search("Reiner|Dwarkesh", row.speaker), row.id
    for row in ledger.select(said=False):
        assert re.match("a |two |flashcard$|derived|implied|our own", row.speaker), row.id
        assert made_by(row).startswith("not said in the lecture")
    assert made_by(ledger["batch-size-36"]) == "a claim of Reiner, in the lecture"


def test_a_speaker_whom_nobody_knows_is_refused(tmp_path):
    row = load(written(tmp_path, {**ROW, "speaker": "a passer-by"}))["test-1"]
    with pytest.raises(LedgerError, match="nobody in SPEAKERS is called 'a passer-by'"):
        said_by(row)


def test_what_reports_got_wrong_is_never_called_right(ledger):
    rows = ledger.select("misreports")
    assert len(rows) >= 7 and not any(row.verdict == "holds" or row.inline for row in rows)
    assert all(any(name.startswith("summary_") for name in row.sources) for row in rows)


@pytest.mark.parametrize("chapter", COUNTS)
def test_a_few_claims_stand_in_the_text_and_the_chapter_shows_each_of_them(ledger, chapter):
    inline = {row.id for row in ledger.select(chapter, inline=True)}
    assert 2 <= len(inline) <= 9
    source = HERE.parent / "lectures" / f"{chapter}.md"
    if source.exists():
        assert set(re.findall(r'^claim\("([\w-]+)"\)', source.read_text("utf-8"), re.M)) == inline


def test_every_verdict_occurs_and_is_counted(ledger):
    counts = ledger.counts("batch_size")
    assert tuple(counts) == VERDICTS and sum(counts.values()) == 48 and all(counts.values())
    everywhere = ledger.counts()
    assert sum(everywhere.values()) == len(ledger) == 234 + len(ledger.select("misreports"))


@pytest.mark.parametrize("chapter", COUNTS)
def test_the_verdicts_of_numeric_rows_are_computed(ledger, chapter):
    """A row that states a number is held against it, unless it contradicts itself or cannot be derived."""
    for row in ledger.select(chapter):
        assert bool(row.cases) == (row.stated is not None or any(case.stated for case in row.cases))
        if row.called in BY_RULE:
            assert not row.cases and row.reason


def test_every_proof_named_is_a_test_that_exists(ledger):
    known = {
        node.name
        for path in HERE.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    named = {name for row in ledger.values() for name in row.proof}
    assert named and named <= known


def test_texts_hold_no_latex_and_no_unfilled_number(ledger):
    for row in ledger.values():
        texts = (row.claim, *(row.filled(text) for text in (row.reason, row.decides, row.differs)))
        assert not any("\\" in text or "{" in text for text in texts), row.id


# Verdicts, against sums done here with figures from data sheets and reports.
# GB200: 5 PFLOP/s dense fp8, 8 TB/s, 186 GB (NVIDIA). DeepSeek-V3: 671 and 37 billion parameters (DeepSeek-AI 2024).

RACK_BANDWIDTH = 72 * 8e12
WEIGHT_READ = 671e9 / RACK_BANDWIDTH

KEY_ROWS = {
    "batch-size-23": (5e15 / 2 / 8e12, 300, "holds"),
    "batch-size-27": (300 * 671 / 37, 2400, "inconsistent"),
    "batch-size-30": (300 * 671 / 37, 3000, "roughly"),
    "batch-size-34": (2 * 0.020, 0.040, "holds"),
    "batch-size-35": (80e9 / 2.039e12, 0.020, "roughly"),  # the A100 with 80 GB is furthest from 20 ms
    "batch-size-36": (288 / 20e3, 0.015, "holds"),
    "batch-size-41": (WEIGHT_READ, 0.020, "inconsistent"),
    "batch-size-42": (2000 * 64, 128_000, "holds"),
    "batch-size-43": (2000 / 0.020, 128_000, "inconsistent"),
    "batch-size-46": (128_000 / (1300e12 / (365.25 / 12 * 86400)), 1 / 1000, "off"),
    "batch-size-02": (2, 1, "roughly"),
    "batch-size-08": (37 / 671, 1, "off"),
    "batch-size-17": (300 * 8, 1000, "roughly"),
    "batch-size-26": (300 * 37 / 700, 2000, "inconsistent"),
}


@pytest.mark.parametrize("name", KEY_ROWS)
def test_the_ledger_comes_to_what_a_small_sum_comes_to(ledger, name):
    value, stated, verdict = KEY_ROWS[name]
    row = ledger[name]
    assert row.recomputed == pytest.approx(value, rel=1e-6)
    assert row.ratio == pytest.approx(value / stated, rel=1e-6)
    assert row.verdict == verdict


def test_the_floor_is_5_percent_of_the_drain_time_and_the_summary_took_one_for_the_other(ledger):
    row = ledger["batch-size-09"]
    others = {case.key: case.value for case in row.others}
    assert row.recomputed == pytest.approx(WEIGHT_READ)
    assert others["drain"] == pytest.approx(186e9 / 8e12)
    assert others["share"] == pytest.approx(WEIGHT_READ / (186e9 / 8e12))
    assert row.ratio == pytest.approx(WEIGHT_READ / 0.015)  # held against the nearer end of 15 to 20 ms


def test_deepseeks_decode_units_hold_two_to_three_balance_batches(ledger):
    sequences = 14_800 * 18 / 20  # tokens/s of a node, nodes of a unit, tokens/s of a user: DeepSeek 2025
    balance = 1.9789e15 / 2 / 3.35e12 * 671 / 37  # H800
    slow, fast = ledger["batch-size-29"].cases
    assert slow.value == pytest.approx(sequences / balance, rel=1e-6)
    assert fast.value == pytest.approx(slow.value * 20 / 22)
    assert ledger["batch-size-29"].verdict == "holds"


def test_fast_mode_numbers_follow_from_one_line_through_two_points(ledger):
    # t = w + k B with w = 1: from 2.5 (1 + x/15) = 1 + x comes x = 1.8
    x = 1.5 / (1 - 2.5 / 15)
    hundred = {case.key: case.value for case in ledger["batch-size-20"].others}
    assert hundred["fastest"] == pytest.approx(1 + x)
    saving = {case.key: case.value for case in ledger["batch-size-18"].others}["saving"]
    assert saving == pytest.approx(1 - x / (1 + x))


@pytest.mark.parametrize(("ratio", "verdict"), [(1, "holds"), (1.1, "holds"), (0.9, "holds"), (1.11, "roughly"),
                                                (0.89, "roughly"), (3, "roughly"), (1 / 3, "roughly"),
                                                (3.01, "off"), (0.33, "off"), (-1, "off")])  # fmt: skip
def test_within_ten_percent_holds_and_within_a_factor_of_three_holds_roughly(ratio, verdict):
    assert by_rule(ratio) == verdict


def test_no_verdict_is_typed_where_numbers_decide(ledger):
    for row in ledger.values():
        assert (row.called is None) == (bool(row.cases) and row.verdict in BY_RULE), row.id


# A changed formula changes the ledger


def test_a_wrong_formula_changes_the_verdict(monkeypatch):
    wrong = notation.child()

    @wrong.formula("s", "x")
    def drain_as_if_half_full(M, W):
        """A twin that reads a hundredth of the memory."""
        return M / W / 100

    assert checked()["batch-size-36"].verdict == "holds"
    monkeypatch.setattr(batch_size, "t_drain", drain_as_if_half_full)
    assert checked()["batch-size-36"].verdict == "off"


def test_an_inconsistency_that_is_none_is_an_error(monkeypatch):
    wrong = notation.child()

    @wrong.formula("token/s", "x")
    def faster(q, B, t_step):
        """A twin in which 2,000 sequences at 20 ms do make 128,000 tokens a second."""
        return 1.28 * q * B / t_step

    monkeypatch.setattr(batch_size, "tokens_per_s", faster)
    with pytest.raises(LedgerError, match=r"batch-size-43: called inconsistent, but .* comes to 128,000 tokens/s"):
        checked()


# Computations as data


def test_a_computation_may_be_a_quantity_a_formula_a_fact_or_arithmetic_on_them():
    assert evaluate("20 ms") == (0.02, "ms")
    assert evaluate({"formula": "batch_size.t_drain", "given": [{"M": "288 GB", "W": "20 TB/s"}]}).value == 0.0144
    assert evaluate({"chip": "GB200", "at": "fp8", "value": "W"}).value == 8e12
    assert evaluate({"ratio": ["1 token", "20 ms"]}) == (50, "token/s")
    assert evaluate({"product": [2, "3 token/s", "10 s"]}) == (60, "token")
    assert evaluate({"difference": [1, "25 %"]}).value == 0.75


def test_a_formula_may_be_given_a_part_in_place_of_its_inputs():
    given = [{"n": 72, "B": 100, "price": "2 USD/hour", "t_step": "1 s"}]
    made = {"formula": "batch_size.cost_per_token", "given": given}
    assert evaluate(made).value == pytest.approx(72 * 2 / 3600 / 100)  # q stays at its default
    assert described(made) == "batch_size.cost_per_token(n = 72, B = 100, price = 2 USD/hour, t_step = 1 s)"


def test_a_part_given_agrees_with_the_same_part_computed():
    given = [{"chip": "H100", "at": "fp8"}, {"model": "DeepSeek-V3", "weights": "fp8", "kv": "bf16"}, {"B": 64}]
    step = {"formula": "batch_size.t_step", "given": [*given, {"L": "1000 token"}]}
    direct = {"formula": "batch_size.tokens_per_s", "given": [*given, {"L": "1000 token"}]}
    by_part = {"formula": "batch_size.tokens_per_s", "given": [{"B": 64, "t_step": step}]}
    assert evaluate(by_part).value == pytest.approx(evaluate(direct).value)


BALANCE = "batch_size.balance_batch"


@pytest.mark.parametrize(("given", "error", "says"), [
    ([{"machine_balance": "300 token", "N_act": "2e12 parameter", "N_tot": "1e12 parameter"}], DomainError,
     "N_act = 2e+12 is more than N_tot = 1e+12"),
    ([{"chip": "GB200", "at": "fp8"}, {"chip": "H100", "at": "fp8"}, {"sparsity_ratio": 8}], DomainError,
     "balance_batch: C is given twice"),
    ([{"machine_balance": "300 token"}], InputMissing, "needs N_act (active parameters"),
    ([{"sparsity_ratio": -1, "machine_balance": "300 token"}], DomainError, "sparsity_ratio = -1"),
    ([{"sparsity_ratio": 8, "t_step": "1 s"}], NameUnknown, "balance_batch does not depend on t_step"),
    ([{"sparsity_ratio": 8, "N_tot": "1e12 parameter"}], NameUnknown, "balance_batch does not depend on N_tot"),
])  # fmt: skip
def test_a_formula_given_a_part_is_checked_as_any_other_call(given, error, says):
    with pytest.raises(error) as caught:
        evaluate({"formula": BALANCE, "given": given})
    assert says in str(caught.value)


def test_giving_a_part_leaves_the_book_as_it_was():
    before = dict(notation.formulas), dict(notation.inputs)
    given = [{"machine_balance": "300 token", "sparsity_ratio": 8}]
    assert evaluate({"formula": BALANCE, "given": given}).value == 2400
    assert (notation.formulas, notation.inputs) == before
    assert set(batch_size.balance_batch.inputs) == {"phi", "q", "b_w", "N_act", "N_tot", "C", "W"}


def test_every_figure_of_a_price_has_the_unit_that_it_is_written_in():
    """Against the price list as text: USD/Mtoken on the page is USD/token here; a ratio of two prices has no unit."""
    line = catalog.prices["opus46_fast"]
    assert evaluate({"price": "opus46_fast", "value": "output_to_input"}) == (line.output / line.input, "1")
    assert evaluate({"price": "opus46_fast", "value": "input_to_cached"}) == (line.input / line.cached_input, "1")
    names = [n for n in {*dir(Price), *Price.model_fields} if not n.startswith(("_", "model_"))]
    assert {n for n in names for p in catalog.prices.values() if isinstance(getattr(p, n), float)} == set(PRICE_UNITS)
    written = {"TokenPrice": "USD/token", "Tokens": "token", "Ratio": "1"}
    for name, kind in Price.__annotations__.items():
        if kind.split(" ")[0] in written:
            assert PRICE_UNITS[name] == written[kind.split(" ")[0]], name


def test_a_sum_adds_in_base_units_and_is_described_with_plus_signs():
    node = {"sum": ["1 ms", {"product": [2, "3 s"]}, "1 min"]}
    assert evaluate(node) == (pytest.approx(66.001), "ms") and described(node) == "1 ms + (2 × 3 s) + 1 min"


def test_a_row_says_by_itself_which_of_its_figures_no_source_confirms(ledger, tmp_path):
    """The catalog marks the bandwidth of a spinning disk and the links of Rubin Ultra as unconfirmed."""
    disk = {"formula": DRAIN, "given": [{"M": "30 TB", "W": {"tier": "HDD 30TB", "value": "bandwidth"}}]}
    judged = {**ROW, "stated": "30 h", "recompute": {"disk": disk}}
    lent = {**ROW, "also": {"a": {"product": [2, disk]}}}
    first, second, third = checked(written(tmp_path, judged, lent, ROW)).values()
    assert first.doubts == second.doubts == ("bandwidth (HDD 30TB)",) and third.doubts == ()
    assert "No source confirms: bandwidth (HDD 30TB)" in first.explain()
    assert doubts({"chip": "Rubin Ultra", "at": "fp8", "value": "n_up"}) != ()
    assert doubts({"formula": DRAIN, "given": [{"chip": "Rubin Ultra", "at": "fp8"}]}) == (
        "memory bandwidth of one chip (Rubin Ultra)",)  # fmt: skip
    assert doubts({"formula": DRAIN, "given": [{"chip": "H100", "at": "fp8"}]}) == ()
    shown = module.note(ledger["pricing-28"], ledger)
    assert "No source confirms: bandwidth (HDD 30TB)." in shown


def longest(waits, kind):
    return max(waits) if kind == "longest" else "soon"


def test_a_function_of_physics_is_computed_from_plain_arguments(monkeypatch):
    monkeypatch.setattr(longest, "__module__", "roofline.timetable")
    monkeypatch.setattr(timetable, "longest", longest, raising=False)
    given = {"waits": [1, "20 ms", {"ratio": ["3 s", 2]}], "kind": "longest"}
    made = {"function": "timetable.longest", "with": given, "gives": "s"}
    assert evaluate(made) == (1.5, "s") and described(made).startswith("timetable.longest(waits = [1, '20 ms'")
    for wrong, error, says in (
        ({**made, "with": {**given, "kind": "shortest"}}, NotAComputation, "one finite number, got 'soon'"),
        ({**made, "with": [1]}, NotAComputation, "arguments by name"),
        ({**made, "gives": "furlong"}, UnitError, "furlong"),
        ({**made, "function": "timetable.longer"}, NameUnknown, "no function 'longer'; did you mean longest"),
        ({**made, "function": "timetable.np"}, NameUnknown, "no function 'np'"),
    ):
        with pytest.raises(error, match=re.escape(says)):
            evaluate(wrong)


def test_a_stated_range_holds_anywhere_inside():
    assert bounds("15 to 20 ms", "s") == (0.015, 0.02) == bounds("15 ms to 20 ms", "s")
    assert bounds("2 to 3", "1") == (2, 3) and bounds(1000, "1") == (1000, 1000)
    assert bounds("100 million to 1 billion token/s", "token/s") == (1e8, 1e9)


# Errors, each one sentence


ROW = {
    "speaker": "Reiner",
    "claim": "A claim.",
    "stated": "15 ms",
    "decides": "An assumption.",
    "sources": "lecture",
    "recompute": {"his": {"formula": "batch_size.t_drain", "given": [{"M": "288 GB", "W": "20 TB/s"}]}},
}
DRAIN = "batch_size.t_drain"


def written(folder, *rows, file="batch_size.yaml"):
    """A ledger of these rows, named test-1, test-2, ..., in a folder of its own."""
    import yaml

    (folder / "sources.yaml").write_text("lecture: {title: The lecture, kind: lecture}\n")
    (folder / file).write_text(yaml.safe_dump({f"test-{n}": row for n, row in enumerate(rows, 1)}))
    return folder


def case(node):
    return {**ROW, "recompute": {"his": node}}


def test_a_small_ledger_is_read(tmp_path):
    made = checked(written(tmp_path, ROW))
    assert made["test-1"].verdict == "holds" and made["test-1"].chapter == "batch_size"
    assert made["test-1"].gap == "within 4 %" and made.counts()["holds"] == 1


def test_the_worst_recomputation_decides_unless_one_is_named(tmp_path):
    two = {"his": ROW["recompute"]["his"], "slow": {"formula": DRAIN, "given": [{"M": "600 GB", "W": "20 TB/s"}]}}
    row = {**ROW, "recompute": two}
    worst, named = checked(written(tmp_path, row, {**row, "judged": "his"})).values()
    assert (worst.verdict, worst.ratio) == ("roughly", pytest.approx(2))
    assert (named.verdict, named.ratio) == ("holds", pytest.approx(0.96))
    assert worst.follows == "14.4 ms (his), 30 ms (slow)"


@pytest.mark.parametrize(("row", "message"), [
    (case({"formula": "batch_size.t_drian"}), "batch_size has no formula 't_drian'; did you mean t_drain"),
    (case({"formula": "batch_sise.t_drain"}), "no chapter module is called 'batch_sise'; did you mean batch_size"),
    (case({"formula": DRAIN, "given": [{"M": "288 GB", "W": "20 GB"}]}), "W is measured in byte/s, not in GB"),
    (case({"formula": DRAIN, "given": [{"M": "288 GB"}]}), "needs W (memory bandwidth of one chip; byte/s)"),
    (case({"formula": DRAIN, "given": [{"chip": "GB2000", "at": "fp8"}]}), "'GB2000'; did you mean GB200"),
    (case({"formula": DRAIN, "given": [{"chip": "H100", "at": "fp2"}]}), "H100 has no 'fp2' rate"),
    (case({"formula": DRAIN, "given": [{"chip": "H100"}]}), "a chip needs at: PRECISION"),
    (case({"formula": DRAIN, "given": {"M": "288 GB"}}), "given is a list"),
    (case({"formula": DRAIN, "given": [{"mm": "288 GB"}]}), "'mm' is not in the notation"),
    (case({"formula": DRAIN, "gives": []}), "'gives' means nothing beside 'formula'; did you mean given"),
    (case({"fromula": DRAIN}), "expected exactly one of formula, function, chip"),
    (case({"disclosure": "google_2025_4", "value": "traffic"}), "no disclosure is called 'google_2025_4'"),
    (case({"disclosure": "google_2025_04", "value": "trafic"}), "has no figure 'trafic'; did you mean traffic"),
    (case({"price": "opus46_fast", "value": "speed"}), "has no figure 'speed'; did you mean speed_multiple"),
    (case({"chip": "H100", "at": "fp8", "value": "Q"}), "gives no 'Q'"),
    (case({"model": "DeepSeek-V3", "attention": "sparse"}), "expected absorbed or expanded"),
    (case({"ratio": ["1 s"]}), "ratio: expected a list of two computations"),
    (case({"ratio": ["1 s", "0 s"]}), "came out as 0"),
    (case({"difference": ["1 s", "1 token"]}), "s and token do not fit together"),
    (case({"sum": ["1 s", "2 s", "1 token"]}), "sum: s and token do not fit together"),
    (case({"sum": ["1 s"]}), "sum: expected a list of two or more computations"),
    (case("soon"), "expected a number with its unit"),
    (case("20 token"), "it comes out in token, but what is stated, '15 ms', is in ms"),
    ({**ROW, "unit": "GB"}, "it comes out in s, which cannot be shown in GB"),
    ({**ROW, "stated": "20 to 15 ms"}, "neither a positive value nor a rising range"),
    ({**ROW, "stated": None}, "nothing is stated to hold it against"),
    ({**ROW, "judged": "hers"}, "judged by 'hers', which is not among its recomputations; did you mean his"),
    ({**ROW, "verdict": "holds", "reason": "So it seems."}, "verdict 'holds' is typed, but its numbers decide"),
    ({**ROW, "verdict": "inconsistent", "reason": "So it seems."}, "called inconsistent, but his comes to 14.4 ms"),
    ({**ROW, "verdict": "inconsistent"}, "so it needs a reason"),
    ({**ROW, "verdict": "wrong", "reason": "So it seems."}, "verdict: should be 'holds', 'roughly'"),
    ({**ROW, "recompute": {}}, "it needs a verdict and a reason"),
    ({**ROW, "decides": ""}, "needs decides: the assumption that makes the difference"),
    ({**ROW, "decides": "It is {hiss}."}, "{hiss} names no computation of it; did you mean his"),
    ({**ROW, "sources": "lectures"}, "no source is called 'lectures'; did you mean lecture"),
    ({**ROW, "sources": []}, "sources"),
    ({**ROW, "see": "test-9"}, "no claim is called 'test-9'"),
    ({**ROW, "speeker": "Reiner"}, "is not a known field; did you mean speaker"),
    ({k: v for k, v in ROW.items() if k != "claim"}, "claim: is missing"),
    ("a claim", "expected the fields of a record"),
])  # fmt: skip
def test_a_row_that_is_wrong_is_named_in_one_sentence(tmp_path, row, message):
    with pytest.raises(DataError) as caught:
        checked(written(tmp_path, row))
    text = str(caught.value)
    assert message in text and "test-1" in text and "\n" not in text


def test_an_id_given_twice_is_an_error_in_one_file_and_in_two(tmp_path):
    (written(tmp_path, ROW) / "batch_size.yaml").write_text("test-1: {}\ntest-1: {}\n")
    with pytest.raises(DataError, match="'test-1' is given twice"):
        checked(tmp_path)
    written(tmp_path, ROW)
    with pytest.raises(LedgerError, match=r"moe\.yaml: claim 'test-1' is already in batch_size\.yaml"):
        checked(written(tmp_path, ROW, file="moe.yaml"))


def test_an_unknown_claim_or_chapter_names_the_nearest(ledger):
    with pytest.raises(LedgerError, match="no claim is called 'batch-size-53'; did you mean batch-size-"):
        claim("batch-size-53")
    with pytest.raises(LedgerError, match="no chapter 'batchsize'; did you mean batch_size"):
        claims_table("batchsize")


# On the page


class Tree(HTMLParser):
    """Fails on a tag that is not closed in its place; keeps ids, classes and what each link names."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.scopes, self.words = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("wbr", "br"):
            self.open.append(tag)
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        self.scopes += [(tag, found.get("scope"))] if tag == "th" else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def parsed(shown):
    tree = Tree()
    tree.feed(shown._repr_html_())
    tree.close()
    assert not tree.open
    return tree


@pytest.mark.parametrize("chapter", COUNTS)
def test_a_note_is_well_formed_and_says_its_verdict_in_words(ledger, chapter):
    for row in ledger.select(chapter, inline=True):
        tree = parsed(claim(row.id))
        text = "".join(tree.words)
        assert tree.ids == [f"claim-{row.id}"]
        assert f"Verdict: {row.verdict}" in text and row.follows in text.replace("\u202f", " ")


def test_no_line_breaks_between_a_number_and_its_percent_sign():
    markup = claims_table(inline=None)._repr_html_()
    assert "\u202f%" in markup and not re.search(r"\d %", markup)


def test_sources_are_named_and_proofs_are_folded(ledger):
    row = next(row for row in ledger.values() if row.proof and "summary_notes" in row.sources)
    shown = module.note(row, ledger)
    assert ">transcript</a>" in shown and ">summary notes</span>" in shown
    assert re.search(r"<details class=\"proof\"><summary>Proved in (a test|\d tests)</summary><code>test_", shown)
    for row in ledger.values():
        assert all(2 < len(short(ledger.sources[name])) <= 45 for name in row.sources), row.id


def test_the_chapters_table_has_a_row_and_an_anchor_for_every_claim_not_in_the_text(ledger):
    tree = parsed(claims_table("batch_size"))
    rows = ledger.select("batch_size", inline=False)
    assert tree.ids == [f"claim-{row.id}" for row in rows] and len(rows) == 41
    assert tree.scopes == [("th", "col")] * 3 + [("th", "row")] * 41


def test_the_page_of_all_claims_has_each_anchor_once_and_links_stay_on_it(ledger):
    tree = parsed(claims_table(inline=None, folded=False))
    assert tree.ids == [f"claim-{name}" for name in ledger]
    assert {link[1:] for link in tree.links if link.startswith("#")} <= set(tree.ids)
    assert all(link.startswith(("#", "https://")) for link in tree.links)


def test_notes_and_table_of_a_chapter_share_no_anchor(ledger):
    notes = [claim(row.id) for row in ledger.select("batch_size", inline=True)]
    shown = [claims_table("batch_size", inline=None), *notes]
    ids = [name for one in shown for name in parsed(one).ids]
    assert len(ids) == len(set(ids)) == 48


def test_text_from_the_data_is_escaped(tmp_path):
    texts = {"claim": "a < b & <script>", "speaker": "<b>Reiner", "decides": 'An "if" > 0.'}
    made = checked(written(tmp_path, {**ROW, **texts}))
    row = made["test-1"]
    assert "<script>" not in module.note(row, made) and "a &lt; b &amp; &lt;script&gt;" in module.note(row, made)
    assert "<script>" not in module._line(row, made, None) and "<b>" not in module._line(row, made, None)


def test_in_a_notebook_a_claim_reads_as_one_line(ledger):
    assert repr(claim("batch-size-43")) == reading(ledger["batch-size-43"])
    assert "\n" not in reading(ledger["batch-size-43"])
    assert reading(ledger["batch-size-36"]).startswith(
        "Reiner: Rubin, for example: 288 GB at 20 TB/s take about 15 ms. Said: 15 ms. Follows: 14.4 ms"
    )


def test_explain_names_formula_inputs_and_ratio(ledger):
    text = ledger["batch-size-34"].explain()
    assert "batch_size.worst_time_to_token(T = 20 ms) = 40 ms, ratio 1" in text and "Verdict: holds, as stated" in text


def test_every_claim_shows_finite_ratios_and_numbers(ledger):
    for row in ledger.values():
        assert all(math.isfinite(case.value) for case in (*row.cases, *row.others))
        assert row.said == "" or row.follows
