"""`hythe image bootstrap NAME...`: base images where no registry is in reach.

What is named is made, and before it what it is built on, unless the engine has it already. A root file
system becomes an image by the engine's import call, a Dockerfile by its build call: this works with any
engine that speaks the Docker API. How a file system is made is in `bootstrap_debian` and
`bootstrap_busybox`; what there is, in `bootstrap_catalogue`.
"""

from __future__ import annotations

import io
import os
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, Protocol

from hythe.cli import bootstrap_busybox, bootstrap_catalogue, bootstrap_debian, bootstrap_mirror
from hythe.cli.bootstrap_catalogue import Recipe
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.errors import HytheError, InvalidArgument, SystemProblem

_PROXIES: Final = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_LAST_LINES: Final = 15


class Images(Protocol):
    """What is needed of `hythe.client.images.Images`."""

    def exists(self, ref: str) -> bool: ...
    def tag(self, ref: str, name: str) -> None: ...
    def build(self, context: bytes, options: Mapping[str, object]) -> Iterable[dict[str, Any]]: ...
    def import_(
        self, archive: bytes | IO[bytes], name: str = "", *, message: str | None = None,
        changes: Sequence[str] = (),
    ) -> Iterable[dict[str, Any]]: ...  # fmt: skip


def bootstrap(session: Session, argv: list[str]) -> int:
    """Make the images named in `argv`; gives the exit code."""
    options = _parser(session).options(argv)
    if options.list:
        print("\n".join(bootstrap_catalogue.table()))
        return 0
    if not options.names:
        raise InvalidArgument("name the image to make", hint="see hythe image bootstrap --list")
    wanted = [bootstrap_catalogue.find(name) for name in options.names]
    make(wanted, session.client.images, options)
    return 0


def make(wanted: Sequence[Recipe], images: Images, options: Any) -> None:
    """Make these, and what they are built on, as far as they are not there."""
    maker = Maker(images, options)
    for recipe in bootstrap_catalogue.order(wanted):
        if images.exists(recipe.name) and not (options.refresh and recipe in wanted):
            maker.say(f"{recipe.name}: is here already")
            continue
        maker.make(recipe)


def _parser(session: Session) -> Parser:
    summary = "Make base images from the distribution's own packages, without a registry."
    parser = Parser(session, "bootstrap", "[OPTIONS] NAME...", summary)
    parser.flag("--list", help="list the images that can be made")
    parser.flag("--refresh", help="make the named images again although they exist")
    parser.text("--from-mirror", metavar="URL", help="Debian mirror (the one that this machine's apt uses)")
    parser.text("--security-mirror", metavar="URL", help='its security archive (beside it); "" for none')
    parser.flag("--no-host-certificates", help="leave out this machine's own certificate authorities")
    parser.text("--network", metavar="NAME", help="network of the steps that build on a base image")
    parser.flag("--verbose", help="show all output")
    parser.flag("-q", "--quiet", help="show errors only")
    parser.add_argument("names", metavar="NAME", nargs="*")
    return parser


class Maker:
    """Makes one recipe after another. Progress goes to standard error; nothing is drawn over."""

    def __init__(self, images: Images, options: Any) -> None:
        self._images = images
        self._options = options

    def say(self, text: str) -> None:
        if not self._options.quiet:
            print(text, file=sys.stderr, flush=True)

    def make(self, recipe: Recipe) -> None:
        begun = time.monotonic()
        kinds: dict[str, Callable[[Recipe], None]] = {
            "debian": self._debian,
            "busybox": self._busybox,
            "dockerfile": self._dockerfile,
        }
        kinds[recipe.kind](recipe)
        for name in recipe.names[1:]:
            self._images.tag(recipe.name, name)
        self.say(f"{recipe.name}: made in {time.monotonic() - begun:.1f} s")

    def _debian(self, recipe: Recipe) -> None:
        options = self._options
        if options.from_mirror:
            mirror = bootstrap_mirror.named(options.from_mirror, options.security_mirror)
        else:
            mirror = bootstrap_mirror.of_host(recipe.source)
        certificates = None if options.no_host_certificates else bootstrap_debian.host_certificates()
        request = bootstrap_debian.Request(
            recipe.source, mirror, bootstrap_catalogue.folder("debian"), bootstrap_debian.cache_folder(),
            certificates, options.verbose,
        )  # fmt: skip
        self.say(f"{recipe.name}: {bootstrap_debian.tool()} from {mirror.archive}, which takes about 20 s")
        if certificates:
            self.say(f"{recipe.name}: with this machine's certificate authorities ({certificates})")
        with tempfile.TemporaryDirectory(prefix="hythe-bootstrap-") as scratch:
            target = Path(scratch) / "root.tar"
            bootstrap_debian.make(request, target)
            with target.open("rb") as file:
                self._import(recipe, file, bootstrap_debian.CHANGES)

    def _busybox(self, recipe: Recipe) -> None:
        content, made = bootstrap_busybox.program()
        names = bootstrap_busybox.tools(content)
        self.say(f"{recipe.name}: {len(names)} tools from Debian's busybox-static")
        archive = bootstrap_busybox.archive(content, names, made)
        self._import(recipe, io.BytesIO(archive), bootstrap_busybox.CHANGES)

    def _import(self, recipe: Recipe, archive: IO[bytes], changes: Sequence[str]) -> None:
        message = f"hythe image bootstrap {recipe.name}"
        for _ in self._images.import_(archive, recipe.name, message=message, changes=changes):
            pass

    def _dockerfile(self, recipe: Recipe) -> None:
        self.say(f"{recipe.name}: building on {recipe.base}")
        options = {
            "t": [recipe.name],
            "networkmode": self._options.network,
            "buildargs": {name: os.environ[name] for name in _PROXIES if name in os.environ} or None,
            "rm": True,
        }
        context = pack(bootstrap_catalogue.folder(recipe.source))
        said: list[str] = []
        try:
            for text in _lines(self._images.build(context, options)):
                said.append(text)
                if self._options.verbose or text.startswith("Step "):
                    self.say(f"{recipe.name}: {_short(text)}")
        except HytheError as error:
            end = "".join(f"\n  {line}" for line in said[-_LAST_LINES:])
            problem = f"cannot build {recipe.name}: {error.message}{end}"
            raise SystemProblem(problem, hint=error.hint or "all output: --verbose") from error


def _short(text: str, width: int = 100) -> str:
    """A step on one line: an instruction may go over many."""
    words = " ".join(text.split())
    return words if len(words) <= width else words[: width - 3] + "..."


def pack(folder: Path) -> bytes:
    """A build context from a directory, the same bytes whoever owns the files and whenever they were copied.

    Scripts ("#!") are made executable: an installation from a wheel may have lost that.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(folder.rglob("*")):
            entry = tarfile.TarInfo(str(path.relative_to(folder)))
            if path.is_dir():
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
                continue
            content = path.read_bytes()
            entry.mode, entry.size = 0o755 if content.startswith(b"#!") else 0o644, len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _lines(messages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The text of a build's progress, line by line; a line may come in several messages."""
    rest = ""
    for message in messages:
        *whole, rest = (rest + str(message.get("stream", ""))).split("\n")
        yield from (line for line in whole if line.strip())
    if rest.strip():
        yield rest
