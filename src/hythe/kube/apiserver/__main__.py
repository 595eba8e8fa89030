"""`python -m hythe.kube.apiserver --data-dir D --port N`: an API server alone, for development."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from pathlib import Path

from hythe.kube.apiserver.auth.kubeconfig import kubeconfig, write_kubeconfig
from hythe.kube.apiserver.config import Config
from hythe.kube.apiserver.server import ApiServer
from hythe.kube.store.datastore import open_store


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="hythe.kube.apiserver", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, default=6443)
    parser.add_argument("--datastore", help="sqlite:///FILE or etcd://HOST:PORT,...", default="")
    parser.add_argument("--log-level", default="info")
    flags = parser.parse_args()
    logging.basicConfig(level=flags.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(_serve(Config(flags.data_dir.absolute(), port=flags.port), flags.datastore))


async def _serve(config: Config, datastore: str) -> None:
    ended = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, ended.set)
    store = await open_store(datastore or f"sqlite://{config.data_dir / 'store.db'}")
    server = ApiServer(config, store)
    try:
        await server.start()
        url = f"https://{config.advertise}:{server.port}"
        content = kubeconfig(url, server.pki.ca_file.read_bytes(), server.pki.pair("admin"))
        write_kubeconfig(config.data_dir / "admin.kubeconfig", content)
        await ended.wait()
        await server.stop()
    finally:
        await store.close()


if __name__ == "__main__":
    main()
