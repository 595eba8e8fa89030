"""The working directory, the search for the program, and exec.

The working directory is entered by a descriptor that openat2(2) found below the root without magic links, and
getcwd(2) has to agree that it is there, so that no leaked descriptor becomes a way out (CVE-2024-21626). The
program is looked for as execvp(3) does; failures carry docker's words and exit codes (127, 126).
"""

from __future__ import annotations

import errno
import os
import stat
from typing import NoReturn

from hythe.errors import CannotStart, InvalidArgument
from hythe.kernel import paths

_PASSWD_BYTES = 1 << 20


def make_directory(root: int, cwd: str) -> None:
    """Make `cwd` below `root` while it can be written, where the root is going to be read-only."""
    try:
        os.close(paths.directory_in_root(root, cwd))
    except OSError:
        return  # `enter_directory` says what is wrong with it


def enter_directory(cwd: str, *, make: bool = True) -> None:
    """Change to `cwd` below "/"; `make` it where it is missing. Raises CannotStart, InvalidArgument."""
    root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fd = paths.directory_in_root(root, cwd) if make else paths.locate(root, cwd, flags=os.O_DIRECTORY)
    except OSError as error:
        code = 127 if error.errno == errno.ENOENT else 126
        text = (error.strerror or "").lower()
        raise CannotStart(f'chdir to cwd ("{cwd}") failed: {text}', exit_code=code) from error
    finally:
        os.close(root)
    os.fchdir(fd)
    os.close(fd)
    try:
        inside = os.getcwd()  # noqa: PTH109 - the system call is the point
    except FileNotFoundError as error:
        raise InvalidArgument(f"working directory {cwd!r} is outside of the container") from error
    if not inside.startswith("/"):
        raise InvalidArgument(f"working directory {cwd!r} is outside of the container")


def environment(entries: list[str]) -> dict[str, str]:
    """ "NAME=value" entries; a later one wins."""
    pairs = (entry.partition("=") for entry in entries)
    return {name: value for name, separator, value in pairs if separator and name}


def with_home(env: dict[str, str]) -> dict[str, str]:
    """`env` with HOME; where it has none, this user's home of the container's /etc/passwd, else "/"."""
    return env if env.get("HOME") else {**env, "HOME": _home(os.getuid())}


def _home(uid: int) -> str:
    try:
        fd = os.open("/etc/passwd", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return "/"
    # The image's: whatever it is, it does not block and is not read without end.
    text = b""
    if stat.S_ISREG(os.fstat(fd).st_mode):
        text = os.read(fd, _PASSWD_BYTES)
    os.close(fd)
    for line in text.split(b"\n"):
        fields = line.split(b":")
        if len(fields) >= 6 and fields[2] == str(uid).encode():
            return os.fsdecode(fields[5]) or "/"
    return "/"


def find_program(name: str, env: dict[str, str]) -> str:
    """The program's path. Raises CannotStart with docker's message and exit code."""
    if "/" in name:
        _check(name, name)
        return name
    refused: CannotStart | None = None
    for folder in env.get("PATH", "").split(":"):
        path = f"{folder or '.'}/{name}"
        try:
            _check(path, name)
            return path
        except CannotStart as error:
            if error.exit_code == 126:
                refused = refused or error
    if refused is not None:
        raise refused
    raise CannotStart(f'exec: "{name}": executable file not found in $PATH', exit_code=127)


def _check(path: str, name: str) -> None:
    try:
        status = os.stat(path)
    except PermissionError as error:
        raise CannotStart(f'exec: "{name}": permission denied', exit_code=126) from error
    except OSError as error:
        text = (error.strerror or "").lower()
        raise CannotStart(f'exec: "{name}": stat {path}: {text}', exit_code=127) from error
    if stat.S_ISDIR(status.st_mode):
        raise CannotStart(f'exec: "{name}": is a directory: permission denied', exit_code=126)
    if not os.access(path, os.X_OK, effective_ids=False):
        raise CannotStart(f'exec: "{name}": permission denied', exit_code=126)


def run(args: list[str], env: dict[str, str]) -> NoReturn:
    """Replace this process, as the user that it is to run as. Raises CannotStart; the caller reports it."""
    env = with_home(env)
    path = find_program(args[0], env)
    try:
        os.execve(path, args, env)
    except OSError as error:
        code = 127 if error.errno == errno.ENOENT else 126
        text = (error.strerror or "").lower()
        raise CannotStart(f"exec {path}: {text}", exit_code=code) from error
    raise AssertionError("execve returned")
