"""`hythe compose config`: check the file, and print what it comes to."""

from __future__ import annotations

import json
import sys

import yaml

from hythe.compose import naming, render
from hythe.compose.arguments import Parser, UsageProblem
from hythe.compose.bringup import hash_of
from hythe.compose.model import Project
from hythe.compose.session import Session


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("config", "[OPTIONS] [SERVICE...]", "Check the file, and print what it comes to.")
    parser.add_argument("--services", dest="names", action="store_true", help="names of the services")
    for name in ("volumes", "networks", "profiles", "images", "environment"):
        parser.flag(f"--{name}", help=f"the {name}")
    parser.flag("-q", "--quiet", help="check only")
    parser.text("--hash", metavar="SERVICE", help='config hashes, of all with "*"')
    parser.text("--format", metavar="HOW", default="yaml", help="yaml or json")
    parser.text("-o", "--output", metavar="FILE", help="write it there")
    parser.refuse("--no-interpolate")
    parser.refuse("--resolve-image-digests")
    parser.refuse("--variables")
    parser.services()
    options = parser.parse_args(argv)
    if options.format not in ("yaml", "json"):
        raise UsageProblem(f"invalid --format {options.format!r}", hint="use yaml or json")
    project = session.project(options.services)
    if options.quiet:
        return 0
    listed = _listed(project, options)
    text = "".join(f"{line}\n" for line in listed) if listed is not None else _whole(project, options)
    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            file.write(text)
    else:
        sys.stdout.write(text)
    return 0


def _listed(project: Project, options: object) -> list[str] | None:
    """The lines of --services and the like; None where the whole project is wanted."""
    asked = vars(options)
    services = project.services.values()
    if asked["names"]:
        return list(project.services)
    if asked["volumes"]:
        return list(project.volumes)
    if asked["networks"]:
        return list(project.networks)
    if asked["profiles"]:
        every = [*services, *project.disabled.values()]
        return sorted({profile for one in every for profile in one.profiles})
    if asked["images"]:
        return [naming.image(project, one) for one in services]
    if asked["environment"]:
        return [f"{key}={value}" for one in services for key, value in one.environment.items()]
    if asked["hash"]:
        wanted = None if asked["hash"] == "*" else asked["hash"].split(",")
        return [f"{one.name} {hash_of(project, one)}" for one in services if not wanted or one.name in wanted]
    return None


def _whole(project: Project, options: object) -> str:
    asked = vars(options)
    whole = render.escaped(render.project(project))
    if asked["services"]:
        whole["services"] = {key: one for key, one in whole["services"].items() if key in asked["services"]}
    if asked["format"] == "json":
        return json.dumps(whole, indent=2) + "\n"
    return yaml.dump(whole, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


class _Dumper(yaml.CSafeDumper):
    """Without anchors, which nobody wrote."""

    def ignore_aliases(self, data: object) -> bool:
        return True
