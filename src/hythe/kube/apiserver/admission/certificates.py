"""Certificate requests say who made them: the server writes that, not the asker, and nobody changes it afterwards.

Whoever signs judges by it. Source: Kubernetes' registry strategy of certificatesigningrequests.
"""

from __future__ import annotations

from typing import Final

from hythe.kube.apiserver.admission.chain import Plugin, Review

_RESOURCE: Final = "certificatesigningrequests.certificates.k8s.io"


class CertificateRequests(Plugin):
    async def admit(self, review: Review) -> None:
        if review.definition.qualified != _RESOURCE:
            return
        if review.operation == "UPDATE" and review.old is not None:
            review.obj["spec"] = review.old["spec"]
        elif review.operation == "CREATE":
            user, spec = review.user, review.obj.setdefault("spec", {})
            for field in ("username", "uid", "groups", "extra"):
                spec.pop(field, None)
            spec |= {"username": user.name, "groups": list(user.groups)}
            if user.uid:
                spec["uid"] = user.uid
            if user.extra:
                spec["extra"] = {key: list(values) for key, values in user.extra.items()}
