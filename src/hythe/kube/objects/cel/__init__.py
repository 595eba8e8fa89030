"""CEL, the Common Expression Language, as far as the rules of CustomResourceDefinitions use it.

    lexer, parser   text -> syntax (`syntax`); macros (`all`, `exists`, `map`, ...) are nodes of their own
    checking        is every name, field and function known, are the types possible; what may it cost at most
    evaluation      the value of an expression in a scope, within a budget of steps
    values          the types that Python has not (uint, duration, timestamp, optional), equality, arithmetic
    library         the standard functions; `extensions` are Kubernetes' (lists, regular expressions, quantities, ...)

    rule = program.compile("self.min <= self.max", {"self": type})      raises `CompileError`
    rule.evaluate({"self": value})                                      raises `EvaluationError`

Source: the language definition of cel-spec; Kubernetes, "Common Expression Language in Kubernetes". Kept out:
messages of protobuf, the authorizer, formats by name, and what came after Kubernetes 1.32.
"""
