"""The ledger as a page that people read, in one file."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from html import escape
from importlib.resources import files
from math import inf
from pathlib import Path
from string import Template
from typing import Any

from sparsetheory.claims.claim import (
    TITLES,
    Claim,
    Finding,
    Number,
    Numbers,
    in_words,
)
from sparsetheory.claims.figures import FIGURES
from sparsetheory.claims.names import Entry, entries, readable, shown
from sparsetheory.claims.rows import BY_ID, ERROR, Row, numbers_of

MEANINGS: Mapping[str, str] = {
    Finding.HOLDS: "Right as stated.",
    Finding.HOLDS_IF: "Right only under conditions that the document leaves out.",
    Finding.LOOSE: "Overstated, or no theorem.",
    Finding.REFUTED: "A counterexample was computed.",
    Finding.PARTLY: "An experiment bears out a part of it.",
    Finding.NOT_AT_THIS_SCALE: "An experiment of the size that runs here shows "
    "otherwise.",
    Finding.UNDECIDED: "The numbers tell nothing, or too little.",
    ERROR: "It could not be computed.",
}
SYMBOLS: Mapping[str, str] = {
    Finding.HOLDS: "M3 8.5 6.5 12 13 4.5",
    Finding.HOLDS_IF: "M2 8.5 5 11.5 10 5.5M13.5 11.5v.01M13.5 8.5v.01",
    Finding.LOOSE: "M2.5 9.5c1.5-4 4-3.5 5.5-1.5s4 2.5 5.5-1.5",
    Finding.REFUTED: "M4 4l8 8M12 4l-8 8",
    Finding.PARTLY: "M8 3a5 5 0 1 0 0 10zM8 3a5 5 0 0 1 0 10",
    Finding.NOT_AT_THIS_SCALE: "M4 12 12 4M8 2.5a5.5 5.5 0 1 0 .01 0",
    Finding.UNDECIDED: "M3.5 8v.01M8 8v.01M12.5 8v.01",
    ERROR: "M8 2.5 14 13H2zM8 6.5v3M8 11v.01",
}
SIZES = (
    *(
        "seeds",
        "trials",
        "map_trials",
        "cases",
        "designs",
        "parameters",
        "layers",
        "groups",
    ),
    *("asked", "density_asked", "target", "labels_each", "chance", "steps_in_all"),
    *("reset_after", "worse_quadratics", "error_of_progress"),
)
"""Numbers that say how much was done rather than what came of it."""
FEW_SEEDS = "A quick run: what its few seeds can't tell is undecided. "
WIDE = 500  # points, as pictures of several panels are
FAR = 1e9  # what a number is changed to, to see what else its rule would read


class Noted(dict[str, Number]):
    """Numbers that note which of them are read."""

    def __init__(self, numbers: Numbers) -> None:
        super().__init__(numbers)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Number:
        self.read.add(name)
        return super().__getitem__(name)


def read_by_rule(claim: Claim, numbers: Numbers) -> set[str]:
    """Return the numbers that a rule reads, also those that come in if others change.

    A rule may decide before it has read them all; so each that it reads is made far
    too small and too large, and the rule followed again.
    """
    found: set[str] = set()
    todo = [numbers]
    while claim.rule is not None and todo:
        state = todo.pop()
        noted = Noted(state)
        with suppress(ArithmeticError, TypeError, ValueError):
            claim.rule(noted)
        for name in sorted(noted.read - found):
            value = numbers[name]
            others = [not value] if isinstance(value, bool) else [-FAR, FAR]
            todo += [{**state, name: type(value)(other)} for other in others]
        found |= noted.read
    return found


def report(rows: Sequence[Row], run: Mapping[str, Any], folder: Path) -> str:
    """Return rows of the ledger as one HTML file, that asks for no other.

    Parameters
    ----------
    rows : sequence of dict
        As in the file of a run.
    run : mapping
        What they depend on, and their date.
    folder : Path
        Where their pictures are.

    Returns
    -------
    str
    """
    page = files(__package__) / "page"
    parts = {name: (page / f"page.{name}").read_text("utf-8") for name in ("css", "js")}
    counts = Counter(row["verdict"] for row in rows)
    documents = sorted({place[0] for row in rows for place in row["places"]})
    topics = sorted({row["topic"] for row in rows})
    found = [verdict for verdict in MEANINGS if counts[verdict]]
    return Template((page / "page.html").read_text("utf-8")).substitute(
        style=parts["css"] + "".join(_colours()),
        script=parts["js"],
        symbols="\n".join(_symbols()),
        version=escape(run["versions"]["sparsetheory"]),
        verdicts="\n".join(_verdict(name, counts[name]) for name in found),
        bars="\n".join(_bar(name, rows) for name in documents),
        when=escape(run["date"][:10]),
        preset=escape(run["preset"]),
        few=FEW_SEEDS if run["preset"] == "quick" else "",
        run="\n".join(_run(rows, run)),
        document_options=_options((name, TITLES.get(name, name)) for name in documents),
        verdict_options=_options((name, name) for name in found),
        topic_options=_options((name, name) for name in topics),
        count=f"{len(rows)} of {len(rows)} claims",
        rows="\n".join(_row(row, folder) for row in rows),
    )


def _slug(verdict: str) -> str:
    return verdict.replace(" ", "-")


def _colours() -> Iterator[str]:
    """Yield what gives badges and bars the colours of their verdicts."""
    for slug in map(_slug, MEANINGS):
        ink, tint = f"var(--{slug})", f"var(--{slug}-tint)"
        yield f".badge.{slug} {{ color: {ink}; background: {tint}; }}\n"
        yield f".bar .{slug} {{ background: color-mix(in oklab, {ink}, {tint}); }}\n"


def _symbols() -> Iterator[str]:
    for verdict, path in SYMBOLS.items():
        yield (
            f'<symbol id="s-{_slug(verdict)}" viewBox="0 0 16 16"><path d="{path}" '
            'fill="none" stroke="currentColor" stroke-width="2" '
            'stroke-linecap="round" stroke-linejoin="round"/></symbol>'
        )


def _badge(verdict: str) -> str:
    slug = _slug(verdict)
    use = f'<svg aria-hidden="true"><use href="#s-{slug}"/></svg>'
    return f'<span class="badge {slug}">{use}{escape(verdict)}</span>'


def _verdict(verdict: str, count: int) -> str:
    state = escape(verdict.replace(" ", "+"))
    return (
        f'<li><a href="#verdict={state}"><span class="number">{count}</span>'
        f'{_badge(verdict)}<span class="meaning">{MEANINGS[verdict]}</span></a></li>'
    )


def _bar(document: str, rows: Sequence[Row]) -> str:
    """Return a document with the verdicts on its claims, as a bar and in words."""
    own = [r["verdict"] for r in rows if any(p[0] == document for p in r["places"])]
    counts = {name: own.count(name) for name in MEANINGS if name in own}
    parts = [
        f'<span class="{_slug(verdict)}" style="flex:{n}"></span>'
        for verdict, n in counts.items()
    ]
    tally = ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
    return (
        f'<li><a href="#document={escape(document)}">'
        f"{escape(TITLES.get(document, document))}</a>"
        f'<span class="bar" aria-hidden="true">{"".join(parts)}</span>'
        f'<span class="tally">{tally}</span></li>'
    )


def _run(rows: Sequence[Row], run: Mapping[str, Any]) -> Iterator[str]:
    names = ", ".join(f"{name} {value}" for name, value in run["versions"].items())
    sizes = ", ".join(f"{readable(k).lower()} {v}" for k, v in run["scale"].items())
    lines = {
        "Date": run["date"],
        "Sizes": f"{run['preset']}: {sizes}",
        "Seeds": "fixed, from 0 on: the same run gives the same numbers",
        "Time": f"{sum(row['seconds'] for row in rows):.0f} s of a processor",
        "Versions": names,
        "Processor": run["hardware"]["cpu"],
        "BLAS": run["hardware"]["blas"],
        "Fingerprint": run["fingerprint"][:16],
    }
    for name, value in lines.items():
        yield f"<dt>{name}</dt><dd>{escape(str(value))}</dd>"


def _options(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(
        f'<option value="{escape(value)}">{escape(text)}</option>'
        for value, text in pairs
    )


def _row(row: Row, folder: Path) -> str:
    claim, numbers = BY_ID[row["id"]], numbers_of(row)
    read = read_by_rule(claim, numbers) if row["verdict"] != ERROR else set()
    marked = {entry: _is_read(entry, read) for entry in entries(numbers)}
    places = dict.fromkeys(place[0] for place in row["places"])
    name = escape(row["id"])
    parts = [
        _about(row, claim),
        _figure(row, folder),
        _numbers(marked),
        _code(row),
    ]
    return (
        f'<details class="claim" id="{name}" data-document="{escape(" ".join(places))}"'
        f' data-verdict="{escape(row["verdict"])}" data-topic="{escape(row["topic"])}">'
        f'<summary><span class="id">{name}</span>{_badge(row["verdict"])}'
        f'<span class="statement">{escape(row["statement"])}'
        f"{_headline(marked)}</span></summary>\n"
        f'<div class="body">{"".join(part for part in parts if part)}</div></details>'
    )


def _headline(marked: Mapping[Entry, bool]) -> str:
    """Return the first number that the rule reads, except for sizes."""
    for entry, read in marked.items():
        if entry.name not in SIZES and read:
            name, value = escape(readable(entry.name)), _shown(entry.value)
            text = f"{name}: {value} {_interval(entry)}".strip()
            return f'<span class="headline">{text}</span>'
    return ""


def _about(row: Row, claim: Claim) -> str:
    """Return where a claim stands, what is done about it and what decides."""
    places = "<br>".join(
        f"{escape(TITLES.get(document, document))}: {escape(section)}"
        for document, section in row["places"]
    )
    lines = {"Where": places, "Kind": row["kind"], "Topic": escape(row["topic"])}
    if row["verdict"] == ERROR:
        lines["Error"] = escape(row["error"].strip().splitlines()[-1])
    for name, function in (("What is done", claim.numbers), ("Rule", claim.rule)):
        if text := in_words(function):
            lines[name] = escape(text)
    pairs = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in lines.items())
    return f'<dl class="about">{pairs}</dl>'


def _figure(row: Row, folder: Path) -> str:
    if row["figure"] is None:
        return ""
    content = (folder / row["figure"]).read_bytes()
    width = re.search(rb'width="([0-9.]+)pt"', content)
    kind = ' class="wide"' if width and float(width[1]) > WIDE else ""
    data = base64.b64encode(content).decode()
    figure = FIGURES.get(row["id"])
    caption = escape("" if figure is None else figure.caption)
    return (
        f'<figure{kind}><img src="data:image/svg+xml;base64,{data}" alt="{caption}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _numbers(found: Mapping[Entry, bool]) -> str:
    """Return a table of numbers, with columns for intervals and tests if there are.

    Those are marked that the rule reads.
    """
    if not found:
        return ""
    intervals = any(entry.low is not None for entry in found)
    framed = [end for entry in found for end in _frame(entry)]
    span = min(framed, default=0), max(framed, default=0)
    if span[0] < 0:
        span = span[0], max(span[1], 0)
    tested = any(entry.p is not None for entry in found)
    columns = {"Number": "", "Value": "value"}
    columns |= {"Interval": ""} if intervals else {}
    columns |= {"": "strips"} if framed else {}
    columns |= {"p": "p"} if tested else {}
    head = "".join(
        f'<{cell} class="{kind}">{name}</{cell[:2]}>'
        for name, kind in columns.items()
        for cell in ['th scope="col"' if name else "td"]
    )
    lines = []
    for entry, read in found.items():
        mark = ' <span class="mark">•</span>' if read else ""
        cells = [
            f'<th scope="row">{escape(readable(entry.name))}{mark}</th>',
            f'<td class="value">{_shown(entry.value)}</td>',
        ]
        if intervals:
            cells.append(f"<td>{_interval(entry)}</td>")
        if framed:
            cells.append(f'<td class="strips">{_strip(entry, span)}</td>')
        if tested:
            p = "" if entry.p is None else _shown(entry.p)
            cells.append(f'<td class="p">{p}</td>')
        lines.append(f"<tr{' class=read' if read else ''}>{''.join(cells)}</tr>")
    return (
        f"<table><caption>Numbers</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _strip(entry: Entry, span: tuple[float, float]) -> str:
    """Return an interval and its number on the scale of the row's, with zero."""
    frame = _frame(entry)
    if not frame or span[0] == span[1]:
        return ""
    low, high, at, zero = (
        round(2 + 140 * (x - span[0]) / (span[1] - span[0]), 1)
        for x in (*frame, entry.value, 0.0)
    )
    inside = span[0] <= 0 <= span[1]
    axis = f'<path d="M{zero} 0V12" stroke-dasharray="2 2"/>' if inside else ""
    return (
        '<svg class="strip" viewBox="0 0 144 12" aria-hidden="true" fill="none" '
        f'stroke="currentColor">{axis}<path d="M{low} 6H{high}" stroke-width="2"/>'
        f'<circle cx="{at}" cy="6" r="3" fill="currentColor"/></svg>'
    )


