"""Removing what nothing uses: `hythe container|image|network|volume|builder|system prune`."""

from __future__ import annotations

import sys
from typing import Any

from hythe.base.units import human_size
from hythe.cli.failure import Reported
from hythe.cli.parsing import Parser, filters
from hythe.cli.session import Session
from hythe.errors import InvalidArgument

Json = dict[str, Any]


def containers(session: Session, argv: list[str]) -> int:
    options = _parser(session, "Remove all stopped containers.").options(argv)
    _confirm(options, "This removes all stopped containers.")
    answer = session.client.containers.prune(filters(options.filter))
    _report(session, "Deleted Containers:", answer.get("ContainersDeleted"))
    return _total(session, answer)


def images(session: Session, argv: list[str]) -> int:
    parser = _parser(session, "Remove images without a name; with --all, all that no container uses.")
    parser.flag("-a", "--all", help="named ones too, if no container uses them")
    options = parser.options(argv)
    which = "images that no container uses" if options.all else "images without a name"
    _confirm(options, f"This removes all {which}.")
    answer = session.client.images.prune(_image_filters(options))
    _report(session, "Deleted Images:", _image_lines(answer))
    return _total(session, answer)


def networks(session: Session, argv: list[str]) -> int:
    options = _parser(session, "Remove networks that no container uses.").options(argv)
    _confirm(options, "This removes all networks of your own that no container uses.")
    answer = session.client.networks.prune(filters(options.filter))
    _report(session, "Deleted Networks:", answer.get("NetworksDeleted"))
    return 0


def volumes(session: Session, argv: list[str]) -> int:
    parser = _parser(session, "Remove anonymous volumes that no container uses; with --all, named ones too.")
    parser.flag("-a", "--all", help="named ones too")
    options = parser.options(argv)
    which = "volumes" if options.all else "anonymous volumes"
    _confirm(options, f"This removes all {which} that no container uses, with what is in them.")
    wanted = {**filters(options.filter), **({"all": ["true"]} if options.all else {})}
    answer = session.client.volumes.prune(wanted)
    _report(session, "Deleted Volumes:", answer.get("VolumesDeleted"))
    return _total(session, answer)


def builds(session: Session, argv: list[str]) -> int:
    parser = _parser(session, "Remove the build cache.")
    parser.flag("-a", "--all", help="also what recent builds used")
    options = parser.options(argv)
    _confirm(options, "This removes the build cache.")
    return _total(
        session, session.client.build_prune(everything=options.all, filters=filters(options.filter))
    )


def system(session: Session, argv: list[str]) -> int:
    parser = _parser(session, "Remove everything that nothing uses.")
    parser.flag("-a", "--all", help="images with a name too, if no container uses them")
    parser.flag("--volumes", help="anonymous volumes too")
    options = parser.options(argv)
    extra = ", anonymous volumes" if options.volumes else ""
    _confirm(options, f"This removes stopped containers, unused networks and images, build cache{extra}.")
    client, wanted = session.client, filters(options.filter)
    stopped = client.containers.prune(wanted)
    _report(session, "Deleted Containers:", stopped.get("ContainersDeleted"))
    _report(session, "Deleted Networks:", client.networks.prune(wanted).get("NetworksDeleted"))
    answers = [stopped]
    if options.volumes:
        answers.append(client.volumes.prune(wanted))
        _report(session, "Deleted Volumes:", answers[-1].get("VolumesDeleted"))
    answers.append(client.images.prune(_image_filters(options)))
    _report(session, "Deleted Images:", _image_lines(answers[-1]))
    answers.append(client.build_prune(everything=options.all))
    return _total(session, {"SpaceReclaimed": sum(answer.get("SpaceReclaimed") or 0 for answer in answers)})


def _parser(session: Session, summary: str) -> Parser:
    parser = Parser(session, "prune", "[OPTIONS]", summary)
    parser.flag("-f", "--force", help="do not ask")
    parser.many("--filter", metavar="NAME=VALUE", help="only those, e.g. until=24h, label=a")
    return parser


def _confirm(options: Any, what: str) -> None:
    if options.force:
        return
    if not sys.stdin.isatty():
        raise InvalidArgument(
            f"{what} Nobody can be asked: standard input is not a terminal", hint="add --force"
        )
    sys.stderr.write(f"{what}\nAre you sure? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Reported(0)


def _image_filters(options: Any) -> dict[str, list[str]]:
    return {**filters(options.filter), "dangling": ["false" if options.all else "true"]}


def _image_lines(answer: Json) -> list[str]:
    entries = answer.get("ImagesDeleted") or []
    return [f"{verb.lower()}: {what}" for entry in entries for verb, what in entry.items() if what]


def _report(session: Session, title: str, names: list[str] | None) -> None:
    if names:
        session.out("\n".join([title, *names, ""]))


def _total(session: Session, answer: Json) -> int:
    session.out(f"Total reclaimed space: {human_size(answer.get('SpaceReclaimed') or 0)}")
    return 0
