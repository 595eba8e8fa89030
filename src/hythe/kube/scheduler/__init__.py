"""The scheduler: gives each pod a node.

    informers -> `queue` (active, back-off, unschedulable) -> `placement.place` (pure: filters, then scores)
        a node fits -> assumed in `state` at once, bound in the background
        none does   -> preemption, if lower priorities are in the way; the reasons in an Event and a condition

Filters and scores are small modules in `plugins`, named and worded as Kubernetes' own.
"""
