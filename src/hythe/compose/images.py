"""Images of the services: which are here, pulling those that are missing, building the others."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hythe.client import Client
from hythe.client.context import Context, open_context
from hythe.client.credentials import Credentials
from hythe.compose import naming
from hythe.compose.graph import run
from hythe.compose.model import Build, Project, Service
from hythe.compose.progress import Progress
from hythe.errors import HytheError, NotFound

Json = dict[str, Any]


@dataclass(frozen=True)
class BuildFlags:
    """What the command line adds to every build."""

    no_cache: bool = False
    pull: bool = False
    args: Mapping[str, str | None] | None = None
    quiet: bool = False


class Images:
    """Works on one project."""

    def __init__(self, client: Client, project: Project, progress: Progress) -> None:
        self._client, self._project, self._progress = client, project, progress

    def ensure(
        self, services: Iterable[Service], *, build: bool | None = None, pull: str | None = None
    ) -> None:
        """Have an image for every service. `build`: True always builds, False never; `pull`: as pull_policy."""
        to_build, to_pull = [], []
        for service in services:
            policy = pull or service.pull_policy or "missing"
            if service.build is not None and (build or (policy == "build" and build is not False)):
                to_build.append(service)
            elif policy == "always" and service.image is not None and service.build is None:
                to_pull.append(service)
            elif not self._client.images.exists(naming.image(self._project, service)):
                if service.build is not None and build is not False:
                    to_build.append(service)
                elif service.image is None or policy == "never":
                    raise self._missing(service)
                else:
                    to_pull.append(service)
        self.pull(to_pull)
        self.build(to_build, BuildFlags())

    def id(self, service: Service) -> str | None:
        """The id of its image, if it is here."""
        try:
            return str(self._client.images.inspect(naming.image(self._project, service))["Id"])
        except NotFound:
            return None

    def pull(self, services: Iterable[Service], *, ignore_failures: bool = False) -> None:
        """Fetch the images, each once, in parallel."""
        names = {naming.image(self._project, one): one for one in services}

        def messages(name: str) -> Iterable[Mapping[str, Any]]:
            auth = Credentials().for_image(name)
            return self._client.images.pull(name, platform=names[name].platform, auth=auth)

        def fetch(name: str) -> None:
            self._transfer(name, "Pull", messages, ignore_failures=ignore_failures)

        if names:
            with ThreadPoolExecutor(4) as pool:
                for future in [pool.submit(fetch, name) for name in names]:
                    future.result()

    def push(self, services: Iterable[Service], *, ignore_failures: bool = False) -> None:
        """Send the images to their registries, each once."""

        def messages(name: str) -> Iterable[Mapping[str, Any]]:
            return self._client.images.push(name, auth=Credentials().for_image(name))

        for name in dict.fromkeys(naming.image(self._project, one) for one in services):
            self._transfer(name, "Push", messages, ignore_failures=ignore_failures)

    def _transfer(
        self,
        name: str,
        verb: str,
        messages: Callable[[str], Iterable[Mapping[str, Any]]],
        *,
        ignore_failures: bool,
    ) -> None:
        """Show what `messages` tells of one image on its way."""
        self._progress.show(f"Image {name}", f"{verb}ing")
        try:
            for message in messages(name):
                if message.get("status"):
                    self._progress.show(f"Image {name}", f"{verb}ing", str(message["status"]))
        except HytheError as error:
            self._progress.show(f"Image {name}", "Error")
            if not ignore_failures:
                raise
            self._progress.say(f"warning: {name}: {error}")
            return
        self._progress.show(f"Image {name}", f"{verb}ed")

    def build(self, services: Iterable[Service], flags: BuildFlags) -> None:
        """Build the images, those that others begin with first; two builds at a time."""
        distinct = {(naming.image(self._project, one), repr(one.build)): one for one in services if one.build}
        wanted = {one.name: one for one in distinct.values()}
        images = {naming.image(self._project, one): name for name, one in wanted.items()}
        graph = {
            name: [images[base] for base in _bases(one.build) if images.get(base, name) != name]
            for name, one in wanted.items()
        }
        if wanted:
            run(graph, lambda name: self._build(wanted[name], flags, several=len(wanted) > 1), workers=2)

    def _build(self, service: Service, flags: BuildFlags, *, several: bool) -> None:
        build = service.build
        assert build is not None
        name = naming.image(self._project, service)
        thing = f"Image {name}"
        self._progress.show(thing, "Building")
        show = _output(service.name if several else "", self._progress, quiet=flags.quiet)
        context = _context(build)
        options = {**_options(build, service, name, flags), "dockerfile": context.dockerfile}
        output: list[str] = []
        try:
            for message in self._client.images.build(context.body, options, auths=Credentials().all()):
                text = str(message.get("stream") or message.get("status") or "")
                output.append(text)
                show(text)
        except HytheError:
            self._progress.show(thing, "Error")
            if flags.quiet:
                sys.stderr.write("".join(output))
            raise
        self._progress.show(thing, "Built")

    def _missing(self, service: Service) -> NotFound:
        name = naming.image(self._project, service)
        hint = (
            "leave --no-build out, or run: hythe compose build" if service.build else "pull_policy is never"
        )
        return NotFound(f"service {service.name!r}: there is no image {name}", hint=hint)


def _context(build: Build) -> Context:
    if build.dockerfile_inline is not None:
        return open_context(build.context, "-", io.BytesIO(build.dockerfile_inline.encode()))
    where = Path(build.context) / build.dockerfile
    return open_context(build.context, str(where), io.BytesIO())


def _options(build: Build, service: Service, name: str, flags: BuildFlags) -> Json:
    labels = dict(build.labels)
    limits = [{"Name": key, "Soft": one.soft, "Hard": one.hard} for key, one in build.ulimits.items()]
    return {
        "t": [name, *build.tags],
        "buildargs": {**build.args, **(flags.args or {})},
        "labels": labels,
        "target": build.target,
        "nocache": build.no_cache or flags.no_cache,
        "pull": (build.pull or flags.pull) or None,
        "rm": True,
        "networkmode": build.network,
        "extrahosts": list(build.extra_hosts),
        "shmsize": build.shm_size,
        "ulimits": json.dumps(limits) if limits else None,
        "cachefrom": json.dumps(list(build.cache_from)) if build.cache_from else None,
        "platform": build.platforms[0] if build.platforms else service.platform,
    }


def _bases(build: Build | None) -> list[str]:
    """The images that a Dockerfile names in FROM, as far as they are written out."""
    if build is None:
        return []
    text = build.dockerfile_inline
    if text is None:
        try:
            text = (Path(build.context) / build.dockerfile).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []  # the build itself will say so, with its place
    words = [line.split() for line in text.splitlines() if line.lstrip().upper().startswith("FROM ")]
    return [next((word for word in line[1:] if not word.startswith("--")), "") for line in words]


def _output(prefix: str, progress: Progress, *, quiet: bool) -> Callable[[str], None]:
    """Where a build's output goes: whole lines, with the service's name where there are several builds."""
    if quiet:
        return lambda text: None
    rest = [""]

    def show(text: str) -> None:
        *lines, rest[0] = (rest[0] + text).split("\n")
        for line in lines:
            progress.say(f"{prefix} | {line}" if prefix else line)

    return show
