"""python-config, as CPython's own shell script answers it, but computed from where this Python lies.

Paths that hold spaces are quoted for the shell.
"""

import shlex
import sys
import sysconfig

OPTIONS = (
    "--prefix",
    "--exec-prefix",
    "--includes",
    "--libs",
    "--cflags",
    "--ldflags",
    "--extension-suffix",
    "--abiflags",
    "--configdir",
    "--embed",
    "--help",
)


def answer(option: str, embed: bool) -> str:
    """What is printed for one option."""
    get = sysconfig.get_config_var
    folders = dict.fromkeys((sysconfig.get_path("include"), sysconfig.get_path("platinclude")))
    includes = " ".join("-I" + shlex.quote(folder) for folder in folders)
    library = f"-lpython{get('VERSION')}{sys.abiflags} " if embed else ""
    libraries = f"{library}{get('LIBS') or ''} {get('SYSLIBS') or ''}".strip()
    answers = {
        "--prefix": sys.base_prefix,
        "--exec-prefix": sys.base_exec_prefix,
        "--includes": includes,
        "--cflags": f"{includes} {get('CFLAGS') or ''}",
        "--libs": libraries,
        "--ldflags": f"-L{shlex.quote(get('LIBDIR'))} {libraries}",
        "--extension-suffix": get("EXT_SUFFIX"),
        "--abiflags": sys.abiflags,
        "--configdir": get("LIBPL"),
    }
    return str(answers[option]).strip()


def main() -> int:
    """Print an answer a line."""
    asked = sys.argv[1:]
    if not asked or "--help" in asked or set(asked) - set(OPTIONS):
        usage = "|".join(OPTIONS)
        print(f"Usage: {sys.argv[0]} {usage}", file=sys.stdout if "--help" in asked else sys.stderr)
        return 0 if "--help" in asked else 1
    for option in asked:
        if option != "--embed":
            print(answer(option, "--embed" in asked))
    return 0


if __name__ == "__main__":
    sys.exit(main())
