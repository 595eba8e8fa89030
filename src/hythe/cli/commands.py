"""Every command: where it lives and what it does, in the groups that `hythe --help` shows.

A command's place is "module:function", below hythe.cli unless it begins with "hythe.". The noun forms
(`hythe container ls`) are the same functions under a second name.
"""

from __future__ import annotations

import importlib
from typing import Any, Final, NamedTuple

from hythe.errors import Unsupported


class Command(NamedTuple):
    place: str
    summary: str


_CONTAINER: Final = {
    "run": Command("run:run", "Create and start a container from an image"),
    "create": Command("run:create", "Create a container, without starting it"),
    "start": Command("lifecycle:start", "Start stopped containers"),
    "stop": Command("lifecycle:stop", "Stop containers: TERM, and KILL after a while"),
    "restart": Command("lifecycle:restart", "Stop and start containers"),
    "kill": Command("lifecycle:kill", "Send a signal to containers"),
    "pause": Command("lifecycle:pause", "Freeze all processes of containers"),
    "unpause": Command("lifecycle:unpause", "Let frozen containers go on"),
    "rm": Command("lifecycle:rm", "Remove containers"),
    "rename": Command("lifecycle:rename", "Give a container another name"),
    "update": Command("update:update", "Change limits of containers"),
    "wait": Command("lifecycle:wait", "Wait until containers have stopped, print their exit codes"),
}
_LOOK: Final = {
    "ps": Command("ps:ps", "List containers"),
    "logs": Command("logs:logs", "Show what a container printed"),
    "exec": Command("exec:exec_", "Run a command in a running container"),
    "attach": Command("attach:attach", "Connect to a running container's standard streams"),
    "top": Command("top:top", "List the processes of a container"),
    "stats": Command("stats:stats", "Show what containers use, live"),
    "explain": Command("explain:explain", "Show what a container is made of in the kernel"),
    "port": Command("top:port", "List the published ports of a container"),
    "diff": Command("files:diff", "List what changed in a container's file system"),
    "cp": Command("copy:cp", "Copy files between a container and this machine"),
}
_IMAGE: Final = {
    "build": Command("build:build", "Build an image from a Dockerfile"),
    "images": Command("images:images", "List images"),
    "pull": Command("pull:pull", "Fetch an image from a registry"),
    "push": Command("pull:push", "Send an image to a registry"),
    "search": Command("search:search", "Search a registry for images"),
    "tag": Command("images:tag", "Give an image a further name"),
    "rmi": Command("images:rmi", "Remove images"),
    "history": Command("history:history", "Show the layers of an image"),
    "save": Command("archives:save", "Write images to a tar archive"),
    "load": Command("archives:load", "Read images from a tar archive"),
    "import": Command("archives:import_", "Make an image from the tar of a root file system"),
    "export": Command("files:export", "Write a container's file system to a tar archive"),
    "commit": Command("files:commit", "Make an image of a container's changes"),
}
_SYSTEM: Final = {
    "inspect": Command("inspect:inspect", "Show everything about containers, images, networks, volumes"),
    "events": Command("events:events", "Show what happens, as it happens"),
    "login": Command("login:login", "Log in to a registry"),
    "logout": Command("login:logout", "Forget the credentials for a registry"),
    "info": Command("info:info", "Show the daemon and this machine"),
    "version": Command("version:version", "Show the versions of client and daemon"),
}
_NOUNS: Final = {
    "compose": Command("hythe.compose.cli:main", "Run an application of several services from one file"),
    "kube": Command("", "A Kubernetes cluster on this machine"),
    "container": Command("", "Manage containers"),
    "image": Command("", "Manage images; image bootstrap makes base images without a registry"),
    "network": Command("", "Manage networks"),
    "volume": Command("", "Manage volumes"),
    "builder": Command("", "Manage the build cache"),
    "system": Command("", "Disk use, cleaning up, information"),
    "demo": Command("", "Demonstrations: what isolation does"),
    "context": Command("", "Manage contexts: names for daemons"),
    "completion": Command("completion.script:completion", "Print completions for bash, zsh or fish"),
    "daemon": Command("hythe.daemon.main:main", "Run the daemon in the foreground"),
}

GROUPS: Final = {
    "Run": _CONTAINER,
    "Look and reach into": _LOOK,
    "Images": _IMAGE,
    "The daemon": _SYSTEM,
    "More": _NOUNS,
}

