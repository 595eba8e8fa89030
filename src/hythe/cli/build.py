"""`hythe build`."""

from __future__ import annotations

import os
import sys
from typing import Any

from hythe.base.units import parse_size
from hythe.cli import failure
from hythe.cli.format.progress import printer
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.client.config.environment import labels
from hythe.client.config.limits import extra_host, memory, ulimit
from hythe.client.credentials import Credentials
from hythe.client.images import StepFailed
from hythe.errors import InvalidArgument, SystemProblem

_REFUSED = (
    "--secret --ssh --output -o --cache-to --allow --attest --builder --metadata-file --sbom --provenance"
)


def build(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "build", "[OPTIONS] DIRECTORY|-", "Build an image from a Dockerfile.")
    _flags(parser)
    options = parser.options(argv)
    from hythe.client.context import open_context

    context = open_context(options.context, options.file, sys.stdin.buffer)
    query = {**_query(options), "dockerfile": context.dockerfile}
    query["buildargs"] = {**session.proxies(query["buildargs"]), **query["buildargs"]}
    show = printer(options.progress, quiet=options.quiet)
    identity = ""
    try:
        for message in session.client.images.build(context.body, query, auths=Credentials().all()):
            identity = (message.get("aux") or {}).get("ID", identity)
            show.message(message)
    except StepFailed as error:
        show.failed()
        return failure.report(error, error.code)
    except BaseException:
        show.failed()
        raise
    show.done()
    if options.iidfile:
        _write(options.iidfile, identity)
    if options.quiet:
        session.out(identity)
    return 0


def _flags(parser: Parser) -> None:
    parser.many("-t", "--tag", metavar="NAME[:TAG]", help="name of the image")
    parser.text("-f", "--file", metavar="FILE", help="the Dockerfile; - is standard input")
    parser.many("--build-arg", metavar="NAME[=VALUE]", help="value of an ARG")
    parser.text("--target", metavar="STAGE", help="build up to this stage")
    parser.flag("--no-cache", help="take nothing from the cache")
    parser.flag("--pull", help="fetch base images even if they are here")
    parser.flag("-q", "--quiet", help="print the image's id only")
    parser.many("--label", metavar="NAME=VALUE", help="label of the image")
    parser.text("--network", metavar="NAME", help="network of RUN")
    parser.text("--platform", metavar="OS/ARCH", help="of the image")
    parser.many("--add-host", metavar="NAME:ADDRESS", help="entry in /etc/hosts for RUN")
    parser.text("--iidfile", metavar="FILE", help="write the image's id there")
    parser.text("--progress", metavar="HOW", default="auto", help="auto, plain, tty, rawjson")
    parser.text("-m", "--memory", metavar="SIZE", help="memory limit of RUN")
    parser.text("--shm-size", metavar="SIZE", help="size of /dev/shm for RUN")
    parser.many("--ulimit", metavar="NAME=SOFT[:HARD]", help="resource limit of RUN")
    parser.text("--memory-swap", metavar="SIZE", help="memory and swap of RUN together; -1: no limit")
    parser.number("-c", "--cpu-shares", help="weight of RUN beside others, 1024 is usual")
    parser.number("--cpu-quota", help="microseconds of CPU for RUN in each period")
    parser.number("--cpu-period", help="length of the period in microseconds")
    parser.text("--cpuset-cpus", metavar="LIST", help="which CPUs RUN may use, such as 0-2,4")
    parser.text("--cpuset-mems", metavar="LIST", help="which memory nodes")
    parser.text("--cgroup-parent", metavar="NAME", help="cgroup that those of RUN are made in")
    parser.many("--security-opt", metavar="OPTION", help="security option of RUN")
    parser.many("--cache-from", metavar="IMAGE", help="may serve as cache")
    parser.accept("--rm", "--force-rm", value=False, why="containers of steps are always removed")
    parser.accept("--load", value=False, why="the image is always loaded")
    parser.accept("--compress", value=False, why="the context is sent as it is")
    parser.accept("--disable-content-trust", value=False, why="there is no content trust")
    parser.accept("--isolation", why="Linux has one way")
    parser.refuse(*_REFUSED.split(), why="leave it out")
    parser.refuse("--squash", value=False, why="copy the result into a last stage: COPY --from")
    parser.refuse("--push", value=False, why="push it afterwards: hythe push NAME")
    parser.add_argument("context", metavar="DIRECTORY")


def _query(options: Any) -> dict[str, Any]:
    if options.progress not in ("auto", "plain", "tty", "rawjson"):
        raise InvalidArgument(
            f"invalid --progress {options.progress!r}", hint="use auto, plain, tty or rawjson"
        )
    return {
        "t": options.tag, "buildargs": _arguments(options.build_arg),
        "labels": labels(options.label),
        "target": options.target, "nocache": options.no_cache, "pull": options.pull or None, "rm": True,
        "networkmode": options.network, "platform": options.platform or os.environ.get("DOCKER_DEFAULT_PLATFORM"),
        "extrahosts": [extra_host(text) for text in options.add_host],
        "memory": parse_size(options.memory) if options.memory else None,
        "shmsize": parse_size(options.shm_size) if options.shm_size else None,
        "ulimits": _json([ulimit(text) for text in options.ulimit]),
        "cachefrom": _json(options.cache_from),
        "memswap": memory(options.memory_swap) if options.memory_swap else None,
        "cpushares": options.cpu_shares, "cpuquota": options.cpu_quota, "cpuperiod": options.cpu_period,
        "cpusetcpus": options.cpuset_cpus, "cpusetmems": options.cpuset_mems,
        "cgroupparent": options.cgroup_parent, "securityopt": _json(options.security_opt),
    }  # fmt: skip


def _arguments(texts: list[str]) -> dict[str, str | None]:
    """A name without "=" takes its value from our environment; None leaves the Dockerfile's default."""
    result: dict[str, str | None] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name:
            raise InvalidArgument(f"invalid build argument {text!r}: no name", hint="write NAME=value")
        result[name] = value if equals else os.environ.get(name)
    return result


def _json(values: list[Any]) -> str | None:
    import json

    return json.dumps(values) if values else None


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    except OSError as error:
        raise SystemProblem(f"cannot write {path}: {error.strerror}") from error
