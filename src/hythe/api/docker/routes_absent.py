"""What hythe does not have: answered by name, so that a client's message says what is missing.

Swarm answers as a dockerd that is not part of one (503), plugins as one that has none (404). The rest is 501.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from hythe.api.docker.errors import json_response
from hythe.api.docker.parameters import Parameters
from hythe.api.docker.routing import Handler, Route
from hythe.errors import NotFound, Unavailable, Unsupported

if TYPE_CHECKING:
    from hythe.api.docker.call import Call

_NOT_A_MANAGER: Final = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node '
    "to swarm and try again."
)
_NOT_PART: Final = "This node is not part of a swarm"
_SWARM: Final = (
    ("GET", "/swarm"),
    ("POST", "/swarm/update"),
    ("GET", "/swarm/unlockkey"),
    ("POST", "/swarm/unlock"),
    ("GET", "/nodes"),
    ("GET", "/nodes/{rest:path}"),
    ("DELETE", "/nodes/{rest:path}"),
    ("POST", "/nodes/{rest:path}"),
    ("GET", "/services"),
    ("POST", "/services/create"),
    ("GET", "/services/{rest:path}"),
    ("DELETE", "/services/{rest:path}"),
    ("POST", "/services/{rest:path}"),
    ("GET", "/tasks"),
    ("GET", "/tasks/{rest:path}"),
    ("GET", "/secrets"),
    ("POST", "/secrets/create"),
    ("GET", "/secrets/{rest:path}"),
    ("DELETE", "/secrets/{rest:path}"),
    ("POST", "/secrets/{rest:path}"),
    ("GET", "/configs"),
    ("POST", "/configs/create"),
    ("GET", "/configs/{rest:path}"),
    ("DELETE", "/configs/{rest:path}"),
    ("POST", "/configs/{rest:path}"),
)
_UNSUPPORTED: Final = (
    ("POST", "/swarm/init", "swarm mode is not supported by hythe", None),
    ("POST", "/swarm/join", "swarm mode is not supported by hythe", None),
    ("POST", "/session", "BuildKit sessions are not supported", "set DOCKER_BUILDKIT=0"),
    ("POST", "/grpc", "BuildKit over gRPC is not supported", "set DOCKER_BUILDKIT=0"),
    ("GET", "/plugins/privileges", "plugins are not supported", None),
    ("POST", "/plugins/pull", "plugins are not supported", None),
    ("POST", "/plugins/create", "plugins are not supported", None),
    ("GET", "/containers/{ref}/checkpoints", "checkpoints are not supported", None),
    ("POST", "/containers/{ref}/checkpoints", "checkpoints are not supported", None),
    ("DELETE", "/containers/{ref}/checkpoints/{id}", "checkpoints are not supported", None),
)
_PLUGIN: Final = (
    ("GET", "/plugins/{name:path}/json"),
    ("POST", "/plugins/{name:path}/enable"),
    ("POST", "/plugins/{name:path}/disable"),
    ("POST", "/plugins/{name:path}/set"),
    ("POST", "/plugins/{name:path}/upgrade"),
    ("POST", "/plugins/{name:path}/push"),
    ("DELETE", "/plugins/{name:path}"),
)


async def _swarm(call: Call) -> web.StreamResponse:
    raise Unavailable(_NOT_A_MANAGER)


async def _leave(call: Call) -> web.StreamResponse:
    raise Unavailable(_NOT_PART)


async def _no_such_plugin(call: Call) -> web.StreamResponse:
    raise NotFound(f'plugin "{call.params["name"]}" not found')


async def no_plugins(call: Call) -> web.StreamResponse:
    return json_response([])


def _refusal(message: str, hint: str | None) -> Handler:
    async def refuse(call: Call) -> web.StreamResponse:
        raise Unsupported(message, hint=hint)

    return refuse


ROUTES: Final = (
    Route("GET", "/plugins", no_plugins, "List plugins: there are none", Parameters(no_effect=("filters",))),
    Route("POST", "/swarm/leave", _leave, "Leave a swarm", refused="no swarm (503)"),
    *(Route(method, path, _swarm, "Swarm", refused="no swarm (503)") for method, path in _SWARM),
    *(
        Route(method, path, _refusal(message, hint), message, refused="not supported (501)")
        for method, path, message, hint in _UNSUPPORTED
    ),
    *(
        Route(method, path, _no_such_plugin, "Plugins", refused="no such plugin (404)")
        for method, path in _PLUGIN
    ),
)
