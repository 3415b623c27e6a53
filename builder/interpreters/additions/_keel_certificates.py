"""The machine's certificates, wherever its distribution keeps them. Keel adds this to the standard library.

OpenSSL looks where it was told when it was built, which is another place on another distribution. SSL_CERT_FILE and
SSL_CERT_DIR win as ever; otherwise the well-known places are tried when OpenSSL's own has nothing.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` takes long to import
    from collections.abc import Callable
    from typing import Any

    Paths = tuple[str, str, str, str]

# As in Go's crypto/x509 (root_linux.go, root_bsd.go); a file each, with all certificates.
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL up to 9
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # RHEL, CentOS
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/pki/tls/cacert.pem",  # OpenELEC
    "/etc/ssl/cert.pem",  # Alpine, macOS, OpenBSD
    "/usr/local/etc/ssl/cert.pem",  # FreeBSD
    "/usr/local/share/certs/ca-root-nss.crt",  # DragonFly
    "/etc/openssl/certs/ca-certificates.crt",  # NetBSD
)


def find_bundle(paths: Paths) -> str | None:
    """A file with certificates, or None where OpenSSL finds some by itself.

    paths: what `_ssl.get_default_verify_paths` returns: (variable, file, variable, folder).
    """
    file_variable, file, folder_variable, folder = paths
    if os.environ.get(file_variable) or os.environ.get(folder_variable):
        return None
    if os.path.isfile(file) or _has_hashed_names(folder):
        return None
    return next((bundle for bundle in BUNDLES if os.path.isfile(bundle)), None)


def _has_hashed_names(folder: str) -> bool:
    """Whether OpenSSL can find anything in the folder: it asks for names such as `5ed36f99.0`."""
    try:
        with os.scandir(folder) as entries:
            return any(len(entry.name) == 10 and entry.name[8:] == ".0" for entry in entries)
    except OSError:
        return False


def extend(ssl: Any, default_paths: Callable[[], Paths]) -> None:
    """Teach the module `ssl` about it. default_paths: `_ssl.get_default_verify_paths`."""
    load = ssl.SSLContext.set_default_verify_paths
    get = ssl.get_default_verify_paths

    def set_default_verify_paths(self: Any) -> None:
        load(self)
        bundle = find_bundle(default_paths())
        if bundle is not None:
            self.load_verify_locations(cafile=bundle)

    def get_default_verify_paths() -> Any:
        paths = get()
        return paths._replace(cafile=paths.cafile or find_bundle(default_paths()))

    set_default_verify_paths.__doc__ = load.__doc__
    get_default_verify_paths.__doc__ = get.__doc__
    ssl.SSLContext.set_default_verify_paths = set_default_verify_paths
    ssl.get_default_verify_paths = get_default_verify_paths
