"""The builder: a Dockerfile and a context in, an image out.

The file is parsed and every base image found before anything runs, so that a mistake changes nothing. Then
the stages that the target needs are built as they become ready. Layers that steps made stay in the store for
the cache, also when a later step fails.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp

from hythe.build import graph, platform, result, stage
from hythe.build.api import BuildOptions, Executor, Fetch, Progress
from hythe.build.arguments import Scope, unused
from hythe.build.bases import Bases
from hythe.build.cache import Cache
from hythe.build.ignore import Matcher
from hythe.build.ignore import parse as parse_ignore
from hythe.build.origins import Origins
from hythe.build.progress import Reporter
from hythe.build.state import StageState
from hythe.build.syntax.nodes import Arg, Assign, Dockerfile, Instruction
from hythe.build.syntax.parser import parse
from hythe.build.syntax.position import Position, Word
from hythe.build.tree import Tree
from hythe.build.workshop import Workshop
from hythe.errors import HytheError, InvalidArgument, NoSpace, NotFound, SystemProblem
from hythe.store.database import Database
from hythe.store.images import Image, Images

_EPOCH = "SOURCE_DATE_EPOCH"


class Builder:
    """`root` is the builder's own directory: caches of RUN --mount=type=cache, and what is short-lived."""

    def __init__(self, images: Images, database: Database, root: Path, executor: Executor) -> None:
        self._images, self._executor = images, executor
        self.cache = Cache(database, images.snapshots.exists)
        images.spare(self.cache.chains)
        self._caches, self._temporary = root / "mounts", root / "tmp"
        shutil.rmtree(self._temporary, ignore_errors=True)  # of builds that were cut short
        for folder in (self._caches, self._temporary):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def build(
        self, context: Path, options: BuildOptions, progress: Progress, fetch: Fetch | None = None
    ) -> Image:
        """Build `context` (an unpacked directory). Blocks; see `api.py`. `fetch` brings images that are missing.

        Every error is reported to `progress` (errorDetail) and raised: SyntaxProblem and InvalidArgument for
        mistakes, NotFound for a base image, RunFailed, BuildCancelled, NoSpace and SystemProblem.
        """
        reporter = Reporter(progress)
        try:
            with ExitStack() as stack:
                bases = Bases(self._images, fetch, reporter, always=options.pull)
                return self._build(context, options, reporter, bases, stack)
        except HytheError as error:
            reporter.failed(error)
            raise
        except OSError as error:
            kind = NoSpace if error.errno in (errno.ENOSPC, errno.EDQUOT) else SystemProblem
            problem = kind(f"the build failed: {error}")
            reporter.failed(problem)
            raise problem from error

    def _build(
        self, context: Path, options: BuildOptions, reporter: Reporter, bases: Bases, stack: ExitStack
    ) -> Image:
        with Tree.of(context) as tree:
            text = _dockerfile(tree, options)
            ignore = _ignore(tree, options)
        dockerfile = parse(text, options.dockerfile)
        names = [self._images.check_name(name) for name in options.tags]
        target_platform = platform.check(options.platform) if options.platform else platform.host()
        given = {name: value for name, value in options.build_args.items() if value is not None}
        automatic = platform.arguments(target_platform)
        outer = graph.global_arguments(dockerfile.arguments, given, automatic, dockerfile.escape)

        def triggers(image: str, wanted: str) -> Sequence[str]:
            """The ONBUILD lines of an image, which must fit the platform."""
            if wanted:
                platform.check(wanted)
            return result.settings_of(bases.get(image, wanted or options.platform).config).triggers

        plan = graph.plan(dockerfile, options.target, outer, triggers)
        temporary = Path(mkdtemp(dir=self._temporary))
        stack.callback(shutil.rmtree, temporary, ignore_errors=True)
        shop = Workshop(
            images=self._images,
            cache=self.cache,
            executor=self._executor,
            reporter=reporter,
            options=options,
            bases=bases,
            origins=Origins(self._images, bases, context, ignore, temporary, stack),
            caches=self._caches,
            temporary=temporary,
            epoch=_epoch(given),
        )
        stack.callback(lambda: self._images.snapshots.layers.settle(shop.made))
        for warning in dockerfile.warnings:
            reporter.line(warning)
        state = self._stages(dockerfile, plan, Scope(given, outer), shop)
        self._warn_unused(dockerfile, plan, given, reporter)
        image = result.create(state, shop, names)
        reporter.finished(image.id, names)
        return image

    def _stages(self, dockerfile: Dockerfile, plan: graph.Plan, scope: Scope, shop: Workshop) -> StageState:
        labels = _label_step(shop.options.labels, dockerfile.file)
        shop.reporter.begin(plan.steps + len(dockerfile.arguments) + len(labels))
        for argument in dockerfile.arguments:
            shop.reporter.step(argument.original)
        done: dict[int, StageState] = {}
        sorter = plan.sorter()
        while sorter.is_active():
            for index in sorter.get_ready():
                extra = labels if index == plan.target else []
                fresh = Scope(scope.given, scope.outer)
                done[index] = stage.build(plan.stages[index], done, fresh, dockerfile.escape, shop, extra)
                sorter.done(index)
        return done[plan.target]

    def _warn_unused(
        self, dockerfile: Dockerfile, plan: graph.Plan, given: Mapping[str, str], reporter: Reporter
    ) -> None:
        steps: list[Instruction] = [*dockerfile.arguments]
        for part in plan.stages.values():
            steps += part.steps
        declared = {name.text for step in steps if isinstance(step, Arg) for name, _ in step.items}
        names = unused(given, declared | {_EPOCH})
        if names:
            reporter.line(f"[Warning] One or more build-args [{' '.join(names)}] were not consumed")


def _dockerfile(tree: Tree, options: BuildOptions) -> str:
    if options.dockerfile_text is not None:
        return options.dockerfile_text
    try:
        descriptor = tree.file(options.dockerfile)
    except OSError as error:
        raise NotFound(
            f"Cannot locate specified Dockerfile: {options.dockerfile}",
            hint="it must be in the build context; name another one with -f",
        ) from error
    with open(descriptor, "rb") as file:
        data = file.read()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidArgument(f"{options.dockerfile} is not UTF-8 text: {error.reason}") from error


def _ignore(tree: Tree, options: BuildOptions) -> Matcher:
    """The file beside the Dockerfile (web.Dockerfile.dockerignore) counts before the context's own."""
    for name in (f"{options.dockerfile}.dockerignore", ".dockerignore"):
        if tree.status(name) is not None:
            try:
                return parse_ignore(tree.text(name))
            except InvalidArgument as error:
                raise InvalidArgument(f"{name}: {error.message}", hint=error.hint) from error
    return Matcher()


def _epoch(given: Mapping[str, str]) -> int | None:
    text = given.get(_EPOCH, "")
    if not text:
        return None
    if not text.isdecimal():
        raise InvalidArgument(
            f"invalid {_EPOCH}: {text!r}", hint="write seconds since 1970, such as 1700000000"
        )
    return int(text)


def _label_step(labels: Mapping[str, str], file: str) -> list[Instruction]:
    """--label as a LABEL at the end of the target, as the classic builder has it."""
    if not labels:
        return []
    at = Position(file, 1, 1)

    def literal(text: str) -> Word:
        return Word("'" + text.replace("'", "'\"'\"'") + "'", at)

    pairs = tuple((literal(name), literal(value)) for name, value in sorted(labels.items()))
    original = "LABEL " + " ".join(f"{name}={value}" for name, value in sorted(labels.items()))
    return [Assign("LABEL", original, at, pairs)]
