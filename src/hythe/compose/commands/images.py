"""`hythe compose images`: the images of the containers."""

from __future__ import annotations

from typing import Any

from hythe.base.ids import short
from hythe.base.units import human_size
from hythe.client.images import split_tag
from hythe.compose.arguments import Parser
from hythe.compose.session import Session
from hythe.compose.table import formatted


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("images", "[OPTIONS] [SERVICE...]", "List the images that the containers use.")
    parser.flag("-q", "--quiet", help="ids only")
    parser.text("--format", metavar="HOW", default="table", help="table or json")
    parser.services()
    options = parser.parse_args(argv)
    project = session.project_or_name()
    rows: list[list[str]] = []
    objects: list[dict[str, Any]] = []
    for one in session.containers(project, options.services):
        image = session.client.images.inspect(one.summary.get("ImageID") or one.image)
        repository, tag = split_tag(one.image)
        size = int(image.get("Size", 0))
        rows.append([one.name, repository, tag or "latest", short(image["Id"]), human_size(size)])
        objects.append(
            {"ID": image["Id"], "ContainerName": one.name, "Repository": repository, "Tag": tag, "Size": size}
        )
    if options.quiet:
        for identity in dict.fromkeys(one["ID"] for one in objects):
            session.out(short(identity))
        return 0
    session.out(
        formatted(options.format, ("CONTAINER", "REPOSITORY", "TAG", "IMAGE ID", "SIZE"), rows, objects)
    )
    return 0
