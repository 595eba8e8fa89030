"""The program: `hythe daemon ...` is the daemon, everything else the command line."""

from __future__ import annotations

import sys


def main() -> int:
    """The exit code of the command in sys.argv."""
    argv = sys.argv[1:]
    if argv[:1] == ["daemon"]:
        from hythe.daemon.main import main as daemon

        return int(daemon(argv[1:]) or 0)
    from hythe.cli.main import main as cli

    return cli(argv)


if __name__ == "__main__":
    sys.exit(main())
