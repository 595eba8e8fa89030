"""mount(8)'s option words, as the OCI runtime specification lists them, turned into attributes and data.

Pure. Words starting with "r" (rro, rnosuid...) hold for the whole tree (config.md, Linux mount options).
What is not a known word is the file system's own ("size=64m", "mode=1777") and is handed to it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from hythe.errors import Unsupported
from hythe.kernel import mounts as m

_SET: Final = {
    "ro": m.MOUNT_ATTR_RDONLY,
    "nosuid": m.MOUNT_ATTR_NOSUID,
    "nodev": m.MOUNT_ATTR_NODEV,
    "noexec": m.MOUNT_ATTR_NOEXEC,
    "noatime": m.MOUNT_ATTR_NOATIME,
    "strictatime": m.MOUNT_ATTR_STRICTATIME,
    "nodiratime": m.MOUNT_ATTR_NODIRATIME,
    "nosymfollow": m.MOUNT_ATTR_NOSYMFOLLOW,
}
_CLEAR: Final = {
    "rw": m.MOUNT_ATTR_RDONLY,
    "suid": m.MOUNT_ATTR_NOSUID,
    "dev": m.MOUNT_ATTR_NODEV,
    "exec": m.MOUNT_ATTR_NOEXEC,
    "atime": m.MOUNT_ATTR_NOATIME,
    "relatime": m.MOUNT_ATTR_ATIME,
    "nostrictatime": m.MOUNT_ATTR_STRICTATIME,
    "diratime": m.MOUNT_ATTR_NODIRATIME,
    "symfollow": m.MOUNT_ATTR_NOSYMFOLLOW,
}
_PROPAGATION: Final = {
    "private": m.MS_PRIVATE,
    "shared": m.MS_SHARED,
    "slave": m.MS_SLAVE,
    "unbindable": m.MS_UNBINDABLE,
}
_NO_EFFECT: Final = frozenset(
    "defaults async loud silent norelatime noiversion newinstance nofail mand nomand nolazytime".split()
)
_REFUSED: Final = ("remount", "tmpcopyup", "copy-symlink", "src-nofollow", "dest-nofollow")
_IDMAPS: Final = ("idmap", "ridmap")


class MountOptions(NamedTuple):
    """`add`/`remove` are MOUNT_ATTR_* of the top mount, `tree_*` of all below; `idmap` is "", "idmap" or "ridmap";
    `data` is for the file system.
    """

    add: int = 0
    remove: int = 0
    tree_add: int = 0
    tree_remove: int = 0
    propagation: int = 0
    tree_propagation: bool = False
    bind: bool = False
    recursive: bool = False
    idmap: str = ""
    data: tuple[tuple[str, str | None], ...] = ()


def parse(words: list[str], *, destination: str) -> MountOptions:
    """Later words win over earlier ones. Raises Unsupported naming the word and the mount."""
    add = remove = tree_add = tree_remove = propagation = 0
    tree_propagation = bind = recursive = False
    idmap = ""
    data: list[tuple[str, str | None]] = []
    for word in words:
        if word in ("bind", "rbind"):
            bind, recursive = True, word == "rbind"
        elif word in _SET:
            add, remove = add | _SET[word], remove & ~_SET[word]
        elif word in _CLEAR:
            add, remove = add & ~_CLEAR[word], remove | _CLEAR[word]
        elif word.removeprefix("r") in _PROPAGATION:
            propagation, tree_propagation = _PROPAGATION[word.removeprefix("r")], word.startswith("r")
        elif word[:1] == "r" and word[1:] in _SET:
            bit = _SET[word[1:]]
            tree_add, tree_remove = tree_add | bit, tree_remove & ~bit
        elif word[:1] == "r" and word[1:] in _CLEAR:
            bit = _CLEAR[word[1:]]
            tree_add, tree_remove = tree_add & ~bit, tree_remove | bit
        elif word in _IDMAPS:
            idmap = word
        elif word in _REFUSED or word.startswith(("idmap=", "ridmap=")):
            raise Unsupported(f"mount {destination}: option {word!r} is not supported")
        elif word not in _NO_EFFECT and word:
            key, separator, value = word.partition("=")
            data.append((key, value if separator else None))
    return MountOptions(
        add, remove, tree_add, tree_remove, propagation, tree_propagation, bind, recursive, idmap, tuple(data)
    )


def words() -> set[str]:
    """Every option word that `parse` knows, but for those of file systems."""
    plain = {*_SET, *_CLEAR, "bind", "rbind", *_NO_EFFECT}
    return (
        plain
        | {f"r{word}" for word in (*_SET, *_CLEAR)}
        | {r + word for word in _PROPAGATION for r in ("", "r")}
    )