_NOT_OF_IMAGE: Final = ("images", "rmi", "export", "commit", "search")

SUBCOMMANDS: Final[dict[str, dict[str, Command]]] = {
    "container": {
        **_CONTAINER,
        **{name: command for name, command in _LOOK.items() if name != "ps"},
        "ls": _LOOK["ps"],
        "inspect": Command("inspect:inspect_container", "Show everything about containers"),
        "export": _IMAGE["export"],
        "commit": _IMAGE["commit"],
        "prune": Command("prune:containers", "Remove all stopped containers"),
    },
    "image": {
        **{name: command for name, command in _IMAGE.items() if name not in _NOT_OF_IMAGE},
        "ls": _IMAGE["images"],
        "rm": _IMAGE["rmi"],
        "inspect": Command("inspect:inspect_image", "Show everything about images"),
        "prune": Command("prune:images", "Remove images that nothing uses"),
        "bootstrap": Command("bootstrap:bootstrap", "Make a base image from a distribution's packages"),
    },
    "network": {
        "create": Command("network:create", "Create a network"),
        "ls": Command("network:ls", "List networks"),
        "inspect": Command("inspect:inspect_network", "Show everything about networks"),
        "rm": Command("network:rm", "Remove networks"),
        "connect": Command("network:connect", "Connect a container to a network"),
        "disconnect": Command("network:disconnect", "Disconnect a container from a network"),
        "prune": Command("prune:networks", "Remove networks that nothing uses"),
    },
    "volume": {
        "create": Command("volume:create", "Create a volume"),
        "ls": Command("volume:ls", "List volumes"),
        "inspect": Command("inspect:inspect_volume", "Show everything about volumes"),
        "rm": Command("volume:rm", "Remove volumes"),
        "prune": Command("prune:volumes", "Remove volumes that nothing uses"),
    },
    "builder": {
        "build": _IMAGE["build"],
        "prune": Command("prune:builds", "Remove the build cache"),
    },
    "context": {
        "create": Command("context:create", "Give a daemon a name"),
        "ls": Command("context_list:ls", "List contexts"),
        "inspect": Command("context_list:inspect", "Show everything about contexts"),
        "use": Command("context:use", "Have all commands go to the daemon of a context"),
        "show": Command("context:show", "Print the name of the current context"),
        "update": Command("context:update", "Change a context"),
        "rm": Command("context:rm", "Remove contexts"),
        "export": Command("context_files:export", "Write a context to a file"),
        "import": Command("context_files:import_", "Read a context from a file"),
    },
    "kube": {
        "up": Command("kube:up", "Bring a cluster up on this machine"),
        "down": Command("kube:down", "Take a cluster of this machine away"),
        "status": Command("kube:status", "Show whether a cluster runs, and where"),
        "kubeconfig": Command("kube:kubeconfig", "Print the file that kubectl needs"),
        "token": Command("kube:token", "Print the token by which nodes join"),
        "server": Command("kube:server", "Run the control plane in the foreground"),
        "agent": Command("kube:agent", "Run a node in the foreground"),
    },
    "demo": {
        "isolation": Command("demos.isolation:isolation", "Noisy neighbours, with and without hythe"),
    },
    "system": {
        "df": Command("df:df", "Show what takes disk space"),
        "prune": Command("prune:system", "Remove everything that nothing uses"),
        "info": _SYSTEM["info"],
        "events": _SYSTEM["events"],
    },
}  # fmt: skip

ALIASES: Final = {
    ("container", "ps"): "ls",
    ("container", "list"): "ls",
    ("container", "remove"): "rm",
    ("image", "list"): "ls",
    ("image", "remove"): "rm",
    ("context", "list"): "ls",
    ("context", "remove"): "rm",
    ("network", "list"): "ls",
    ("network", "remove"): "rm",
    ("volume", "list"): "ls",
    ("volume", "remove"): "rm",
}


def top_level() -> dict[str, Command]:
    """All commands that stand alone, and the nouns."""
    return {name: command for group in GROUPS.values() for name, command in group.items()}


def load(command: Command) -> Any:
    """Its function. Raises Unsupported where this installation lacks the module."""
    place, _, function = command.place.partition(":")
    module = place if place.startswith("hythe.") else f"hythe.cli.{place}"
    try:
        return getattr(importlib.import_module(module), function)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        raise Unsupported(f"this installation of hythe has no {module}") from error
