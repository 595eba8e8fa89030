"""exec's flags, and the OCI process that they describe: a file's, or the container's own with changes."""

from __future__ import annotations

from typing import Any

from hythe.errors import InvalidArgument
from hythe.runtime.command import bundle, jsonfile
from hythe.runtime.command.flags import Flag, Misused

FLAGS: tuple[Flag, ...] = (
    ("console-socket", "text", "unix socket that is sent the terminal's master"),
    ("cwd", "text", "working directory in the container"),
    ("env e", "many", "a further environment variable, NAME=value"),
    ("tty t", "switch", "with a terminal"),
    ("user u", "text", "user id, or user id:group id"),
    ("additional-gids g", "many", "a further group id"),
    ("process p", "text", "file with the process as JSON (config.md, Process)"),
    ("detach d", "switch", "do not wait"),
    ("pid-file", "text", "file to write the pid to"),
    ("process-label", "text", "SELinux label"),
    ("apparmor", "text", "AppArmor profile"),
    ("no-new-privs", "switch", "no_new_privs(2)"),
    ("cap c", "many", "a further capability"),
    ("preserve-fds", "number", "how many further descriptors the program gets, from 3 on"),
    ("cgroup", "many", "an existing control group below the container's to run in"),
    ("ignore-paused", "switch", "also in a paused container: it runs when that is resumed"),
)
_SETS = ("bounding", "effective", "permitted")  # runc's: nothing is handed on to other programs


def described(options: dict[str, Any], arguments: list[str], folder: str) -> dict[str, Any]:
    """The OCI process. `folder`: the bundle. Raises InvalidArgument, Misused, Unsupported."""
    if options["process"]:
        if arguments:
            raise Misused("the command and --process are given both")
        spec: dict[str, Any] = jsonfile.read(options["process"])
        if not isinstance(spec, dict):
            raise InvalidArgument(f"{options['process']} is not a JSON object")
        if options["tty"]:
            spec["terminal"] = True
        return spec
    if not arguments:
        raise Misused("exec needs a command, or --process")
    spec = bundle.read(folder)["process"]
    spec["args"] = arguments
    spec["terminal"] = options["tty"]
    for option, name in (("cwd", "cwd"), ("apparmor", "apparmorProfile"), ("process_label", "selinuxLabel")):
        if options[option]:
            spec[name] = options[option]
    if "no_new_privs" in options["given"]:
        spec["noNewPrivileges"] = options["no_new_privs"]
    spec["env"] = [*(spec.get("env") or ()), *options["env"]]
    _user(spec, options)
    if options["cap"]:
        sets = spec["capabilities"] = dict(spec.get("capabilities") or {})
        for name in _SETS:
            sets[name] = [*(sets.get(name) or ()), *options["cap"]]
    return spec


def _user(spec: dict[str, Any], options: dict[str, Any]) -> None:
    user = spec["user"] = dict(spec.get("user") or {})
    if options["user"]:
        uid, colon, gid = options["user"].partition(":")
        user["uid"] = _id(uid, "user")
        if colon:
            user["gid"] = _id(gid, "user")
    if options["additional_gids"]:
        more = [_id(gid, "additional-gids") for gid in options["additional_gids"]]
        user["additionalGids"] = [*(user.get("additionalGids") or ()), *more]


def _id(text: str, flag: str) -> int:
    if not text.isdigit():
        raise InvalidArgument(f"--{flag} {text!r}: names are not looked up", hint="give a number")
    return int(text)
