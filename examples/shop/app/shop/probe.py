"""A health check for images without curl: `python -m shop.probe URL` ends with 0 if URL answers with 2xx."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request


def main() -> int:
    """The exit code."""
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=4):
            return 0
    except urllib.error.URLError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
