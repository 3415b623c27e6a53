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
    for name in ["PYTHONHOME", *env.get("_OLD_VIRTUAL_VARS", "").split()]:
        _venv_unset(name)
        if f"_OLD_VIRTUAL_{name}" in env:
            env[name] = env[f"_OLD_VIRTUAL_{name}"]
            _venv_unset(f"_OLD_VIRTUAL_{name}")
    _venv_unset("_OLD_VIRTUAL_ENTRY", "_OLD_VIRTUAL_VARS", "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT")
    aliases.pop("deactivate", None)


def _venv_unset(*names):
    for name in names:
        if __xonsh__.env.is_manually_set(name):
            del __xonsh__.env[name]


def _venv_variables():
    """The environment's own variables (keel env config vars)."""
    import json

    path = _venv_os.path.join(_venv_prefix, "etc", "keel", "vars.json")
    if not _venv_os.path.exists(path):
        return {}
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return json.load(file)


def _venv_activate():
    if "deactivate" in aliases:
        _venv_deactivate([])
    env = __xonsh__.env
    env["PATH"].insert(0, _venv_os.path.join(_venv_prefix, "Scripts" if _venv_os.name == "nt" else "bin"))
    env["_OLD_VIRTUAL_ENTRY"] = env["PATH"][0]  # as xonsh reads it: with what it expands
    env["VIRTUAL_ENV"] = _venv_prefix
    env["VIRTUAL_ENV_PROMPT"] = f"({_venv_os.path.basename(_venv_prefix)}) "  # shown by the field env_name of prompts
    values = _venv_variables()
    for name in ("PYTHONHOME", *values):
        if env.is_manually_set(name):
            env[f"_OLD_VIRTUAL_{name}"] = env[name]
    _venv_unset("PYTHONHOME")
    for name, value in values.items():
        env[name] = value
    if values:
        env["_OLD_VIRTUAL_VARS"] = " ".join(values)
    aliases["deactivate"] = _venv_deactivate


_venv_activate()
