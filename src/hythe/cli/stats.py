"""`hythe stats`: what containers use, live. One thread a container reads its stream; this one draws."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from hythe.cli.format import table
from hythe.cli.format.usage import COLUMNS, DEFAULT, row
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.errors import HytheError

if TYPE_CHECKING:
    from hythe.client import Client

_CLEAR: Final = "\x1b[H\x1b[2J"

Json = dict[str, Any]
Sample = tuple[str, Json | HytheError | None]


def stats(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "stats", "[OPTIONS] [CONTAINER...]", "Show what containers use.")
    parser.flag("-a", "--all", help="stopped ones too")
    parser.flag("--no-stream", help="once only")
    parser.flag("--no-trunc", help="do not cut ids short")
    parser.text("--format", metavar="FORMAT", help="json, or a template")
    parser.add_argument("containers", nargs="*", metavar="CONTAINER")
    options = parser.options(argv)
    options.format = session.format(options.format, "statsFormat")
    names = options.containers or [one["Id"] for one in session.client.containers.list(options.all)]
    samples = _begin(session.client, names, stream=not options.no_stream)
    if options.no_stream:
        return _once(session, samples, names, options)
    return _live(session, samples, names, options)


def _begin(client: Client, names: Sequence[str], *, stream: bool) -> SimpleQueue[Sample]:
    """A queue of (name, sample); an error or None is the last one of a name."""
    samples: SimpleQueue[Sample] = SimpleQueue()

    def follow(name: str) -> None:
        try:
            for sample in client.containers.stats(name, stream=stream):
                samples.put((name, sample))
        except HytheError as error:
            samples.put((name, error))
            return
        samples.put((name, None))

    for name in names:
        threading.Thread(target=follow, args=(name,), daemon=True).start()
    return samples


def _once(session: Session, samples: SimpleQueue[Sample], names: Sequence[str], options: Any) -> int:
    latest: dict[str, Json] = {}
    waiting = set(names)
    while waiting:
        name, sample = samples.get()
        if isinstance(sample, HytheError):
            raise sample
        if sample is None:
            waiting.discard(name)
        else:
            latest[name] = sample
    _show(session, {name: latest[name] for name in names if name in latest}, options)
    return 0


def _live(session: Session, samples: SimpleQueue[Sample], names: Sequence[str], options: Any) -> int:
    latest: dict[str, Json] = {}
    waiting = set(names)
    drawn = sys.stdout.isatty() and not options.format
    while waiting:
        name, sample = samples.get()
        if isinstance(sample, HytheError):
            raise sample
        if sample is None:
            waiting.discard(name)
            latest.pop(name, None)
        else:
            latest[name] = sample
        if samples.empty():
            session.out(_CLEAR if drawn else "")
            _show(session, {name: latest[name] for name in names if name in latest}, options)
            session.flush()
    return 0


def _show(session: Session, latest: Mapping[str, Json], options: Any) -> None:
    rows = [
        row(sample, name if options.containers else "", whole=options.no_trunc)
        for name, sample in latest.items()
    ]
    table.show(rows, COLUMNS, default=DEFAULT, form=options.format, out=session.out)
