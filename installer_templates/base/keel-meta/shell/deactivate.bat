@rem Call this file in cmd.exe to leave the environment that activate.bat has entered.
@if defined _OLD_VIRTUAL_PATH set "PATH=%_OLD_VIRTUAL_PATH%"
@if defined _OLD_VIRTUAL_PROMPT set "PROMPT=%_OLD_VIRTUAL_PROMPT%"
@if defined _OLD_VIRTUAL_PYTHONHOME set "PYTHONHOME=%_OLD_VIRTUAL_PYTHONHOME%"
@if defined _KEEL_VARS_venv for %%V in (%_KEEL_VARS_venv%) do @call :restore %%V
@set "_KEEL_VARS_venv="
@set "_venv_value="
@for %%V in (PATH PROMPT PYTHONHOME) do @set "_OLD_VIRTUAL_%%V="
@set "VIRTUAL_ENV="
@set "VIRTUAL_ENV_PROMPT="
@exit /b 0
:restore
@call set "_venv_value=%%_KEEL_OLD_venv_%1%%"
@if not defined _KEEL_OLD_venv_%1 set "_venv_value="
@set "%1=%_venv_value%"
@set "_KEEL_OLD_venv_%1="
@exit /b 0
