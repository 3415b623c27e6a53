# The command `keel` for xonsh 0.13 or later. Source this file, then: keel activate NAME
#
# Activating and deactivating are done here, in the shell itself, without a process; all else goes to cmd/keel. The state
# is in exported variables, which keel.sh describes, so that a child shell of any kind can leave what this one entered.
# Where the shell does not know where this file lies, KEEL_ROOT has to be set to the base first.
import os as _keel_os
import sys as _keel_sys

from xonsh.tools import unthreadable as _keel_unthreadable

_KEEL_WINDOWS = _keel_os.name == "nt"


def _keel_find_root(file):
    """The base that this file belongs to; it may be reached by links."""
    places = [_keel_os.path.abspath(file), _keel_os.path.realpath(file)] if file else []
    roots = [_keel_os.path.dirname(_keel_os.path.dirname(_keel_os.path.dirname(place))) for place in places]
    for root in [*roots, __xonsh__.env.get("KEEL_ROOT")]:
        if root and _keel_os.path.isfile(_keel_os.path.join(root, "keel-meta", "keel", "__main__.py")):
            return root
    raise RuntimeError("this shell cannot tell where keel.xsh lies; set KEEL_ROOT to the folder of the base first")


_keel_root = _keel_find_root(globals().get("__file__"))
# How the prompt is to be restored: (what, what it was, what it became). Sourcing this file again keeps it.
_keel_shown = globals().get("_keel_shown")
# What the alias of this name is to run.
_keel_pending = None


def _keel_command(args):
    """The command that `keel` with these arguments stands for."""
    verb, rest = (args[0], args[1:]) if args else ("", [])
    if verb == "activate":
        names = [word for word in rest if word != "--stack"]
        if len(names) < 2 and not "".join(names).startswith("-"):
            found = _keel_find(names[0] if names else "base")
            if found:
                return ["_keel_activate", *found, *(["--stack"] if "--stack" in rest else [])]
            args = ["activate", *names]
    elif verb == "deactivate" and not rest:
        return ["_keel_deactivate"]
    if _KEEL_WINDOWS:
        main = _keel_os.path.join(_keel_root, "keel-meta", "keel", "__main__.py")
        return [_keel_os.path.join(_keel_root, "python.exe"), "-I", "-S", "-B", "-X", "utf8", main, *args]
    return [_keel_os.path.join(_keel_root, "cmd", "keel"), *args]


def _keel_alias(args):
    """`keel` where an alias can stand for a command (xonsh 0.19 and later)."""
    global _keel_pending
    command = _keel_command(args)
    if command[0] in aliases or [__xonsh__.expand_path(word) for word in command] != command:
        _keel_pending = command  # xonsh would expand its words
        return ["_keel_pending"]
    return command


def _keel_result(args, stdin=None, stdout=None, stderr=None):
    """`keel` in an older xonsh."""
    return _keel_start(_keel_command(args), stdin, stdout, stderr)


def _keel_start(command, stdin=None, stdout=None, stderr=None):
    """Run a command, and return its exit code. xonsh 0.13 hangs when it is let to write into a pipe of xonsh itself."""
    import subprocess

    if command[0] in aliases:
        return aliases[command[0]](command[1:])
    pipes = {"stdin": stdin, "stdout": subprocess.PIPE, "stderr": stderr}
    with subprocess.Popen(command, env=__xonsh__.env.detype(), encoding="utf-8", **pipes) as process:
        for line in process.stdout:
            print(line, end="", file=stdout, flush=True)
    return process.returncode


