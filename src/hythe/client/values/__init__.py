"""What the Python client gives: the API's answers as frozen, typed values.

Each has the fields that programs ask for, under Python's names and with Python's types (times are aware datetimes,
sizes bytes, durations seconds), and `raw`, the API's whole object, for what is not among them. Both halves of the
client share them. The command line prints the API's objects themselves and never imports these.
"""
