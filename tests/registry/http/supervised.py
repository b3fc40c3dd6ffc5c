"""Workers of nothing but a server, to try a supervisor: `python -m tests.registry.http.supervised FOLDER N`.

It writes its port in a line, and once all workers answer another line. Each worker leaves a file in the folder, named
by its process. While a file `held` is in the folder no worker gets beyond its start; with `broken` each fails there.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

from registry.errors import RegistryError, SettingsError
from registry.http.server import Front, ends_by_signal, front_of, listening, url_of
from registry.http.workers.messages import Answered, Seat
from registry.http.workers.supervisor import Supervisor
from registry.http.workers.worker import Link, run_worker

END_SECONDS = 10.0


def work(folder: Path, seat: Seat) -> None:
    """What a worker runs."""
    (folder / f"{os.getpid()}.started").touch()
    while (folder / "held").exists():
        threading.Event().wait(0.02)

    def front(link: Link) -> Front:
        if (folder / "broken").exists():
            raise SettingsError("a file is broken", remedy="Mend it.", code="broken")

        async def app(scope: Any, receive: Any, send: Any) -> None:
            answered = await link.answered(scope["path"])
            body = b"" if answered is None else answered.body
            await send(
                {
                    "type": "http.response.start",
                    "status": 503 if answered is None else 200,
                    "headers": [(b"content-length", b"%d" % len(body))],
                }
            )
            await send({"type": "http.response.body", "body": body})

        made = front_of(app, grace_seconds=1)
        made.config.lifespan = "off"
        return made

    run_worker(seat, front, linger=0.2)


def main() -> int:
    """Run until a signal; 1 when a worker could not start for a reason that it told."""
    with listening("127.0.0.1", 0, at_once=False) as listener:
        supervisor = Supervisor(
            work,
            Path(sys.argv[1]),
            int(sys.argv[2]),
            listener,
            end_seconds=END_SECONDS,
            answer=lambda _: Answered(200, "text/plain", b"%d" % supervisor.answering()),
            started=lambda: print("all answer", flush=True),
        )
        print(url_of(listener).rpartition(":")[2], flush=True)
        try:
            with ends_by_signal(supervisor):
                supervisor.run()
        except RegistryError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
