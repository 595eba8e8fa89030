"""TokenReview, SubjectAccessReview and their kin: objects that ask, answered in their status. Nothing is stored.

    SelfSubjectReview              who am I
    TokenReview                    whose token is this, and for which audience
    SelfSubjectAccessReview        may I
    SubjectAccessReview, Local...  may they (Local: in the namespace of the request)
    SelfSubjectRulesReview         what may I in this namespace

Source: Kubernetes, authentication.k8s.io/v1 and authorization.k8s.io/v1, and its messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hythe.kube.apiserver.auth.authenticator import ClusterAuthenticator
from hythe.kube.apiserver.auth.rbac.policy import Policy
from hythe.kube.apiserver.auth.rbac.rules import Rule
from hythe.kube.apiserver.identity import MASTERS, Attributes, Authorizer, Decision, User
from hythe.kube.objects.status import Cause, invalid
from hythe.kube.objects.types import Object

_AUTHORIZATION = "authorization.k8s.io"


async def review_token(review: Object, authenticator: ClusterAuthenticator) -> Object:
    """TokenReview -> with status. Raises ApiError (Invalid) when there is no token in it."""
    spec = review.get("spec") or {}
    token = spec.get("token") or ""
    if not token:
        cause = Cause("FieldValueInvalid", 'Invalid value: "": token must be specified', "spec.token")
        raise invalid("TokenReview.authentication.k8s.io", "", [cause])
    audiences = spec.get("audiences") or []
    found = await authenticator.authenticate_token(token, audiences)
    if found is None:
        said = (
            "token is not valid"
            if not audiences
            else f"token audiences are not {audiences}, or it is not valid"
        )
        return {**review, "status": {"user": {}, "error": said}}
    user, meant = found
    return {**review, "status": {"authenticated": True, "user": user_info(user), "audiences": list(meant)}}


def review_self(review: Object, user: User) -> Object:
    """SelfSubjectReview -> with status."""
    return {**review, "status": {"userInfo": user_info(user)}}


def user_info(user: User) -> Object:
    info: Object = {"username": user.name}
    if user.uid:
        info["uid"] = user.uid
    if user.groups:
        info["groups"] = list(user.groups)
    if user.extra:
        info["extra"] = {key: list(values) for key, values in user.extra.items()}
    return info


async def review_access(review: Object, authorizer: Authorizer, namespace: str | None = None) -> Object:
    """SubjectAccessReview -> with status; with `namespace` a LocalSubjectAccessReview, which asks about that one.

    Raises ApiError (Invalid).
    """
    spec = review.get("spec") or {}
    kind = "SubjectAccessReview" if namespace is None else "LocalSubjectAccessReview"
    causes = _wrong(spec)
    if not spec.get("user") and not spec.get("groups"):
        causes.append(_invalid("spec.user", "", "at least one of user or group must be specified"))
    if namespace is not None:
        causes += _wrong_here(spec, namespace)
    _raise(kind, causes)
    extra = {key.lower(): tuple(values) for key, values in (spec.get("extra") or {}).items()}
    user = User(spec.get("user") or "", spec.get("uid") or "", tuple(spec.get("groups") or ()), extra)
    return {**review, "status": _status(await authorizer.authorize(_attributes(spec, user)))}


async def review_own_access(review: Object, user: User, authorizer: Authorizer) -> Object:
    """SelfSubjectAccessReview -> with status. Raises ApiError (Invalid)."""
    spec = review.get("spec") or {}
    _raise("SelfSubjectAccessReview", _wrong(spec))
    return {**review, "status": _status(await authorizer.authorize(_attributes(spec, user)))}


def review_own_rules(review: Object, user: User, policy: Policy) -> Object:
    """SelfSubjectRulesReview -> with status. Raises ApiError (Invalid).

    It is not complete for kubelets: what their pods allow them is no rule.
    """
    namespace = (review.get("spec") or {}).get("namespace") or ""
    if not namespace:
        raise invalid(
            f"SelfSubjectRulesReview.{_AUTHORIZATION}",
            "",
            [Cause("FieldValueRequired", "Required value: must be specified", "spec.namespace")],
        )
    rules, missing = policy.rules_of(user, namespace)
    if MASTERS in user.groups:
        everything = frozenset({"*"})
        rules = [Rule(everything, everything, everything), Rule(everything, paths=everything), *rules]
    status: Object = {
        "resourceRules": [_resource_rule(rule) for rule in _once(rules) if rule.resources],
        "nonResourceRules": [
            {"verbs": sorted(rule.verbs), "nonResourceURLs": sorted(rule.paths)}
            for rule in _once(rules)
            if rule.paths
        ],
        "incomplete": bool(missing),
    }
    if missing:
        status["evaluationError"] = ", ".join(missing)
    return {**review, "status": status}


def _resource_rule(rule: Rule) -> Object:
    return {key: values for key, values in rule.as_object().items() if key != "nonResourceURLs"}


def _once(rules: Iterable[Rule]) -> Iterable[Rule]:
    return dict.fromkeys(rules)


def _attributes(spec: dict[str, Any], user: User) -> Attributes:
    asked = spec.get("resourceAttributes")
    if asked is None:
        path = spec["nonResourceAttributes"]
        return Attributes(user, path.get("verb", ""), path=path.get("path", ""))
    keys = ("verb", "group", "version", "resource", "subresource", "namespace", "name")
    return Attributes(user, *(asked.get(key) or "" for key in keys))


def _status(decision: Decision) -> Object:
    status: Object = {"allowed": decision.allowed}
    return {**status, "reason": decision.reason} if decision.reason else status


def _wrong(spec: dict[str, Any]) -> list[Cause]:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and path is not None:
        why = "cannot be specified in combination with resourceAttributes"
        return [_invalid("spec.nonResourceAttributes", path, why)]
    if resource is None and path is None:
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        return [_invalid("spec.resourceAttributes", None, why)]
    return []


def _wrong_here(spec: dict[str, Any], namespace: str) -> list[Cause]:
    asked = spec.get("resourceAttributes")
    if asked is None:
        why = "disallowed on this kind of request"
        return [_invalid("spec.nonResourceAttributes", spec.get("nonResourceAttributes"), why)]
    if asked.get("namespace") != namespace:
        why = f"must match metadata.namespace: {namespace}"
        return [_invalid("spec.resourceAttributes.namespace", asked.get("namespace", ""), why)]
    return []


def _invalid(field: str, value: Any, why: str) -> Cause:
    shown = f'"{value}"' if isinstance(value, str) else "null" if value is None else str(value)
    return Cause("FieldValueInvalid", f"Invalid value: {shown}: {why}", field)


def _raise(kind: str, causes: list[Cause]) -> None:
    if causes:
        raise invalid(f"{kind}.{_AUTHORIZATION}", "", causes)
