"""Compute the claims of the ledger and print them with their verdicts.

A verdict follows from the numbers under it, which are computed anew and come out the
same on every run. Claims that are named are printed in full, with their places.

  python -m sparsetheory.claims
  python -m sparsetheory.claims C08 C33
"""

import argparse
import shutil
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator

from sparsetheory.claims.claim import Numbers, Result, evaluate
from sparsetheory.claims.ledger import LEDGER
from sparsetheory.claims.names import entries, shown

COLUMNS = "{:4} {:11} {:17} "
INDENT = " " * 5


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m sparsetheory.claims",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "ids",
        nargs="*",
        metavar="ID",
        help=f"claim to compute, {LEDGER[0].id} to {LEDGER[-1].id} (default: all)",
    )
    return parser.parse_args(argv)


def render(result: Result, width: int, *, full: bool) -> str:
    """Return the lines of one claim."""
    claim = result.claim
    head = COLUMNS.format(claim.id, claim.kind, result.finding)
    # A name stays with its value: lines break at spaces alone.
    wrapper = textwrap.TextWrapper(
        width,
        initial_indent=INDENT,
        subsequent_indent=INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    if full:
        lines = [head.rstrip(), *wrapper.wrap(claim.statement)]
        for document, section in claim.places:
            lines += wrapper.wrap(f"[{document}] {section}")
    else:
        short = textwrap.shorten(
            claim.statement,
            width - len(head),
            placeholder=" ...",
            break_on_hyphens=False,
        )
        lines = [head + short]
    lines += wrapper.wrap(" ".join(pairs(result.numbers)))
    return "\n".join(lines)


def pairs(numbers: Numbers) -> Iterator[str]:
    """Yield each name with its value, and its interval and p value if it has them."""
    for name, value, low, high, p in entries(numbers):
        ends = ",".join(shown(end) for end in (low, high) if end is not None)
        yield f"{name}={shown(value)}" + (f"[{ends}]" if ends else "")
        if p is not None:
            yield f"{name}_p={shown(p)}"


def main(argv: list[str] | None = None) -> int:
    """Print the claims asked for; return the exit status."""
    start = time.perf_counter()
    args = arguments(argv)
    rows = {claim.id: claim for claim in LEDGER}
    unknown = [name for name in args.ids if name not in rows]
    if unknown:
        print(
            f"unknown claim {', '.join(unknown)}: the {len(rows)} of the ledger go "
            f"from {LEDGER[0].id} to {LEDGER[-1].id}",
            file=sys.stderr,
        )
        return 2
    width = max(80, min(120, shutil.get_terminal_size().columns))
    counts: Counter[str] = Counter()
    print(COLUMNS.format("id", "kind", "verdict") + "statement, numbers")
    for name in dict.fromkeys(args.ids or rows):
        result = evaluate(rows[name])
        counts[result.finding] += 1
        print(render(result, width, full=bool(args.ids)), flush=True)
    total = ", ".join(f"{count} {finding}" for finding, count in counts.most_common())
    print(f"{counts.total()} claims in {time.perf_counter() - start:.1f} s: {total}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
