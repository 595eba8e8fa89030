"""Jobs: pods that run until enough of them have succeeded; and what becomes of finished Jobs."""
