"""What somebody may write as such, but not with this content: rights that they lack, another node's objects.

Who approves or signs a certificate request also needs the verb `approve` or `sign` on its signer.

Source: Kubernetes, "Privilege escalation prevention and bootstrapping", admission plugin NodeRestriction.
"""

from __future__ import annotations

from typing import Final

from hythe.kube.apiserver.admission.chain import Plugin, Review
from hythe.kube.apiserver.auth.node import may_write
from hythe.kube.apiserver.auth.rbac.escalation import EscalationCheck
from hythe.kube.apiserver.auth.rbac.policy import GROUP
from hythe.kube.apiserver.identity import Attributes, Authorizer
from hythe.kube.objects.status import forbidden
from hythe.kube.objects.types import Object

_REQUESTS: Final = "certificatesigningrequests.certificates.k8s.io"
_SIGNER_VERBS: Final = {"approval": "approve", "status": "sign"}


class Permissions(Plugin):
    """Refuses with 403."""

    def __init__(self, escalation: EscalationCheck, authorizer: Authorizer) -> None:
        self._escalation, self._authorizer = escalation, authorizer

    async def validate(self, review: Review) -> None:
        if review.operation == "DELETE":
            return
        definition = review.definition
        if definition.group == GROUP:
            await self._escalation.check(definition.plural, review.obj, review.old, review.user)
        if definition.qualified == _REQUESTS and review.old is not None:
            await self._check_signer(review, review.old)
        if review.operation == "CREATE" or definition.plural != "pods":
            why = may_write(review.user, definition.plural, review.subresource, review.obj)
            if why:
                raise forbidden(definition.qualified, review.name, why)

    async def _check_signer(self, review: Review, old: Object) -> None:
        verb = _SIGNER_VERBS.get(review.subresource)
        if verb is None or (verb == "sign" and _certificate(review.obj) == _certificate(old)):
            return
        signer = old["spec"]["signerName"]
        domain = signer.partition("/")[0]
        for name in (signer, f"{domain}/*"):
            wanted = Attributes(review.user, verb, "certificates.k8s.io", "*", "signers", name=name)
            if (await self._authorizer.authorize(wanted)).allowed:
                return
        why = f'user not permitted to {verb} requests with signerName "{signer}"'
        raise forbidden(_REQUESTS, review.name, why)


def _certificate(request: Object) -> str:
    return (request.get("status") or {}).get("certificate") or ""
