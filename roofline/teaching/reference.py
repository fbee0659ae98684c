"""The reference pages, generated: notation and formulas from the registry, tables from the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from roofline import batch_size, catalog
from roofline.algebra import Formula, units
from roofline.algebra.symbols import Input
from roofline.architecture import Experts
from roofline.catalog import MissingFact, UnknownPrecision
from roofline.catalog.staleness import review_dates

from . import chapters
from .tables import Column, Html, remarks, table


@dataclass(frozen=True)
class Markdown:
    """Markdown for the page, its mathematics included."""

    text: str

    def _repr_markdown_(self) -> str:
        return self.text

    def __repr__(self) -> str:
        lines = self.text.splitlines()
        return f"{sum(line[:2] == '| ' for line in lines) - sum(line[:4] == '|---' for line in lines)} rows"


def symbols() -> Markdown:
    """Every input: how page and code write it, unit, meaning, where it may lie, what it is when left out."""
    head = "| Symbol | In code | Unit | Meaning | Value | Default |\n|---|---|---|---|---|---|"
    groups = {"In several chapters": chapters.symbols(None)}
    groups |= {chapters.title(name): chapters.symbols(name) for name in chapters.CHAPTERS}
    return grouped(head, {title: [_symbol(card) for card in cards] for title, cards in groups.items()})


def _symbol(card: Input) -> str:
    default = "" if card.default is None else units.significant(card.default)
    meaning = f'<span id="symbol-{card.name}"></span>{card.meaning}'  # where a number's card links to
    return f"| ${card.latex}$ | `{card.name}` | {unit(card.unit)} | {meaning} | {card.domain.signs} | {default} |"


def formulas() -> Markdown:
    """Every formula, by chapter: one level of its definition, its unit and meaning."""
    head = "| In code, and meaning | Definition | Unit |\n|---|---|---|"
    return grouped(head, {
        chapters.title(name): [
            f'| {example(name, formula)}<br><span id="formula-{formula.name}"></span>{formula.meaning} |'
            f" $\\displaystyle {formula.latex()}$ | {unit(formula.unit)} |"
            for formula in chapters.formulas(name)
        ]
        for name in chapters.CHAPTERS
    })


def example(chapter: str, formula: Formula) -> str:
    """A formula's name, leading to its inputs and its example on the pages of the package."""
    place = f"api/{chapter}.html#{formula.function.__module__}.{formula.name}"
    return f'<a href="{place}"><code>{formula.name}</code></a>'


def grouped(head: str, groups: dict[str, list[str]]) -> Markdown:
    """A table for each group that has rows, under its name."""
    tables = ["\n".join([f"**{title}**", "", head, *rows]) for title, rows in groups.items() if rows]
    return Markdown("\n\n".join(tables))


def unit(name: str) -> str:
    """A unit as the tables print it; a dash for counts and ratios."""
    return "–" if name == units.ONE else name


def known(compute: Callable[[Any], float]) -> Callable[[Any], float | None]:
    """`compute`, or None for a record that lacks what it needs."""
    def found(record: Any) -> float | None:
        try:
            return compute(record)
        except (MissingFact, UnknownPrecision):
            return None
    return found


def rate(precision: str) -> Column:
    return Column(precision, lambda chip: chip.rates.get(precision), "TFLOP/s", f"rates.{precision}")


def chips() -> Html:
    """Accelerators: rates, memory, balance, links, power, rent."""
    def balance(chip: Any) -> float:
        return batch_size.machine_balance(chip.at("bf16"), b_w=catalog.bytes_per_element("bf16"))

    columns = [
        Column("Chip", lambda chip: chip.name, small=lambda chip: f"{chip.vendor}, {chip.status}"),
        Column("Memory", lambda chip: chip.memory, "GB", "memory"),
        Column("Bandwidth", lambda chip: chip.bandwidth, "TB/s", "bandwidth"),
        *map(rate, ("bf16", "fp8", "fp4")),
        Column("Rent", lambda chip: chip.rental and chip.rental.price, "USD/h", "rental", small=rented, digits=3),
        Column("Machine balance ρ", known(balance), units.ONE, digits=3, label="MAC per weight, bf16"),
        Column("Drain time", known(lambda chip: batch_size.t_drain(M=chip.memory, W=chip.bandwidth)), "ms", digits=3),
        Column("Scale-up domain", lambda chip: float(chip.scale_up.chips), units.ONE, "scale_up.chips", label="chips"),
        Column("Scale-up link", lambda chip: chip.scale_up.bandwidth, "GB/s", "scale_up.bandwidth"),
        Column("Scale-out link", lambda chip: chip.scale_out, "GB/s", "scale_out"),
        Column("Power", lambda chip: chip.tdp, "W", "tdp"),
        Column("Released", lambda chip: chip.released, field="released"),
        Column("Check again by", review("specification", "rental price"), review=True),
    ]
    records = list(catalog.chips.values())
    return table("accelerators", columns, records, f"{len(records)} accelerators and racks. {span(records)}", "chip")


def rented(chip: Any) -> str:
    """What a rent rests on: its day, and how many lists, or what else it is than the price of a list."""
    lists = len(chip.rental.sources)
    kind = chip.rental.note.partition(":")[0] or ("one list" if lists == 1 else f"{lists} lists")
    return f"{kind}, {chip.rental.date}"


