"""Acting as somebody else: the headers of `kubectl --as`, `--as-group`, `--as-uid`.

    Impersonate-User, Impersonate-Group (several), Impersonate-Uid, Impersonate-Extra-KEY (several; KEY is escaped)

For each of them the one who asks needs the verb `impersonate`: on users, groups or service accounts of that name, on
uids and on userextras/KEY. The user of a service account is in its groups unless others are named; everybody but
`system:anonymous` is in `system:authenticated`.

Source: Kubernetes, "User impersonation".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol
from urllib.parse import unquote

from hythe.kube.apiserver.auth.refusal import refused
from hythe.kube.apiserver.auth.serviceaccounts import GROUP, split_user_name
from hythe.kube.apiserver.identity import (
    ANONYMOUS_NAME,
    AUTHENTICATED,
    UNAUTHENTICATED,
    Attributes,
    Authorizer,
    User,
)
from hythe.kube.objects.status import internal_error

_USER: Final = "impersonate-user"
_GROUP: Final = "impersonate-group"
_UID: Final = "impersonate-uid"
_EXTRA: Final = "impersonate-extra-"
_AUTHENTICATION: Final = "authentication.k8s.io"


class Headers(Protocol):
    """Of a request: names as the client wrote them, several of one name one after the other."""

    def items(self) -> Iterable[tuple[str, str]]: ...


async def impersonated(user: User, headers: Headers, authorizer: Authorizer) -> User:
    """Whom the request is made as: `user`, if no header says otherwise.

    Raises ApiError: 403 for what `user` may not be, 500 (as Kubernetes does) for headers without a user's name.
    """
    said = [(name.lower(), value) for name, value in headers.items() if name[:12].lower() == "impersonate-"]
    if not said:
        return user
    name = next((value for key, value in said if key == _USER), "")
    groups = tuple(value for key, value in said if key == _GROUP)
    uid = next((value for key, value in said if key == _UID), "")
    extra = _extra(said)
    if not name:
        raise internal_error("requested an impersonation without impersonating a user")
    for wanted in _wanted(user, name, groups, uid, extra):
        decision = await authorizer.authorize(wanted)
        if not decision.allowed:
            raise refused(wanted, decision.reason)
    return User(name, uid, _groups(name, groups), extra)


def _extra(said: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    extra: dict[str, tuple[str, ...]] = {}
    for key, value in said:
        if key.startswith(_EXTRA):
            name = unquote(key.removeprefix(_EXTRA))
            extra[name] = (*extra.get(name, ()), value)
    return extra


def _wanted(
    user: User, name: str, groups: Iterable[str], uid: str, extra: Mapping[str, tuple[str, ...]]
) -> Iterable[Attributes]:
    account = split_user_name(name)
    if account is not None:
        yield Attributes(user, "impersonate", "", "v1", "serviceaccounts", "", *account)
    else:
        yield Attributes(user, "impersonate", "", "v1", "users", name=name)
    for group in groups:
        yield Attributes(user, "impersonate", "", "v1", "groups", name=group)
    if uid:
        yield Attributes(user, "impersonate", _AUTHENTICATION, "v1", "uids", name=uid)
    for key, values in extra.items():
        for value in values:
            yield Attributes(user, "impersonate", _AUTHENTICATION, "v1", "userextras", key, name=value)


def _groups(name: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    account = split_user_name(name)
    if account is not None and not groups:
        groups = (GROUP, f"{GROUP}:{account[0]}")
    if name == ANONYMOUS_NAME:
        return tuple(dict.fromkeys((*groups, UNAUTHENTICATED)))
    if UNAUTHENTICATED in groups:
        return groups
    return tuple(dict.fromkeys((*groups, AUTHENTICATED)))
