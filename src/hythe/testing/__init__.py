"""Containers in tests: fixtures for pytest (`plugin`), throw-away engines (`engine`), and who cleans up (`guard`).

    def test_counts(hythe_container):
        redis = hythe_container("redis:7", wait_port=6379)
        where = redis.published(6379)

pytest finds the plugin by itself (entry point `pytest11`). Without pytest, `engine.throwaway()` is a context manager.
"""
