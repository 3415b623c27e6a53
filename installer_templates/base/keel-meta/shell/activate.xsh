# Source this file in xonsh to activate the environment that it lies in; it is what any venv has.
import os as _venv_os

_venv_prefix = _venv_os.path.dirname(_venv_os.path.dirname(_venv_os.path.abspath(__file__)))


def _venv_deactivate(args):
    """Leave the environment and return to the shell's own state."""
    env = __xonsh__.env
    path = env["PATH"]
    entry = env.get("_OLD_VIRTUAL_ENTRY")
    if entry in list(path):
        del path[list(path).index(entry)]
    if "_OLD_VIRTUAL_PYTHONHOME" in env:
        env["PYTHONHOME"] = env["_OLD_VIRTUAL_PYTHONHOME"]
    for name in ("_OLD_VIRTUAL_ENTRY", "_OLD_VIRTUAL_PYTHONHOME", "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT"):
        if name in env:
            del env[name]
    aliases.pop("deactivate", None)


def _venv_activate():
    if "deactivate" in aliases:
        _venv_deactivate([])
    env = __xonsh__.env
    env["PATH"].insert(0, _venv_os.path.join(_venv_prefix, "Scripts" if _venv_os.name == "nt" else "bin"))
    env["_OLD_VIRTUAL_ENTRY"] = env["PATH"][0]  # as xonsh reads it: with what it expands
    env["VIRTUAL_ENV"] = _venv_prefix
    env["VIRTUAL_ENV_PROMPT"] = f"({_venv_os.path.basename(_venv_prefix)}) "  # shown by the field env_name of prompts
    if "PYTHONHOME" in env:
        env["_OLD_VIRTUAL_PYTHONHOME"] = env["PYTHONHOME"]
        del env["PYTHONHOME"]
    aliases["deactivate"] = _venv_deactivate


_venv_activate()
