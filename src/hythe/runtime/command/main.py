"""From the command line to a verb's action, and from what goes wrong to a log line and an exit code.

Exit codes are runc's: 1 for every failure, 255 for a failed exec, 3 for a verb that does not exist, and the
container's own from a foreground run or exec.
"""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

import hythe
from hythe.errors import HytheError, Unsupported
from hythe.runtime.command import flags, report
from hythe.runtime.command.context import GLOBAL, Context

OCI_VERSION = "1.2.0"
VERBS = (
    "create", "delete", "events", "exec", "features", "kill", "list", "pause", "ps", "resume", "run", "spec",
    "start", "state", "update",
)  # fmt: skip
_FAILED = {"create": "runc create failed: ", "run": "runc run failed: ", "exec": "exec failed: "}
_EXEC_FAILED = 255
_DEFAULT_ROOT = "/run/hythe-runtime"


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run one command and leave at once, without the interpreter's own tidying up."""
    _open_standard_streams()
    code = 1
    try:
        code = command(sys.argv[1:] if arguments is None else arguments)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except BrokenPipeError:
        pass
    except Exception:  # noqa: BLE001 - one that nobody foresaw, told here since the interpreter will not
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def _open_standard_streams() -> None:
    """A descriptor below 3 that is closed would be taken by something else and end up in a container."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open("/dev/null", os.O_RDWR)


def command(arguments: list[str]) -> int:
    """The exit code."""
    context = Context(_DEFAULT_ROOT, "", json_log=False, debug=False)
    verb = ""
    try:
        given, rest = flags.parse(GLOBAL, arguments, mixed=False)
        context = _context(given)
        if given["version"]:
            return _say(f"hythe-runtime version {hythe.__version__}\nspec: {OCI_VERSION}")
        if given["help"] or not rest or rest[0] in ("help", "h"):
            return _say(_overview())
        verb = rest[0]
        if verb not in VERBS:
            report.log(context, "error", f"No help topic for '{verb}'")
            return 3
        if given["systemd_cgroup"]:
            raise Unsupported(
                "--systemd-cgroup is not supported: hythe-runtime makes control groups itself",
                hint="use the cgroupfs driver (containerd: SystemdCgroup = false, podman: --cgroup-manager cgroupfs)",
            )
        return _run(context, verb, rest[1:])
    except flags.Misused as error:
        _write_usage(verb)
        report.log(context, "error", error.message)
        return 1
    except (HytheError, OSError, ValueError) as error:
        if context.debug:
            import traceback

            report.log(context, "debug", traceback.format_exc())
        report.log(context, "error", _FAILED.get(verb, "") + _text(error))
        return _EXEC_FAILED if verb == "exec" else 1


def _text(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {os.fsdecode(error.filename)}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _context(given: dict[str, Any]) -> Context:
    if given["log_format"] not in ("", "text", "json"):
        raise flags.Misused(f"invalid log-format: {given['log_format']}")
    root = os.path.abspath(given["root"] or _DEFAULT_ROOT)  # noqa: PTH100 - pathlib is slow to import
    return Context(root, given["log"], given["log_format"] == "json", given["debug"])


def _module(verb: str) -> Any:
    return __import__(f"hythe.runtime.command.{verb}", fromlist=["action"])


def _run(context: Context, verb: str, arguments: list[str]) -> int:
    module = _module(verb)
    options, others = flags.parse(module.FLAGS, arguments, mixed=verb not in ("exec", "ps"))
    if options["help"]:
        return _say(_usage(verb))
    least, most = module.ARGUMENTS
    if len(others) < least or len(others) > most:
        wanted = f"exactly {least}" if least == most else f"a minimum of {least}"
        raise flags.Misused(f'runc: "{verb}" requires {wanted} argument(s)')
    code: int = module.action(context, options, others)
    return code


def _say(text: str) -> int:
    print(text)
    return 0


def _usage(verb: str) -> str:
    module = _module(verb)
    title = (module.__doc__ or "").splitlines()[0]
    lines = f"NAME:\n   hythe-runtime {verb} - {title}\n\nUSAGE:\n   hythe-runtime {verb} {module.USAGE}\n\n"
    return f"{lines}OPTIONS:\n{flags.described(module.FLAGS)}"


def _write_usage(verb: str) -> None:
    print("Incorrect Usage.\n\n" + (_usage(verb) if verb in VERBS else _overview()))


def _overview() -> str:
    rows = [f"   {verb:<10}{(_module(verb).__doc__ or '').splitlines()[0]}" for verb in VERBS]
    verbs = "\n".join(rows)
    return (
        "NAME:\n   hythe-runtime - runs containers from OCI bundles, with runc's command line\n\n"
        "USAGE:\n   hythe-runtime [global options] command [command options] [arguments...]\n\n"
        f"COMMANDS:\n{verbs}\n\nGLOBAL OPTIONS:\n{flags.described(GLOBAL)}"
    )
