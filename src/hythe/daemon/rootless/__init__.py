"""The daemon as an ordinary user: root of a user namespace of its own, with a helper that stays outside.

    hythe daemon (user)                           the keeper (user, host's namespaces)
       | forks the keeper --------------------------> |
       | unshares user, mount, network                |
       | "made" ------------------------------------> | newuidmap, newgidmap; pasta or slirp4netns
       | <------------- "ready", what there is        |
       | is root in there: the daemon as it always is | binds ports of the host when it is asked to
       | kill -9                                      | stays while a warden does
    hythe daemon, again: joins the namespaces that the keeper holds

`ids` finds subordinate ids, `uplink` the way out, `keeper` is the helper, `entrance` the daemon's side.
"""
