"""What config.json says otherwise where another OCI runtime is to read it: only what the specification knows.

- The version is 1.0.2, of which nothing newer is needed: crun 1.8 refuses every other minor version.
- Capabilities that this machine's root does not hold itself are left out: they cannot be given, and runc fails over
  them, where the specification asks for a warning (config.md, Linux Process).
- `--init` is an annotation for our own runtime. Others get docker's way: the host's docker-init (tini), which needs
  nothing from the image, is bound to /sbin/docker-init and runs the program.
- The domain name is set as a parameter of the kernel: the field is younger than the runc of many distributions,
  which ignores it.
- /dev/shm is not that of the container whose ipc namespace is shared: no path leads from one mount namespace into
  another for a bind mount.
- A volume that is to propagate to the host or from it needs that of the root, too: another runtime makes its bind
  mounts after it has set that.
"""

from __future__ import annotations

import os
import shutil
from typing import Final

from hythe.engine.bundle.document import INIT_ANNOTATION
from hythe.errors import Unsupported
from hythe.kernel import capabilities
from hythe.oci.spec import Mount, Process, Spec

OCI_VERSION: Final = "1.0.2"
_INITS: Final = ("docker-init", "tini-static")
_SHM_SIZE: Final = "size=67108864"
_INIT_INSIDE: Final = "/sbin/docker-init"


def init_program() -> str:
    """The host's program for --init. Raises Unsupported where there is none."""
    for name in _INITS:
        path = shutil.which(name)
        if path is not None:
            return os.path.realpath(path)
    raise Unsupported(
        f"--init with another runtime needs {' or '.join(_INITS)} on this machine's PATH",
        hint="install tini, or leave --runtime out",
    )


def portable(config: Spec) -> Spec:
    """`config` for another runtime; the parts that differ are new objects. Raises Unsupported."""
    process = portable_process(config["process"])
    mounts, linux = [_reachable(mount) for mount in config["mounts"]], config["linux"].copy()
    annotations = dict(config["annotations"])
    if annotations.pop(INIT_ANNOTATION, "") == "true":
        words = ["bind", "ro", "nosuid", "nodev"]
        mounts.append(
            {"destination": _INIT_INSIDE, "type": "bind", "source": init_program(), "options": words}
        )
        process["args"] = [_INIT_INSIDE, "--", *process["args"]]
    asked = {word for mount in mounts for word in mount["options"]}
    if asked & {"shared", "rshared"}:
        linux["rootfsPropagation"] = "shared"
    elif asked & {"slave", "rslave"}:
        linux["rootfsPropagation"] = "rslave"
    name = config.get("domainname")
    if name:
        linux["sysctl"] = {**linux["sysctl"], "kernel.domainname": name}
    changed: Spec = {
        "ociVersion": OCI_VERSION,
        "process": process,
        "mounts": mounts,
        "linux": linux,
        "annotations": annotations,
    }
    result: Spec = {**config, **changed}
    result.pop("domainname", None)
    return result


def _reachable(mount: Mount) -> Mount:
    if not mount["source"].startswith("/proc/"):
        return mount
    words = [word for word in mount["options"] if word != "bind"]
    return {**mount, "type": "tmpfs", "source": "shm", "options": [*words, "mode=1777", _SHM_SIZE]}


def portable_process(process: Process) -> Process:
    """The same for the process of an exec."""
    held = capabilities.held()[1]
    sets = process["capabilities"].copy()
    for name in sets:
        sets[name] = [one for one in sets[name] if capabilities.mask([one]) & held]  # type: ignore[literal-required]
    result = process.copy()
    result["capabilities"] = sets
    return result
