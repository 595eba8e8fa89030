"""Role-based access control: who may do what, by roles and the bindings that give them to subjects.

    rules        one rule of a role: what it covers, how it is written
    policy       all roles and bindings, indexed by subject; decisions
    aggregation  ClusterRoles that are made of others by label
    escalation   nobody gives away what they do not have
    bootstrap    the roles and bindings that every cluster has (bootstrap.toml)
    follow       the policy kept as the store has it

Source: Kubernetes, "Using RBAC Authorization"; k8s.io/component-helpers auth/rbac for the finer points.
"""
