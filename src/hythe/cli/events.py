"""`hythe events`."""

from __future__ import annotations

import time
from typing import Any, Final

from hythe.cli.parsing import Parser, filters
from hythe.cli.session import Session
from hythe.client.when import moment

_OLD: Final = ("status", "id", "from")
Json = dict[str, Any]


def events(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "events", "[OPTIONS]", "Show what happens, as it happens.")
    parser.many("-f", "--filter", metavar="NAME=VALUE", help="only those, e.g. event=die, container=web")
    parser.text("--since", metavar="TIME", help="also what happened from then on")
    parser.text("--until", metavar="TIME", help="end then")
    parser.text("--format", metavar="FORMAT", help="json, or a template")
    options = parser.options(argv)
    show = _shower(options.format)
    stream = session.client.events(
        since=moment(options.since), until=moment(options.until), filters=filters(options.filter)
    )
    for event in stream:
        session.out(show(event))
        session.flush()
    return 0


def _shower(form: str | None) -> Any:
    from hythe.cli.format.values import to_json

    if not form:
        return _line
    if form == "json":
        return lambda event: to_json(_ordered(event))
    from hythe.cli.format.go_names import GoNames
    from hythe.cli.format.template import Template

    template = Template(form)
    return lambda event: template.render(GoNames(_ordered(event)))


def _ordered(event: Json) -> Json:
    """In the order of docker's client."""
    actor = dict(event.get("Actor") or {})
    actor["Attributes"] = dict(sorted((actor.get("Attributes") or {}).items()))
    return {**{name: event[name] for name in _OLD if name in event}, **event, "Actor": actor}


def _line(event: dict[str, Any]) -> str:
    nanoseconds = event.get("timeNano") or event["time"] * 10**9
    seconds, rest = divmod(nanoseconds, 10**9)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(seconds))
    zone = time.strftime("%z", time.localtime(seconds))
    offset = "Z" if zone == "+0000" else f"{zone[:3]}:{zone[3:]}"
    actor = event.get("Actor") or {}
    attributes = ", ".join(f"{key}={value}" for key, value in sorted((actor.get("Attributes") or {}).items()))
    line = f"{stamp}.{rest:09d}{offset} {event['Type']} {event['Action']} {actor.get('ID', '')}"
    return f"{line} ({attributes})" if attributes else line
