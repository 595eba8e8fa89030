"""Who asks, and may they: certificates, tokens, RBAC.

    authority      the cluster's certificate authority: signs, and verifies what it has signed
    pki            the certificates of one server in one folder: made, renewed before they end
    renewal        the same while the server runs
    names          under which names and addresses the server's own certificate is valid
    kubeconfig     the file that a client reads

    jws            signed tokens as text: ES256, RS256 (RFC 7515, 7518)
    serviceaccounts   tokens of service accounts: issued, verified, void when what they are bound to is gone
    bearers        static and bootstrap tokens
    authenticator  a certificate or a header -> a user, or 401
    impersonation  the headers of `kubectl --as`

    rbac/          roles and bindings: rules, an index of them, decisions, escalation
    podindex       which pod is bound where, and names what
    node           what a kubelet may read and write: its own node, and what its pods name
    authorizer     masters, then nodes, then RBAC
    reviews        TokenReview, SubjectAccessReview and their kin, from object to object

`cryptography` is imported within functions: the program starts without it.
"""
