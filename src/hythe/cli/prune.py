"""Removing what nothing uses: `hythe container|image|network|volume|builder|system prune`."""

from __future__ import annotations

import sys
from typing import Any

from hythe.base.units import human_size, parse_size
from hythe.cli.failure import Reported
from hythe.cli.parsing import Parser, filters
from hythe.cli.session import Session
from hythe.errors import InvalidArgument

Json = dict[str, Any]


def containers(session: Session, argv: list[str]) -> int:
    options = _parser(session, "Remove all stopped containers.").options(argv)
    _confirm(session, options, "all stopped containers.")
    answer = session.client.containers.prune(filters(options.filter))
    _report(session, "Deleted Containers:", answer.get("ContainersDeleted"))
    return _total(session, answer)


def images(session: Session, argv: list[str]) -> int:
    parser = _parser(session, "Remove images without a name; with --all, all that no container uses.")
    parser.flag("-a", "--all", help="named ones too, if no container uses them")
    options = parser.options(argv)
    which = "images without at least one container associated to them" if options.all else "dangling images"
    _confirm(session, options, f"all {which}.")
    answer = session.client.images.prune(_image_filters(options))
    _report(session, "Deleted Images:", _image_lines(answer))
    return _total(session, answer)


def networks(session: Session, argv: list[str]) -> int:
    options = _parser(session, "Remove networks that no container uses.").options(argv)
    _confirm(session, options, "all custom networks not used by at least one container.")
    answer = session.client.networks.prune(filters(options.filter))
    _report(session, "Deleted Networks:", answer.get("NetworksDeleted"))
    return 0


def volumes(session: Session, argv: list[str]) -> int:
    parser = _parser(session, "Remove anonymous volumes that no container uses; with --all, named ones too.")
    parser.flag("-a", "--all", help="named ones too")
    options = parser.options(argv)
    old = session.client.older_than(1, 42)  # that knew no anonymous volumes
    which = "all local volumes" if options.all or old else "anonymous local volumes"
    _confirm(session, options, f"{which} not used by at least one container.")
    wanted = {**filters(options.filter), **({"all": ["true"]} if options.all and not old else {})}
    answer = session.client.volumes.prune(wanted)
    _report(session, "Deleted Volumes:", answer.get("VolumesDeleted"))
    return _total(session, answer)


def builds(session: Session, argv: list[str]) -> int:
    parser = _parser(session, "Remove the build cache.")
    parser.flag("-a", "--all", help="also what recent builds used")
    parser.text("--keep-storage", metavar="SIZE", help="leave that much of it")
    options = parser.options(argv)
    _confirm(session, options, f"all {'' if options.all else 'dangling '}build cache.", asked_at_once=True)
    answer = session.client.build_prune(
        everything=options.all, filters=filters(options.filter),
        keep=parse_size(options.keep_storage) if options.keep_storage else None,
    )  # fmt: skip
    _report(session, "Deleted build cache objects:", answer.get("CachesDeleted"))
    return _total(session, answer)


def system(session: Session, argv: list[str]) -> int:
    parser = _parser(session, "Remove everything that nothing uses.")
    parser.flag("-a", "--all", help="images with a name too, if no container uses them")
    parser.flag("--volumes", help="anonymous volumes too")
    options = parser.options(argv)
    if options.volumes and "until" in filters(options.filter):
        raise InvalidArgument(
            'the "until" filter is not supported with --volumes', hint="leave one of them out"
        )
    _confirm(session, options, _everything(options))
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


def _everything(options: Any) -> str:
    kinds = ["all stopped containers", "all networks not used by at least one container"]
    if options.volumes:
        kinds.append("all anonymous volumes not used by at least one container")
    unused = "all images without at least one container associated to them"
    kinds.append(unused if options.all else "all dangling images")
    kinds.append("all build cache" if options.all else "unused build cache")
    only = [f"\n\n  Items to be pruned will be filtered with:\n  - {', '.join(options.filter)}"]
    return ":" + "".join(f"\n  - {kind}" for kind in kinds) + "".join(only if options.filter else []) + "\n"


def _confirm(session: Session, options: Any, what: str, *, asked_at_once: bool = False) -> None:
    """In docker's words and on its stream, for programs that answer it."""
    if options.force:
        return
    space = "" if what.startswith(":") else " "
    sys.stdout.write(f"WARNING! This will remove{space}{what}{' ' if asked_at_once else chr(10)}")
    sys.stdout.write("Are you sure you want to continue? [y/N] ")
    session.flush()
    answer = sys.stdin.readline()
    if not answer.endswith("\n") and not answer:
        raise InvalidArgument("nobody can be asked: the input is at its end", hint="add --force")
    if answer.strip().lower() != "y":
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
    session.out(f"Total reclaimed space: {human_size(answer.get('SpaceReclaimed') or 0, 4)}")
    return 0
