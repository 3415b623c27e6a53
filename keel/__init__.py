"""The environment manager that every base ships: conda-like, offline, standard library only.

Runs on Python 3.9 and later. Never imports `builder`; `builder` uses the modules here that both sides need
(`wheel`, `scripts`, `closure`, `manifest`), so that one piece of code lays a wheel out, at build time and on the user's
machine.
"""

__version__ = "0.1.0"
