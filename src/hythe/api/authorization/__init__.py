"""Who may do what: `hythe daemon --authorization-plugin NAME`, in docker's protocol, so docker's plugins work.

A plugin is a program of the administrator's that is asked twice about each request to the API: before anything is done
(AuthZReq), and before the answer leaves (AuthZRes). `plugin` finds it and asks, `messages` has what it is told, `door`
is what the API's server knows of all this (`api.docker.guarding`). Whatever goes wrong on the way to a plugin or in it
refuses the request; no size, type or shape of a body makes it pass unseen. Source: Docker documentation, "Access
authorization plugin".
"""
