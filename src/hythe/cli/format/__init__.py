"""How results are shown: tables as docker's, Go templates, JSON, times in words. No requests in here."""
