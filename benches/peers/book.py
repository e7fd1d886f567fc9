"""Puts a generated table into the book: docs/src/numbers/NAME.md, between <!-- NAME:begin --> and <!-- NAME:end -->."""

import pathlib
import sys

NUMBERS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "src" / "numbers"


def write_table(name, text):
    """Replaces the table of this name; the file is renamed into place."""
    page = NUMBERS / f"{name}.md"
    before, begin, rest = page.read_text().partition(f"<!-- {name}:begin -->")
    _, end, after = rest.partition(f"<!-- {name}:end -->")
    if not end:
        sys.exit(f"{page}: no <!-- {name}:begin --> and <!-- {name}:end -->")
    fresh = page.with_name(f"{page.name}.new")
    fresh.write_text(f"{before}{begin}\n{text}{end}{after}")
    fresh.replace(page)