def _is_read(entry: Entry, read: set[str]) -> bool:
    """Tell whether the rule reads a number, or its interval or p value."""
    own = {entry.name, *(f"{entry.name}_{end}" for end in ("low", "high", "p"))}
    return not own.isdisjoint(read)


def _code(row: Row) -> str:
    line = row["code"]
    text = f"&gt;&gt;&gt; {escape(line)}\n" if line else ""
    text += f'<span class="output">{escape(row["output"])}</span>\n' if line else ""
    whole = f"python -m sparsetheory.claims {escape(row['id'])}"
    block = f"<pre><code>{text}$ {whole}</code></pre>"
    return f'<div><p class="label">Code</p>{block}</div>'


def _frame(entry: Entry) -> tuple[Number, ...]:
    """Return the ends of an interval that the number lies in, if it is finite."""
    low, high = entry.low, entry.high
    if low is None or high is None or not -inf < low <= entry.value <= high < inf:
        return ()
    return low, high


def _interval(entry: Entry) -> str:
    """Return an interval, or the end that there is; of a count, that of its share."""
    low, high = (
        None if end is None else _shown(end) for end in (entry.low, entry.high)
    )
    if low is None or high is None:
        return (f"at least {low}" if low else "") + (f"at most {high}" if high else "")
    count = isinstance(entry.value, int) and not _frame(entry)
    return f"{'share ' if count else ''}[{low}, {high}]"


def _shown(value: Number) -> str:
    """Return a number in HTML, with powers of ten as they are printed."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    mantissa, _, power = shown(value).partition("e")
    if power:
        mantissa += f" × 10<sup>{int(power)}</sup>"
    return mantissa.replace("-", "−")
