"""`python -m hythe.cli.coverage > docs/cli.md`; a test compares the two."""

from __future__ import annotations

import sys

from hythe.cli.coverage.document import markdown

if __name__ == "__main__":
    sys.stdout.write(markdown())
