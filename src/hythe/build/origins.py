"""The trees that stages copy and mount from, opened when first asked for, kept open until the build ends."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from hythe.build.bases import Bases
from hythe.build.context import Source
from hythe.build.graph import StagePlan
from hythe.build.ignore import Matcher
from hythe.build.rootfs import open_tree
from hythe.build.state import StageState
from hythe.build.tree import Tree
from hythe.store.images import Images


class Origins:
    """Sources by name: "" is the build context, else a stage of this Dockerfile, else an image."""

    def __init__(
        self, images: Images, bases: Bases, context: Path, ignore: Matcher, temporary: Path, stack: ExitStack
    ) -> None:
        self._images, self._bases, self._temporary, self._stack = images, bases, temporary, stack
        tree = stack.enter_context(Tree.of(context))
        self._context = Source(tree, "build context", ignore, host=context)
        self._opened: dict[str, Tree] = {}

    def open(self, name: str, plan: StagePlan, done: Mapping[int, StageState]) -> Source:
        """The source that --from=`name` means in the stage `plan`. Raises NotFound for an unknown image."""
        if not name:
            return self._context
        index = plan.origin(name)
        if index is not None:
            return self._tree(done[index].chain, f"stage {name}")
        if name.lower() == "scratch":
            return self._tree(None, "scratch")
        image = self._bases.get(name)
        return self._tree(self._images.chain(image), f"image {name}")

    def _tree(self, chain: str | None, label: str) -> Source:
        key = chain or ""
        if key not in self._opened:
            tree = open_tree(self._images.snapshots.view(chain)) if chain else self._empty()
            self._opened[key] = self._stack.enter_context(tree)
        return Source(self._opened[key], label, keeps_owner=True)

    def keep(self, tree: Tree) -> None:
        """Hold a further tree open until the build ends."""
        self._stack.enter_context(tree)

    def _empty(self) -> Tree:
        place = self._temporary / "scratch"
        place.mkdir()
        return Tree.of(place)
