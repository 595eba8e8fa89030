"""The plugins that a server has, in the order in which they see a write.

Not here, and so not enforced: PodSecurity, RuntimeClass, storage (default class, protection, resize),
taints of new nodes, and webhooks. docs/kube-api.md lists them.
"""

from __future__ import annotations

from typing import Final

from hythe.kube.apiserver.admission.certificates import CertificateRequests
from hythe.kube.apiserver.admission.chain import Chain, Plugin
from hythe.kube.apiserver.admission.crds import CustomDefinitions
from hythe.kube.apiserver.admission.jobs import JobSelectors, SchedulingGates
from hythe.kube.apiserver.admission.limits import LimitRanger
from hythe.kube.apiserver.admission.namespaces import NamespaceLifecycle
from hythe.kube.apiserver.admission.policies import ValidatingPolicies
from hythe.kube.apiserver.admission.priority import Priority
from hythe.kube.apiserver.admission.qos import QosClass
from hythe.kube.apiserver.admission.quotas import ResourceQuotas
from hythe.kube.apiserver.admission.serviceaccounts import ServiceAccounts
from hythe.kube.apiserver.admission.tolerations import DefaultTolerations
from hythe.kube.apiserver.definitions import Definitions
from hythe.kube.apiserver.records import Records

PRESENT: Final = {
    "NamespaceLifecycle": "404 for a namespace that is missing, 403 for one that is terminating",
    "NodeRestriction": "a kubelet writes its own node, its lease and the status of its own pods",
    "ServiceAccount": "the account, its token as a projected volume, its pull secrets",
    "LimitRanger": "defaults, minimum, maximum and ratio of containers, pods and claims",
    "Priority": "the number of a priority class; preemptionPolicy",
    "DefaultTolerationSeconds": "300 s on a node that is not ready or cannot be reached",
    "ValidatingAdmissionPolicy": "expressions in CEL; `authorizer` is refused, Audit does nothing",
    "ResourceQuota": "counts, requests, limits, scopes; checked when an object is made, not when it grows",
    "CertificateApproval, CertificateSigning": "`approve` or `sign` on the signer; `spec` says who asked",
    "RBAC escalation": "who writes a role or binding must hold what it gives",
}
"""By the names of Kubernetes, what is enforced."""

ABSENT: Final = (
    "PodSecurity",
    "RuntimeClass",
    "DefaultStorageClass",
    "StorageObjectInUseProtection",
    "PersistentVolumeClaimResize",
    "DefaultIngressClass",
    "TaintNodesByCondition",
    "CertificateSubjectRestriction",
    "MutatingAdmissionWebhook",
    "ValidatingAdmissionWebhook",
)


def plugins(definitions: Definitions, records: Records, services: Plugin, permissions: Plugin) -> Chain:
    """`services` gives addresses and ports; it comes late, so that little must be given back."""
    return Chain(
        [
            NamespaceLifecycle(definitions, records),
            permissions,
            ServiceAccounts(definitions, records),
            LimitRanger(definitions, records),
            Priority(definitions, records),
            DefaultTolerations(),
            QosClass(),
            SchedulingGates(),
            JobSelectors(),
            CustomDefinitions(definitions, records),
            CertificateRequests(),
            services,
            ValidatingPolicies(definitions, records),
            ResourceQuotas(definitions, records),
        ]
    )
