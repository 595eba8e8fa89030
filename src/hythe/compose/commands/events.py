"""`hythe compose events`: what happens to the project's containers, as it happens."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

from hythe.client.when import moment
from hythe.compose import naming
from hythe.compose.arguments import Parser
from hythe.compose.session import Session


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("events", "[OPTIONS] [SERVICE...]", "Print the containers' events as they happen.")
    parser.flag("--json", help="an object a line")
    parser.text("--since", metavar="TIME", help="from there on")
    parser.text("--until", metavar="TIME", help="no longer than this")
    parser.services()
    options = parser.parse_args(argv)
    project = session.project_or_name()
    filters = {"type": ["container"], "label": [f"{naming.PROJECT}={project.name}"]}
    since, until = (moment(text) for text in (options.since, options.until))
    for event in session.client.events(since=since, until=until, filters=filters):
        actor = event.get("Actor") or {}
        attributes = dict(actor.get("Attributes") or {})
        service = attributes.get(naming.SERVICE, "")
        if options.services and service not in options.services:
            continue
        rest = {key: text for key, text in attributes.items() if not key.startswith("com.docker.compose.")}
        moment = datetime.fromtimestamp(event.get("timeNano", 0) / 10**9, UTC).isoformat()
        action = event.get("Action", "")
        if options.json:
            said = {
                "time": moment, "type": "container", "service": service, "id": actor.get("ID", ""),
                "action": action, "attributes": rest,
            }  # fmt: skip
            session.out(json.dumps(said))
        else:
            details = ", ".join(f"{key}={text}" for key, text in sorted(rest.items()))
            session.out(f"{moment} container {action} {actor.get('ID', '')} ({details})")
        sys.stdout.flush()
    return 0
