"""A kernel that keel made, started by the real Jupyter client of a base."""

import json
from pathlib import Path

import pytest

from tests.acceptance.conftest import ODD, build, clean_environment, install, run

pytestmark = pytest.mark.slow

RECIPE = """\
name: notebooks
version: "1"
platforms: [linux-x86_64]
packages: [ipykernel, jupyter-client]
interpreter: host
compression: fast
build_tools: false
"""
# What a notebook server does: start the kernel by its name, let it compute, interrupt it, end it.
CLIENT = """
import json, sys, time
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import start_new_kernel
assert "keel-work" in KernelSpecManager().find_kernel_specs()
manager, client = start_new_kernel(kernel_name="keel-work", startup_timeout=60)
def compute(code):
    said = []
    def note(message):
        if message["msg_type"] == "stream":
            said.append(message["content"]["text"])
    reply = client.execute_interactive(code, output_hook=note, timeout=60)
    return reply["content"]["status"], "".join(said)
try:
    answers = [compute("import sys, os; print(sys.prefix); print(os.environ['KEEL_DEFAULT_ENV'])")]
    answers.append(compute("!command -v python"))
    client.execute("import time; time.sleep(60)", stop_on_error=False)
    time.sleep(1)
    manager.interrupt_kernel()
    answers.append(compute("print('alive')"))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
print(json.dumps(answers))
"""


def test_a_notebook_runs_in_an_environment_with_its_programs_and_can_be_interrupted(tmp_path: Path) -> None:
    recipe = tmp_path / "notebooks.yaml"
    recipe.write_text(RECIPE)
    base = tmp_path / ODD
    install(build(recipe, tmp_path / "dist"), base)
    env = clean_environment(tmp_path)
    keel = base / "cmd/keel"
    run(keel, "create", "-n", "work", "ipykernel", env=env)
    run(keel, "kernel", "add", "work", env=env)
    answers = json.loads(run(base / "bin/python", "-c", CLIENT, env=env, timeout=180).out)
    work = base / "envs/work"
    assert answers == [["ok", f"{work}\nwork\n"], ["ok", f"{work}/bin/python\r\n"], ["ok", "alive\n"]]
