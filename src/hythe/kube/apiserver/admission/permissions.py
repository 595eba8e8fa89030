"""What somebody may write as such, but not with this content: rights that they lack, another node's objects.

Source: Kubernetes, "Privilege escalation prevention and bootstrapping", admission plugin NodeRestriction.
"""

from __future__ import annotations

from hythe.kube.apiserver.admission.chain import Plugin, Review
from hythe.kube.apiserver.auth.node import may_write
from hythe.kube.apiserver.auth.rbac.escalation import EscalationCheck
from hythe.kube.apiserver.auth.rbac.policy import GROUP
from hythe.kube.objects.status import forbidden


class Permissions(Plugin):
    """Refuses with 403."""

    def __init__(self, escalation: EscalationCheck) -> None:
        self._escalation = escalation

    async def validate(self, review: Review) -> None:
        if review.operation == "DELETE":
            return
        definition = review.definition
        if definition.group == GROUP:
            await self._escalation.check(definition.plural, review.obj, review.old, review.user)
        if review.operation == "CREATE" or definition.plural != "pods":
            why = may_write(review.user, definition.plural, review.subresource, review.obj)
            if why:
                raise forbidden(definition.qualified, review.name, why)
