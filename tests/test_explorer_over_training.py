"""The explorer of the chapter on over-training: its numbers are the book's solver, in Python and in a real browser."""

import pytest

from roofline import disclosures
from roofline import over_training as ot
from roofline.scaling_laws import cheapest, least_effort, matched, published
from roofline.teaching.explorer import page, words
from roofline.teaching.explorers.over_training import LAWS, SERVED, build, explorer, mix
from tests.browser.explorers import move, settled
from tests.explorers import assert_gives


def expected(values):
    """What the book's own solver and formulas say of the controls."""
    law = published(values["law"])
    at = {**{name: values[name] for name in ("traffic", "lifetime", "p_ship", "eta_dec", "D_rl", "f_rl")},
          **mix(values["served"])}  # fmt: skip
    served = ot.served_tokens(at)
    later = ot.later_tokens(at, D_inf=served)
    best, plain = least_effort(law, values["N_good"], later), matched(law, values["N_good"])
    phases = {}
    for which, model in (("cheapest", best), ("plain", plain)):
        run = {"N_act": model.parameters}
        phases |= {f"{which}_0": ot.train_flops(run, D=model.tokens),
                   f"{which}_1": ot.train_flops(run, D=ot.rl_weight(at) * at["D_rl"]),
                   f"{which}_2": ot.train_flops(run, D=ot.inference_weight(at) * served),
                   f"{which}_all": ot.total_effort(run, at, D=model.tokens, D_inf=served)}  # fmt: skip
    return {"best_size": best.parameters, "best_data": best.tokens, "best_loss": best.loss, "all_served": served,
            "good_data": plain.tokens, "best_ratio": best.tokens / best.parameters,
            "later_times": later / best.tokens, "best_rule": best.tokens / best.parameters / 20,
            "best_over": best.tokens / matched(law, best.parameters).tokens,
            "best_saves": 1 - phases["cheapest_all"] / phases["plain_all"], **phases}  # fmt: skip


def test_the_explorer_says_what_the_books_solver_says():
    assert_gives(build(), expected, places=25, rel=1e-7, abs=1e-7)


def test_the_cheapest_model_is_what_a_direct_search_finds():
    widget = explorer(law="chinchilla_hoffmann", traffic=1e8)
    later = widget["cheapest_1"] + widget["cheapest_2"]
    per_parameter = later / widget["best_size"] / 6
    found = cheapest(published("chinchilla_hoffmann"), widget["best_loss"], lambda n, d: n * (d + per_parameter))
    assert widget["best_size"] == pytest.approx(found.parameters, rel=1e-4)


def test_more_use_makes_the_model_smaller_and_its_training_dearer():
    before, after = explorer(traffic=1e6), explorer(traffic=1e9)
    assert after["best_size"] < before["best_size"] and after["best_data"] > before["best_data"]
    assert after["cheapest_0"] > before["cheapest_0"] and after["cheapest_all"] < after["plain_all"]


def test_what_is_never_served_and_learns_little_should_be_compute_optimal():
    widget = explorer(traffic=1e4, lifetime=7 * 86_400.0, D_rl=1e9, N_good=1e13)
    assert widget["best_size"] == pytest.approx(1e13, rel=1e-2) and widget["best_over"] == pytest.approx(1, rel=1e-2)
    assert widget.regime == "training is the dearer part"


def test_prompts_make_serving_cheaper_and_models_larger():
    generated, mixed = explorer(), explorer(served="mixed")
    assert mixed["cheapest_2"] < generated["cheapest_2"] and mixed["best_size"] > generated["best_size"]
    assert mix("generated") == {"s_dec": 1.0, "s_reused": 0.0} and 0.2 < mix("mixed")["s_dec"] < 0.25


def test_it_says_that_it_counts_reinforcement_learning_and_the_example_of_the_text_does_not():
    assert "This counts 10 trillion tokens of reinforcement learning; the example in the text has none." \
        in explorer().summary


def test_it_warns_where_more_text_is_asked_for_than_anybody_published():
    assert "beyond published data" in [c.label for c in build().cautions]
    assert "would there be such text?" in explorer().summary
    assert "would there be" not in explorer(traffic=1e6).summary
    assert explorer()["most_data"] == pytest.approx(disclosures["llama4_training"]["scout_tokens"])


def test_every_law_it_offers_is_published_and_they_disagree():
    sizes = {name: explorer(law=name)["best_size"] for name in LAWS}
    assert len({round(size) for size in sizes.values()}) == len(LAWS) and len(SERVED) == 2


def test_a_page_gets_four_pairs_of_bars():
    spec = page.spec(build())
    assert [row["label"] for row in spec["chart"]["rows"]] == [
        "Pre-training", "Reinforcement learning", "Serving", "All of its life"]  # fmt: skip
    assert words.summary(build(), build().start()).startswith("A model as good as a compute-optimal one of 500 billion")


def bars(sheet):
    """Widths of the full and the hollow bars, in pixels."""
    return sheet.evaluate("""() => [...document.querySelectorAll(".explorer svg.bars rect[data-role]")].slice(2)
        .map((rect) => Number(rect.getAttribute("width")))""")


@pytest.mark.browser
def test_bars_are_as_long_as_their_costs(show):
    sheet = show(explorer())
    for chosen in ({}, {"traffic": 1e9, "served": "mixed"}, {"traffic": 1e4, "D_rl": 1e15}):
        move(sheet, build(), **chosen)
        widget, drawn = explorer(**settled(sheet)), bars(sheet)
        costs = [widget[f"{which}_{part}"] for part in ("0", "1", "2", "all") for which in ("cheapest", "plain")]
        scale = max(drawn) / max(costs)
        assert drawn == pytest.approx([cost * scale for cost in costs], abs=0.2)
