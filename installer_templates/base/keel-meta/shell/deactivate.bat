@rem Call this file in cmd.exe to leave the environment that activate.bat has entered.
@if defined _OLD_VIRTUAL_PATH set "PATH=%_OLD_VIRTUAL_PATH%"
@if defined _OLD_VIRTUAL_PROMPT set "PROMPT=%_OLD_VIRTUAL_PROMPT%"
@if defined _OLD_VIRTUAL_PYTHONHOME set "PYTHONHOME=%_OLD_VIRTUAL_PYTHONHOME%"
@for %%V in (PATH PROMPT PYTHONHOME) do @set "_OLD_VIRTUAL_%%V="
@set "VIRTUAL_ENV="
@set "VIRTUAL_ENV_PROMPT="
@exit /b 0
