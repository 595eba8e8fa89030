"""Between the API's JSON and the engine's values, both ways. Pure: no engine is called here."""
