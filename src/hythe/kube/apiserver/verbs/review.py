"""create of what is only asked: reviews of tokens and of access, answered and not stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from aiohttp import web

from hythe.kube.apiserver.answer import encoded
from hythe.kube.apiserver.auth import reviews
from hythe.kube.apiserver.bodies import decoded
from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.negotiation import negotiate
from hythe.kube.apiserver.options import write_options
from hythe.kube.objects.types import Object

_Answer: TypeAlias = Callable[[Call, Object], Awaitable[Object]]


async def create(call: Call) -> web.Response:
    """POST of a review. Raises ApiError."""
    negotiate(call.request.headers.get("Accept"), shapes=False)  # there is no table of what is not kept
    asked = await decoded(call, write_options(call.query, kind="CreateOptions"))
    answer = await REVIEWS[call.definition.qualified](call, asked)
    answer.setdefault("metadata", {})
    return encoded(answer, 201)


async def _token(call: Call, asked: Object) -> Object:
    return await reviews.review_token(asked, call.machine.auth.authenticator)


async def _self(call: Call, asked: Object) -> Object:
    return reviews.review_self(asked, call.user)


async def _access(call: Call, asked: Object) -> Object:
    return await reviews.review_access(asked, call.machine.authorizer)


async def _local_access(call: Call, asked: Object) -> Object:
    return await reviews.review_access(asked, call.machine.authorizer, call.namespace)


async def _own_access(call: Call, asked: Object) -> Object:
    return await reviews.review_own_access(asked, call.user, call.machine.authorizer)


async def _own_rules(call: Call, asked: Object) -> Object:
    return reviews.review_own_rules(asked, call.user, call.machine.auth.policy)


REVIEWS: Final[dict[str, _Answer]] = {
    "tokenreviews.authentication.k8s.io": _token,
    "selfsubjectreviews.authentication.k8s.io": _self,
    "subjectaccessreviews.authorization.k8s.io": _access,
    "localsubjectaccessreviews.authorization.k8s.io": _local_access,
    "selfsubjectaccessreviews.authorization.k8s.io": _own_access,
    "selfsubjectrulesreviews.authorization.k8s.io": _own_rules,
}
