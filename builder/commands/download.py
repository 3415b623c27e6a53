"""`keel-builder download`: an installer from an archive."""

from pathlib import Path
from typing import Any

import click

from ..archive.client import Wish, choose, download
from ..lock import newest_glibc
from .reading import key_option, open_believed, signed_by
from .shared import OUT, Command, common_options, settings_from


@click.command(
    cls=Command,
    epilog="""
    keel-builder download https://get.acme.example/python
    keel-builder download https://get.acme.example/python acme-science --platform windows-x86_64
    keel-builder download s3://acme-installers/python --version 2026.11 --python 3.12 --format sh --output /srv/usb
    """,
)
@click.argument("archive")
@click.argument("name", required=False)
@click.option("--version", help="This version [default: the newest].")
@click.option("--platform", help="For this platform [default: this computer's].")
@click.option("--python", help="With this Python, such as 3.12 [default: the newest].")
@click.option("--format", "format", help="sh, exe, pkg or 7z [default: exe for Windows, sh elsewhere].")
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path(), help="Folder for the file [default: this one]."
)
@key_option
@common_options
def command(archive: str, name: str | None, key: str | None, output: Path, **options: Any) -> None:
    """Fetch an installer from ARCHIVE (a URL or a folder) and check it; a broken download is resumed.

    NAME is a product's, or a file's; an archive of one product needs none.
    """
    settings = settings_from(options)
    opened = open_believed(archive, key, settings)
    wish = Wish(
        name=name,
        version=options["version"],
        python=options["python"],
        platform=options["platform"] or settings.host.platform_name,
        format=options["format"],
    )
    entry = choose(opened.index, wish)
    host = settings.host
    is_for_host = entry.platform == host.platform_name and entry.glibc and host.glibc
    if is_for_host and newest_glibc(entry.glibc, host.glibc) != host.glibc:
        settings.reporter.warn(f"{entry.file} needs glibc {entry.glibc}; this computer has {host.glibc}")
    path, was_there = download(opened, entry, settings.fetcher, output)
    settings.reporter.step(f"{'there already, and' if was_there else 'fetched and'} checked ({signed_by(opened)})")
    OUT.print(str(path), markup=False)
