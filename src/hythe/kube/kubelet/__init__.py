"""The kubelet: makes the pods that the API server gives to this node, through CRI alone.

    API server --watch--> loop --wakes--> worker (one for each pod) --gRPC--> the container runtime
        ^                                   |  ^                                   |
        |<------------- status -------------+  +------- events or re-lists --------+

Everything is driven by level: a worker compares the pod that is wanted with what the runtime says there is, does
the next thing, and looks again. So a kubelet that was killed at any instant goes on where the last one stopped.

| package | what |
|---|---|
| `cri/` | the runtime's calls, what it says as values, its events |
| `pods/` | from a Pod to configurations of sandbox and containers; what to do next |
| `env/`, `images/`, `volumes/`, `probes/`, `hooks/` | the parts of a container's surroundings |
| `status/` | the pod's status as Kubernetes reports it |
| `node/` | this node's object, its status and lease |
| `api/` | the HTTPS API that the API server calls: logs, exec, attach, port-forward, statistics |

Kept out: anything of hythe's engine (any runtime that speaks CRI will do), and static pods.
"""
