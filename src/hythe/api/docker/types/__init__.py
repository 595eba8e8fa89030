"""The API's request bodies as msgspec Structs, with the field names of the Docker Engine API.

Unknown fields are tolerated, as dockerd does; null means "not given"; a wrong type is an error that names the
field. Only what hythe reads is declared; what it must refuse is listed in `translate/refusals.py`.
"""
