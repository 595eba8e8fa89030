"""COPY and ADD: sources picked, hashed for the cache, and written into a new layer."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hythe.base.ids import new_id
from hythe.build import remote
from hythe.build.archives import extract, is_archive
from hythe.build.cache import step_key
from hythe.build.content import digest
from hythe.build.context import Pick, Source
from hythe.build.copy import Copier
from hythe.build.graph import StagePlan
from hythe.build.ignore import Matcher
from hythe.build.owners import parse_mode, resolve
from hythe.build.patterns import has_wildcards
from hythe.build.rootfs import open_tree
from hythe.build.state import StageState
from hythe.build.syntax.expand import expand_text
from hythe.build.syntax.nodes import Transfer
from hythe.build.syntax.position import Word
from hythe.build.tree import Tree
from hythe.build.workshop import Workshop
from hythe.errors import HytheError, InvalidArgument, NotFound
from hythe.oci.spec import Mount

_PIVOT: Final = "/./"


@dataclass(frozen=True)
class _Order:
    """A COPY with everything replaced and found. `destination` is absolute; `into`: it ends in a slash."""

    picks: list[Pick]
    destination: str
    into: bool
    chown: str
    chmod: str


def perform(
    step: Transfer, state: StageState, plan: StagePlan, done: Mapping[int, StageState], shop: Workshop
) -> None:
    """Do the COPY or ADD. Errors about a source name the place in the Dockerfile."""
    order = _order(step, state, plan, done, shop)
    sum_ = digest(order.picks, owners=not order.chown)
    key = step_key(
        state.key,
        *(step.name, order.destination, order.into, order.chown, order.chmod),
        *(step.parents, step.unpack, sum_, shop.epoch),
    )
    kind = "multi" if len(order.picks) > 1 else "dir" if order.picks[0].is_directory else "file"
    slash = "/" if order.into and order.destination != "/" else ""
    flags = f"--chown={order.chown} " if order.chown else ""
    comment = f"{step.name} {flags}{kind}:{sum_} in {order.destination}{slash} "

    def make(_id: str, mounts: Sequence[Mount]) -> None:
        with open_tree(mounts) as image:
            _write(step, order, image)

    shop.step(state, key, state.nop(comment, spaced=False), make)


def _order(
    step: Transfer, state: StageState, plan: StagePlan, done: Mapping[int, StageState], shop: Workshop
) -> _Order:
    expand = state.describer.expand
    exclude = Matcher(expand(word) for word in step.exclude)
    origin = step.source_stage.text if step.source_stage else ""
    try:
        source = shop.origins.open(origin, plan, done)
    except NotFound as error:
        at = step.source_stage.at if step.source_stage else step.at
        raise at.problem(f"invalid from flag value {origin}: {error.message}", error.hint) from error
    picks: list[Pick] = []
    for word in step.sources:
        picks += _pick(step, word, expand(word), source, exclude, shop)
    picks += _inline(step, state, shop)
    target = expand(step.destination)
    into = target.endswith(("/", "/.")) or target == "."
    wildcards = any(has_wildcards(expand(word)) for word in step.sources)
    if (len(step.sources) + len(step.inline) > 1 or (wildcards and len(picks) > 1)) and not into:
        raise step.destination.at.problem(
            f"When using {step.name} with more than one source file, the destination must be a directory and "
            "end with a /"
        )
    destination = posixpath.normpath(posixpath.join("/", state.describer.settings.working_dir, target))
    return _Order(
        picks,
        "/" + destination.lstrip("/"),
        into or step.parents,
        expand(step.chown) if step.chown else "",
        expand(step.chmod) if step.chmod else "",
    )


def _pick(
    step: Transfer, word: Word, text: str, source: Source, exclude: Matcher, shop: Workshop
) -> list[Pick]:
    if step.name == "ADD" and remote.is_remote(text):
        folder = shop.temporary / new_id()
        folder.mkdir()
        checksum = step.checksum.text if step.checksum else ""
        shop.reporter.line(f"Downloading {text}")
        name = remote.fetch(text, folder, checksum)
        tree = Tree.of(folder)
        shop.origins.keep(tree)
        return Source(tree, text).pick(_literal(name), Matcher())
    before, pivot, _ = text.partition(_PIVOT) if step.parents else (text, "", "")
    try:
        picks = source.pick(text, exclude)
    except HytheError as error:
        raise word.at.problem(f"{step.name} failed: {error.message}", error.hint) from error
    if pivot:
        skipped = len([part for part in posixpath.normpath("/" + before).split("/") if part])
        return [replace(pick, pivot=skipped) for pick in picks]
    return picks


def _literal(name: str) -> str:
    """A file name as a pattern that matches just it."""
    return "".join(f"\\{character}" if character in "*?[\\" else character for character in name)


def _inline(step: Transfer, state: StageState, shop: Workshop) -> list[Pick]:
    """Here-documents as files of a directory of their own."""
    if not step.inline:
        return []
    folder = shop.temporary / new_id()
    folder.mkdir()
    picks = []
    tree = Tree.of(folder)
    shop.origins.keep(tree)
    source = Source(tree, "here-documents")
    for document in step.inline:
        text = document.content
        if document.expand:
            text = expand_text(Word(text, document.at), state.describer.values())
        if "/" in document.name or document.name in (".", ".."):
            raise document.at.problem(
                f"a here-document cannot be called {document.name!r}", "use a plain name"
            )
        (folder / document.name).write_text(text, encoding="utf-8", errors="surrogateescape")
        (folder / document.name).chmod(0o644)
        stamp = shop.now()
        os.utime(folder / document.name, ns=(stamp, stamp))
        picks += source.pick(_literal(document.name), Matcher())
    return picks


def _write(step: Transfer, order: _Order, image: Tree) -> None:
    try:
        owner = resolve(order.chown, image) if order.chown else None
    except InvalidArgument as error:
        at = step.chown.at if step.chown else step.at
        raise at.problem(error.message, error.hint) from error
    try:
        chmod = parse_mode(order.chmod) if order.chmod else None
    except InvalidArgument as error:
        at = step.chmod.at if step.chmod else step.at
        raise at.problem(error.message, error.hint) from error
    copier = Copier(image, owner, chmod, step.parents)
    for pick in order.picks:
        local = pick.source.host is not None or pick.source.keeps_owner
        if step.name == "ADD" and step.unpack is not False and (local or step.unpack) and is_archive(pick):
            extract(pick, image, order.destination, owner)
        else:
            copier.copy(pick, order.destination, into=order.into)
