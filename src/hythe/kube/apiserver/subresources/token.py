"""token: a signed token for a service account. It is answered, not stored."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from hythe.kube.apiserver.answer import encoded
from hythe.kube.apiserver.auth.tokenrequests import request_token
from hythe.kube.apiserver.bodies import decoded
from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.options import write_options
from hythe.kube.objects.status import forbidden
from hythe.kube.objects.types import GroupVersionKind

REQUEST: Final = GroupVersionKind("authentication.k8s.io", "v1", "TokenRequest")


async def create(call: Call) -> web.Response:
    """POST .../serviceaccounts/NAME/token"""
    asked = await decoded(call, write_options(call.query, kind="CreateOptions"), REQUEST)
    account = await call.machine.records.get(call.definition, call.namespace, call.info.name)
    auth = call.machine.auth
    why = auth.refuses_token(call.user, call.namespace, asked)
    if why:
        raise forbidden(f"{call.definition.qualified}/token", call.info.name, why)
    return encoded(await request_token(asked, account.object(), auth.tokens, auth.lookup), 201)
