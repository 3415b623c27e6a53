"""`keel-builder serve`: look at an archive on this computer."""

from pathlib import Path

import click

from ..archive.serve import ArchiveServer
from ..errors import BuilderError
from .shared import OUT, Command


@click.command(
    cls=Command,
    epilog="""
    keel-builder serve /srv/www/installers
    keel-builder serve archive --port 8080
    """,
)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 shows it to the network.")
def command(folder: Path, port: int, host: str) -> None:
    """Serve the archive in FOLDER over HTTP, until Ctrl-C."""
    try:
        server = ArchiveServer(folder, host, port)
    except OSError as error:
        raise BuilderError(
            f"cannot listen on {host}, port {port}: {error.strerror or error}", hint="choose another with --port"
        ) from error
    with server:
        OUT.print(f"{server.url}  (Ctrl-C ends it)", markup=False)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return