def memory_tiers() -> Html:
    """What stands behind HBM: slower, larger, cheaper."""
    columns = [
        Column("Tier", lambda tier: tier.name),
        Column("Capacity", lambda tier: tier.capacity, "GB", "capacity"),
        Column("Bandwidth", lambda tier: tier.bandwidth, "GB/s", "bandwidth"),
        Column("Drain time", lambda tier: batch_size.t_drain(M=tier.capacity, W=tier.bandwidth), "s", digits=3),
        Column("Price", lambda tier: tier.price, "USD/GB", "price", digits=3),
        Column("Check again by", review("specification"), review=True),
    ]
    records = list(catalog.memory_tiers.values())
    return table("memory tiers", columns, records, f"{len(records)} kinds of memory. {span(records)}", "tier")


def models() -> Html:
    """Language models: parameters, experts, attention, KV bytes."""
    def experts(model: Any) -> str:
        kind = next((k for k in model.shape.feedforward if isinstance(k, Experts)), None) if model.shape else None
        return f"{kind.top_k:,} of {kind.routed:,}" if kind else ""

    def ratio(model: Any) -> float | None:
        return model.total and model.active and batch_size.sparsity_ratio(N_tot=model.total, N_act=model.active)

    columns = [
        Column("Model", lambda model: model.name),
        Column("Parameters", lambda model: model.total, "Gparameter", "total", label="billion"),
        Column("Active", lambda model: model.active, "Gparameter", "active", label="billion"),
        Column("Sparsity ratio", ratio, units.ONE, digits=3),
        Column("KV read per token of context", known(lambda model: model.at(kv="bf16")["kappa"]), "kB",
               "shape.attention", label="kB at bf16"),
        Column("Experts per token", experts, field="shape.feedforward"),
        Column("Weights", lambda model: model.served_in, field="weights"),
        Column("Attention", lambda model: model.attention.split(" (")[0], field="attention"),
        Column("Trained on", lambda model: model.training_tokens, "Ttoken", "training_tokens",
               label="trillion tokens"),
    ]
    records = list(catalog.models.values())
    return table("models", columns, records, f"{len(records)} models. {span(records)}", "model")


def prices() -> Html:
    """What a million tokens cost, and the ratios that say something about the machine behind it."""
    def context(line: Any) -> str:
        words = [f"{sign} {line_limit:,.0f}" for sign, line_limit in
                 (("up to", line.context_up_to), ("above", line.context_above)) if line_limit]
        return ", ".join(words) or line.context_note or "any"

    def since(line: Any) -> str:
        return f"{line.since or '…'} to {line.until}" if line.until else line.since or ""

    def tier(line: Any) -> str:
        named = line.variant.startswith(line.tier)  # "fast mode" says that it is fast
        return " ".join(filter(None, ("" if named else line.tier, line.variant, line.hours)))

    columns = [
        Column("Model", lambda line: ", ".join(line.models), field="models", small=lambda line: line.provider),
        Column("Tier", tier, field="tier"),
        Column("Input", lambda line: line.input, "USD/Mtoken", "input", label="USD per million tokens"),
        Column("Cached input", lambda line: line.cached_input, "USD/Mtoken", "cached_input",
               label="USD per million tokens"),
        Column("Output", lambda line: line.output, "USD/Mtoken", "output", label="USD per million tokens"),
        Column("Output over input", lambda line: line.output_to_input, units.ONE, digits=3),
        Column("Input over cached", lambda line: line.input_to_cached, units.ONE, digits=3),
        Column("Context", context),
        Column("In force", since, field="since"),
        Column("Check again by", review("price"), review=True),
    ]
    records = list(catalog.prices.values())
    return table("prices", columns, records, f"{len(records)} price lines. {span(records)}", "price")


def review(*kinds: str) -> Callable[[Any], str]:
    """The day by which the first of these facts of a record should be checked again; none for what is past."""
    due: dict[str, str] = {}
    for fact in sorted(review_dates(), key=lambda fact: fact.review, reverse=True):
        if fact.what in kinds:
            due[fact.record] = fact.review.isoformat()
    return lambda record: due.get(record.name, "")


def span(records: Iterable[Any]) -> str:
    """When the records were collected, in words."""
    dates = sorted({record.date for record in records})
    return f"Collected {dates[0]}." if len(dates) == 1 else f"Collected {dates[0]} to {dates[-1]}."


def doubts(records: Iterable[Any]) -> Html:
    """Notes, disputed values and unconfirmed fields of each record, folded away."""
    return remarks("Remarks, disputed and unconfirmed values",
                   [(called(record), remarks_on(record)) for record in records])


def called(record: Any) -> str:
    """What readers call a record; a price line has an identifier for a name, so its models and tier say it."""
    return f"{', '.join(record.models)}, {record.tier}" if hasattr(record, "models") else str(record.name)


def remarks_on(record: Any) -> list[str]:
    found = [getattr(record, "attention", ""), record.note, getattr(record, "count_note", "")]
    rental = getattr(record, "rental", None)
    found += [f"Rent: {rental.note}."] if rental and rental.note else []
    if record.unconfirmed:
        found.append(f"Unconfirmed: {', '.join(record.unconfirmed)}.")
    for other in record.alternatives:
        value = other.value if isinstance(other.value, str) else f"{other.value:.6g}"
        verdict = f" Verdict: {other.verdict}." if other.verdict else ""
        found.append(f"Another value of {other.field}: {value} ({other.source}).{verdict}")
    return found
