@rem Call this file in cmd.exe to activate the environment that it lies in; it is what any venv has.
@if defined _OLD_VIRTUAL_PATH call "%~dp0deactivate.bat"
@for %%I in ("%~dp0..") do @set "VIRTUAL_ENV=%%~fI"
@for %%I in ("%~dp0..") do @set "VIRTUAL_ENV_PROMPT=%%~nxI"
@set "_OLD_VIRTUAL_PATH=%PATH%"
@set "PATH=%VIRTUAL_ENV%\Scripts;%PATH%"
@set "_OLD_VIRTUAL_PYTHONHOME=%PYTHONHOME%"
@set "PYTHONHOME="
@rem The environment's own variables (keel env config vars); they say themselves what they replace, under this name.
@set "_keel_level=venv"
@call :variables
@set "_keel_level="
@set "_OLD_VIRTUAL_PROMPT="
@if defined VIRTUAL_ENV_DISABLE_PROMPT exit /b 0
@if not defined PROMPT exit /b 0
@set "_OLD_VIRTUAL_PROMPT=%PROMPT%"
@set "PROMPT=(%VIRTUAL_ENV_PROMPT:$=$$%) %PROMPT%"
@exit /b 0
:variables
@if exist "%VIRTUAL_ENV%\etc\keel\vars.bat" "%VIRTUAL_ENV%\etc\keel\vars.bat"
@exit /b 0
