"""--chown and --chmod: names looked up in the image's own files, modes in numbers or in chmod(1)'s words.

`--chown=user[:group]` (Dockerfile reference, "COPY --chown --chmod"): a name needs the image's /etc/passwd or
/etc/group; a number does not, and alone it is the group's number too; a user's name alone brings the group
that /etc/passwd gives it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from hythe.build.tree import Owner, Tree
from hythe.errors import InvalidArgument

_MAX_ID: Final = 2**31 - 1
_CLAUSE: Final = re.compile(r"^([ugoa]*)((?:[-+=][rwxXst]*)+)$")
_BITS: Final = {"r": 0o444, "w": 0o222, "x": 0o111}
_WHO: Final = {"u": 0o4700, "g": 0o2070, "o": 0o1007}

Chmod = Callable[[int, bool], int]


def resolve(text: str, image: Tree) -> Owner:
    """The ids behind a --chown value. Raises InvalidArgument for a name that the image does not know."""
    user, _, group = text.partition(":")
    if not user:
        user = "0"
    uid, primary = _user(user, image)
    return Owner(uid, _group(group, image) if group else primary)


def _user(name: str, image: Tree) -> tuple[int, int]:
    if name.isdecimal():
        number = _number(name)
        return number, number
    for line in image.text("/etc/passwd").splitlines():
        fields = line.split(":")
        if len(fields) >= 4 and fields[0] == name and fields[2].isdecimal() and fields[3].isdecimal():
            return _number(fields[2]), _number(fields[3])
    raise InvalidArgument(
        f"unable to convert uid/gid chown string to host mapping: can't find uid for user {name}: "
        f"no such user: {name}",
        hint="add the user in the image first, or give numbers",
    )


def _group(name: str, image: Tree) -> int:
    if name.isdecimal():
        return _number(name)
    for line in image.text("/etc/group").splitlines():
        fields = line.split(":")
        if len(fields) >= 3 and fields[0] == name and fields[2].isdecimal():
            return _number(fields[2])
    raise InvalidArgument(
        f"unable to convert uid/gid chown string to host mapping: can't find gid for group {name}: "
        f"no such group: {name}",
        hint="add the group in the image first, or give numbers",
    )


def _number(text: str) -> int:
    value = int(text)
    if value > _MAX_ID:
        raise InvalidArgument(f"id {text} is out of range", hint=f"ids go from 0 to {_MAX_ID}")
    return value


def parse_mode(text: str) -> Chmod:
    """A function from (mode, is a directory) to the new mode. Octal ("755") or symbolic ("u+x,go=rX")."""
    if re.fullmatch(r"[0-7]{1,5}", text) and int(text, 8) <= 0o7777:
        value = int(text, 8)
        return lambda _mode, _directory: value
    clauses = [_CLAUSE.match(clause) for clause in text.split(",")]
    if not text or not all(clauses):
        raise InvalidArgument(
            f"invalid chmod parameter: {text!r}", hint="write an octal number such as 0644, or u=rwX,go=rX"
        )

    def change(mode: int, directory: bool) -> int:
        for clause in clauses:
            assert clause is not None, "checked above"
            for action in re.findall(r"[-+=][rwxXst]*", clause[2]):
                mode = _apply(mode, clause[1] or "a", action, directory)
        return mode

    return change


def _apply(mode: int, who: str, action: str, directory: bool) -> int:
    who = "ugo" if "a" in who else who
    reach = 0
    for letter in who:
        reach |= _WHO[letter]
    bits = 0
    for letter in action[1:]:
        if letter == "X" and (directory or mode & 0o111):
            bits |= 0o111
        bits |= _BITS.get(letter, 0)
        bits |= 0o6000 if letter == "s" else 0
    bits &= reach & (0o6777 if "s" in action else 0o777)
    sticky = 0o1000 if "t" in action else 0
    if action[0] == "+":
        return mode | bits | sticky
    if action[0] == "-":
        return mode & ~(bits | sticky)
    return (mode & ~(reach & 0o777)) | bits | sticky
