"""Compute every claim of the ledger, and write it as a page.

Writes FOLDER/claims.json, all rows with their numbers and verdicts, the pictures
FOLDER/claims/*.svg, and FOLDER/report.html, a page that needs no other file. A row that
can't be computed is reported with its traceback; the others go on, the script fails.

  python scripts/reproduce.py --quick
  python scripts/reproduce.py --resume
  python scripts/reproduce.py C08 C33
  python scripts/reproduce.py --redraw
"""

import argparse
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import study
from tqdm import tqdm

from sparsetheory._files import write_whole
from sparsetheory._parallel import cpu_count
from sparsetheory.claims import LEDGER
from sparsetheory.claims.report import report
from sparsetheory.claims.rows import (
    BY_ID,
    ERROR,
    Row,
    about,
    again,
    load_rows,
    save_rows,
)
from sparsetheory.claims.run import run
from sparsetheory.experiments.records import check_writable


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    ends = f"{LEDGER[0].id} to {LEDGER[-1].id}"
    add("ids", nargs="*", metavar="ID", help=f"claims, {ends} (default: all)")
    add("--quick", action="store_true", help="minutes: fewer seeds in studies of data")
    add("--out", type=Path, default=Path("figures"), metavar="FOLDER")
    add("--resume", action="store_true", help="keep rows that a run finished before")
    add(
        "--redraw",
        action="store_true",
        help="judge the numbers of FOLDER/claims.json again, without computing any",
    )
    add("--workers", type=int, default=cpu_count(), help="(default: one per processor)")
    args = parser.parse_args(argv)
    unknown = [name for name in args.ids if name not in BY_ID]
    if unknown:
        parser.error(f"unknown claim {', '.join(unknown)}: they go from {ends}")
    if args.workers < 1:
        parser.error(f"--workers must be at least 1, got {args.workers}")
    if args.redraw and (args.ids or args.quick or args.resume):
        parser.error("--redraw takes the rows that are there: no other choice")
    try:
        check_writable(args.out / "claims.json")
    except OSError as error:
        parser.error(str(error))
    return args


def kept(args: argparse.Namespace, setting: dict[str, Any]) -> dict[str, Row]:
    """Return finished rows of an earlier run that depends on the same things.

    All of them to resume it, and those that aren't asked for if some are.

    Raises
    ------
    ValueError
        If some are asked for, and others of other code would be lost.
    """
    path = args.out / "claims.json"
    if not ((args.resume or args.ids) and path.exists()):
        return {}
    asked = set(args.ids or BY_ID)
    rows, before = load_rows(path)
    if before.get("fingerprint") != setting["fingerprint"]:
        other = f"{path} is of other code, versions or sizes"
        if not {row["id"] for row in rows} <= asked:
            raise ValueError(f"{other}: give another --out, or no ID to begin anew")
        print(f"{other}: begun anew", file=sys.stderr)
        return {}
    return {
        row["id"]: row
        for row in rows
        if row["id"] not in asked or (args.resume and finished(row, args.out))
    }


def finished(row: Row, folder: Path) -> bool:
    """Tell whether a row was computed, and its picture is there."""
    drawn = row["figure"] is None or (folder / row["figure"]).exists()
    return drawn and row["verdict"] != ERROR


def compute(args: argparse.Namespace) -> tuple[list[Row], dict[str, Any]]:
    """Compute the rows that are not there; keep each as it ends."""
    setting = about("quick" if args.quick else "full")
    setting["date"] = datetime.now(UTC).isoformat(timespec="seconds")
    rows = kept(args, setting)
    names = dict.fromkeys(args.ids or BY_ID)
    missing = [name for name in names if name not in rows]
    with tqdm(
        total=len(names), initial=len(names) - len(missing), unit="row", smoothing=0
    ) as bar:

        def take(row: Row) -> None:
            rows[row["id"]] = row
            save_rows(args.out / "claims.json", rows.values(), setting)
            if row["verdict"] == ERROR:
                tqdm.write(f"{row['id']}: {row['error']}", file=sys.stderr)
            bar.set_postfix_str(f"{row['id']} {row['verdict']}", refresh=False)
            bar.update()

        preset, workers = setting["preset"], min(args.workers, len(missing) or 1)
        run(missing, args.out, take, preset=preset, workers=workers)
    return sorted(rows.values(), key=lambda row: row["id"]), setting


def main(argv: list[str] | None = None) -> int:
    start = time.perf_counter()
    args = arguments(argv)
    path, page = args.out / "claims.json", args.out / "report.html"
    if args.redraw:
        rows, setting = load_rows(path)
        if setting["fingerprint"] != about(setting["preset"])["fingerprint"]:
            print(f"{path} is of other code or versions", file=sys.stderr)
        rows = [again(row) for row in rows]
    else:
        rows, setting = compute(args)
    save_rows(path, rows, setting)
    write_whole(page, report(rows, setting, args.out).encode())
    counts = Counter(row["verdict"] for row in rows)
    total = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    print(f"{len(rows)} claims: {total}")
    print(f"wrote {path} and {page} in {time.perf_counter() - start:.0f} s")
    return 1 if counts[ERROR] else 0


if __name__ == "__main__":
    study.run(main)