@_keel_unthreadable
def _keel_activate(args):
    prefix, name, *stack = args
    env, level = __xonsh__.env, _keel_level()
    drop = env.get("KEEL_PREFIX") if level else None
    stack = stack and prefix != drop
    if not level:
        env["KEEL_SHLVL"] = "1"
        for variable in ("VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "PYTHONHOME"):
            _keel_save(variable)
        _keel_unset("PYTHONHOME")
    elif not stack:
        _keel_leave()
    if level and prefix != drop:
        env[f"KEEL_PREFIX_{level}"] = drop or _keel_root
        env["KEEL_SHLVL"] = str(level + 1)
        if stack:
            env[f"KEEL_STACKED_{level + 1}"] = "true"
            drop = None
    _keel_replace(drop, prefix)
    _keel_enter(prefix, name)
    _keel_set_up()


@_keel_unthreadable
def _keel_deactivate(args):
    env, level = __xonsh__.env, _keel_level()
    if not level:
        print("keel: no environment is active", file=_keel_sys.stderr)
        return
    _keel_leave()
    drop = env.get("KEEL_PREFIX")
    if level == 1:
        _keel_replace(drop, None)
        _keel_prompt("")
        for variable in ("VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "PYTHONHOME"):
            _keel_restore(variable)
        _keel_unset("KEEL_PREFIX", "KEEL_DEFAULT_ENV", "KEEL_SHLVL")
        return
    prefix = env.get(f"KEEL_PREFIX_{level - 1}") or _keel_root
    stacked = f"KEEL_STACKED_{level}" in env
    _keel_replace(drop, None if stacked else prefix)
    env["KEEL_SHLVL"] = str(level - 1)
    _keel_unset(f"KEEL_PREFIX_{level - 1}", f"KEEL_STACKED_{level}")
    _keel_enter(prefix, _keel_name(prefix))
    if not stacked:
        _keel_set_up()


def _keel_level():
    """How many environments were activated on top of each other."""
    level = str(__xonsh__.env.get("KEEL_SHLVL", "0"))
    return int(level) if level.isdigit() else 0


def _keel_dirs():
    """Where environments are looked for by name."""
    own = _keel_os.path.join(_keel_root, "envs")
    home = __xonsh__.env.get("USERPROFILE" if _KEEL_WINDOWS else "HOME")
    users = _keel_os.path.join(str(home), ".keel") if home else None
    dirs = []
    for folder in filter(None, (users, _keel_os.path.join(_keel_root, "keel-meta"))):
        try:
            with open(_keel_os.path.join(folder, "envs_dirs"), encoding="utf-8", errors="surrogateescape") as file:
                dirs += [line for line in file.read().splitlines() if line]
        except OSError:
            pass  # none are configured
    last = [own, _keel_os.path.join(users, "envs")] if users else [own]
    return dirs + (last if _keel_os.access(own, _keel_os.W_OK) else last[::-1])


def _keel_find(name):
    """(prefix, name) of the environment called `name`, or at the path `name`; None if there is none."""
    separators = [mark for mark in (_keel_os.sep, _keel_os.altsep) if mark]
    if name in ("", "base"):
        places = [_keel_root]
    elif name in (".", "..") or any(mark in name for mark in separators):
        places = [_keel_os.path.abspath(name)]
    elif name.startswith("."):
        places = []  # work in progress
    else:
        places = [_keel_os.path.join(folder, name) for folder in _keel_dirs()]
    for place in places:
        known = _keel_os.path.isfile(_keel_os.path.join(place, "pyvenv.cfg")) and _keel_os.pathsep not in place
        if known or place == _keel_root:
            return place, _keel_name(place)
    return None


def _keel_name(prefix):
    """What people call the environment at `prefix`."""
    if prefix == _keel_root:
        return "base"
    folder, name = _keel_os.path.split(prefix)
    return name if folder in _keel_dirs() else prefix


def _keel_enter(prefix, name):
    """Make it the active environment, but for its entry in PATH and what it wants set and run."""
    env = __xonsh__.env
    env["KEEL_PREFIX"] = prefix
    env["KEEL_DEFAULT_ENV"] = name
    short = _keel_os.path.basename(name)
    if prefix == _keel_root:
        _keel_unset("VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT")  # a base is no venv
    else:
        env["VIRTUAL_ENV"] = prefix
        env["VIRTUAL_ENV_PROMPT"] = short
    _keel_prompt("(env) " if "{" in short or "}" in short else f"({short}) ")  # xonsh formats its prompts


def _keel_set_up():
    """Set the variables of the active environment, and run what it wants run on its activation."""
    env, prefix = __xonsh__.env, __xonsh__.env["KEEL_PREFIX"]
    values = _keel_variables(prefix)
    for variable, value in values.items():
        _keel_save(variable)
        env[variable] = value
    if values:
        env[f"_KEEL_VARS_{_keel_level()}"] = " ".join(values)
    for script in _keel_scripts(prefix, "activate.d"):
        _keel_run(script)


def _keel_leave():
    """Run what the active environment wants run on its deactivation, last first, and restore its variables."""
    for script in reversed(_keel_scripts(__xonsh__.env.get("KEEL_PREFIX") or "", "deactivate.d")):
        _keel_run(script)
    names = f"_KEEL_VARS_{_keel_level()}"
    for variable in __xonsh__.env.get(names, "").split():
        _keel_restore(variable)
    _keel_unset(names)


def _keel_variables(prefix):
    """What the environment at `prefix` wants set."""
    import json

    path = _keel_os.path.join(prefix, "etc", "keel", "vars.json")
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        print(f"keel: {path} cannot be read: {error}", file=_keel_sys.stderr)
        return {}


def _keel_scripts(prefix, kind):
    folder = _keel_os.path.join(prefix, "etc", "keel", kind)
    try:
        names = sorted(_keel_os.listdir(folder)) if prefix else []
    except OSError:
        return []
    return [_keel_os.path.join(folder, name) for name in names if name.endswith(".xsh") and not name.startswith(".")]


def _keel_run(path):
    """Source a script. Its failures are told, and change nothing else."""
    context = __xonsh__.ctx
    before = {key: context[key] for key in ("__file__", "__name__") if key in context}
    try:
        with open(path, encoding="utf-8") as file:
            source = file.read() + "\n"
        context.update(__file__=path, __name__=path)
        execx(source, "exec", context, filename=path)
    except Exception as error:
        print(f"keel: {path}: {type(error).__name__}: {error}", file=_keel_sys.stderr)
    finally:
        for key in ("__file__", "__name__"):
            context.pop(key, None)
        context.update(before)


def _keel_entries(prefix):
    """What stands for the environment at `prefix` in PATH."""
    if not prefix:
        return []
    if not _KEEL_WINDOWS:
        return [_keel_os.path.join(prefix, "bin")]
    scripts = _keel_os.path.join(prefix, "Scripts")
    return [prefix, scripts] if prefix == _keel_root else [scripts]


def _keel_replace(old, new):
    """Put the environment `new` into the place of the first `old` in PATH, or to the front if that is not there."""
    path = __xonsh__.env["PATH"]
    gone, come = _keel_entries(old), _keel_entries(new)
    expanded = list(type(path)(gone))  # xonsh expands what it reads from a path, not what it keeps
    for start in range(len(path) - len(gone) + 1 if gone else 0):
        if path[start : start + len(gone)] == expanded:
            path[start : start + len(gone)] = come
            return
    path[0:0] = come


def _keel_prompt(text):
    """Show `text` before the prompt, in the place of what was shown there before."""
    global _keel_shown
    env = __xonsh__.env
    fields = env["PROMPT_FIELDS"]
    what, was, became = _keel_shown or ("", None, None)
    prompt = env["PROMPT"]
    inherited = env.get("_KEEL_PROMPT") if not what else None  # from a parent shell
    if what == "field" and fields.get("env_name") == became:
        fields["env_name"] = was
    elif what == "prompt" and prompt is became:
        env["PROMPT"] = was
    elif what == "default" and prompt is became:
        _keel_unset("PROMPT")
    elif inherited and isinstance(prompt, str) and prompt.startswith(inherited):
        env["PROMPT"] = prompt[len(inherited) :]
    _keel_shown = None
    _keel_unset("_KEEL_PROMPT")
    if not text or env.get("VIRTUAL_ENV_DISABLE_PROMPT"):
        return
    prompt = env["PROMPT"]
    if isinstance(prompt, str) and "{env_name" in prompt:
        _keel_shown = ("field", fields.get("env_name", ""), text)
        fields["env_name"] = text
    else:
        kind = "prompt" if env.is_manually_set("PROMPT") else "default"
        became = text + prompt if isinstance(prompt, str) else lambda: text + prompt()
        env["PROMPT"] = became
        _keel_shown = (kind, prompt, became)
    env["_KEEL_PROMPT"] = text


def _keel_save(variable):
    """Keep what the variable is, for the active level."""
    env, old = __xonsh__.env, f"_KEEL_OLD_{_keel_level()}_{variable}"
    if env.is_manually_set(variable):
        env[old] = env[variable]
    else:
        _keel_unset(old)


def _keel_restore(variable):
    env, old = __xonsh__.env, f"_KEEL_OLD_{_keel_level()}_{variable}"
    if env.is_manually_set(old):
        env[variable] = env[old]
        _keel_unset(old)
    else:
        _keel_unset(variable)


def _keel_unset(*variables):
    for variable in variables:
        if __xonsh__.env.is_manually_set(variable):
            del __xonsh__.env[variable]


aliases["_keel_activate"] = _keel_activate
aliases["_keel_deactivate"] = _keel_deactivate
aliases["_keel_pending"] = lambda args, stdin=None, stdout=None, stderr=None: _keel_start(
    _keel_pending, stdin, stdout, stderr
)
aliases["keel"] = aliases.return_command(_keel_alias) if hasattr(aliases, "return_command") else _keel_result
# Other programs find keel there, too.
if _keel_os.path.join(_keel_root, "cmd") not in list(__xonsh__.env["PATH"]) and _keel_os.pathsep not in _keel_root:
    __xonsh__.env["PATH"].insert(0, _keel_os.path.join(_keel_root, "cmd"))
