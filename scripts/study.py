"""What the scripts of studies have in common: options, stored records, the end."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from sparsetheory.experiments.engines import end_children
from sparsetheory.experiments.records import (
    check_writable,
    load_records,
    resumed_records,
    stem_of,
)


def options(about: str | None, presets: Iterable[str], stem: str) -> Any:
    """Return a parser with the options of each study."""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--preset", choices=presets, default="quick", help="seconds, or minutes")
    add("--out", type=Path, metavar="STEM", help=f"(default: figures/{stem}_PRESET)")
    add("--resume", action="store_true", help="go on from STEM.json.gz")
    add("--redraw", type=Path, metavar="FILE.json.gz", help="draw stored results again")
    parser.set_defaults(stem=stem)
    return parser


def arguments(
    parser: argparse.ArgumentParser,
    argv: list[str] | None,
    types: tuple[type, ...],
    settings: Callable[[argparse.Namespace], dict[str, Any]],
) -> argparse.Namespace:
    """Read and check all that the work depends on, before the work.

    What `settings` returns is stored, as ``args.settings``; what is known of such
    settings is ``args.records``.
    """
    args = parser.parse_args(argv)
    try:
        default = Path("figures", f"{args.stem}_{args.preset}")
        args.out = args.out or (stem_of(args.redraw) if args.redraw else default)
        check_writable(args.out)
        args.records = {}
        if args.redraw:
            args.records, args.settings = load_records(args.redraw, types)
            return args
        args.settings = settings(args)
        if args.resume:
            store = f"{args.out}.json.gz"
            args.records = resumed_records(store, types, args.settings)
    except (EOFError, OSError, TypeError, ValueError) as error:
        parser.error(str(error))
    return args


def run(main: Callable[[], int | None]) -> None:
    """Run a script to its exit code; Ctrl-C ends it at once, an error in one line."""
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        end_children()
        os._exit(130)  # whatever still runs in a thread is not waited for
    except (BrokenProcessPool, OSError, ValueError) as error:
        print(f"{Path(sys.argv[0]).name}: error: {error}", file=sys.stderr)
        sys.exit(1)
