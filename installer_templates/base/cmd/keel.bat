@rem The command `keel` for cmd.exe: keel activate NAME
@rem
@rem Activating and deactivating are done here, in the shell itself, without a process; all else goes to keel's Python.
@rem The state is in exported variables, which etc\profile.d\keel.sh describes, so that a child shell of any kind can
@rem leave what this one entered. Lines start with @, for whether they are echoed is for the caller to say. There is no
@rem setlocal, as it would undo everything at the end, so there is no delayed expansion either: values are expanded
@rem between quotes and outside of blocks, where nothing but a quote of their own can harm them.
@for %%I in ("%~dp0..") do @set "_keel_root=%%~fI"
@if "%~1"=="activate" goto activate
@if "%~1"=="deactivate" if "%~2"=="" goto deactivate
:other
@call :forget
@"%~dp0..\python.exe" -I -S -B -X utf8 "%~dp0..\keel-meta\keel\__main__.py" %*
@exit /b %ERRORLEVEL%

:activate
@set "_keel_name="
@set "_keel_stack="
@if "%~2"=="--stack" goto stack_first
@if "%~3"=="--stack" goto stack_last
@if not "%~3"=="" goto other
@set "_keel_name=%~2"
@goto word_given
:stack_first
@if not "%~4"=="" goto other
@set "_keel_stack=true"
@set "_keel_name=%~3"
@goto word_given
:stack_last
@if not "%~4"=="" goto other
@set "_keel_stack=true"
@set "_keel_name=%~2"
:word_given
@if not defined _keel_name set "_keel_name=base"
@if "%_keel_name:~0,1%"=="-" goto other
@call :search
@if defined _keel_env goto found
@"%_keel_root%\python.exe" -I -S -B -X utf8 "%_keel_root%\keel-meta\keel\__main__.py" activate "%_keel_name%"
@call :forget
@exit /b 1

:found
@call :level
@set "_keel_drop=%KEEL_PREFIX%"
@if not "%_keel_level%"=="0" goto nested
@set "_KEEL_OLD_1_VIRTUAL_ENV=%VIRTUAL_ENV%"
@set "_KEEL_OLD_1_VIRTUAL_ENV_PROMPT=%VIRTUAL_ENV_PROMPT%"
@set "_KEEL_OLD_1_PYTHONHOME=%PYTHONHOME%"
@set "PYTHONHOME="
@set "KEEL_SHLVL=1"
@set "_keel_drop="
@goto switch
:nested
@if "%_keel_env%"=="%KEEL_PREFIX%" set "_keel_stack="
@if not defined _keel_stack call :leave
@if "%_keel_env%"=="%KEEL_PREFIX%" goto switch
@set "KEEL_PREFIX_%_keel_level%=%KEEL_PREFIX%"
@set /a KEEL_SHLVL=_keel_level+1
@if not defined _keel_stack goto switch
@set "KEEL_STACKED_%KEEL_SHLVL%=true"
@set "_keel_drop="
:switch
@set "_keel_come=%_keel_env%"
@call :change_path
@call :enter
@call :set_up
@call :forget
@exit /b 0

:deactivate
@call :level
@if "%_keel_level%"=="0" goto inactive
@call :leave
@set "_keel_drop=%KEEL_PREFIX%"
@set "_keel_come="
@if not "%_keel_level%"=="1" goto back
@call :change_path
@call :prompt
@set "VIRTUAL_ENV=%_KEEL_OLD_1_VIRTUAL_ENV%"
@set "VIRTUAL_ENV_PROMPT=%_KEEL_OLD_1_VIRTUAL_ENV_PROMPT%"
@set "PYTHONHOME=%_KEEL_OLD_1_PYTHONHOME%"
@for %%V in (VIRTUAL_ENV VIRTUAL_ENV_PROMPT PYTHONHOME) do @set "_KEEL_OLD_1_%%V="
@for %%V in (KEEL_PREFIX KEEL_DEFAULT_ENV KEEL_SHLVL) do @set "%%V="
@call :forget
@exit /b 0
:back
@set /a KEEL_SHLVL=_keel_level-1
@call set "_keel_env=%%KEEL_PREFIX_%KEEL_SHLVL%%%"
@if not defined KEEL_PREFIX_%KEEL_SHLVL% set "_keel_env=%_keel_root%"
@if not defined KEEL_STACKED_%_keel_level% set "_keel_come=%_keel_env%"
@set "KEEL_PREFIX_%KEEL_SHLVL%="
@set "KEEL_STACKED_%_keel_level%="
@call :describe
@call :change_path
@call :enter
@if defined _keel_come call :set_up
@call :forget
@exit /b 0
:inactive
@echo keel: no environment is active>&2
@call :forget
@exit /b 0

@rem How many environments were activated on top of each other.
:level
@set /a _keel_level=KEEL_SHLVL+0 2>nul
@if not defined _keel_level set "_keel_level=0"
@exit /b 0

@rem Set _keel_env to the folder of the environment called _keel_name, or at the path _keel_name; unset it if there is none.
:search
@set "_keel_env="
@if "%_keel_name%"=="base" goto find_base
@if "%_keel_name%"=="." goto find_path
@if "%_keel_name%"==".." goto find_path
@if not "%_keel_name:\=%"=="%_keel_name%" goto find_path
@if not "%_keel_name:/=%"=="%_keel_name%" goto find_path
@if "%_keel_name:~0,1%"=="." exit /b 0
@set "_keel_label=%_keel_name%"
@set "_keel_file=%USERPROFILE%\.keel\envs_dirs"
@call :look_up_in_file
@set "_keel_file=%_keel_root%\keel-meta\envs_dirs"
@call :look_up_in_file
@if defined _keel_env exit /b 0
@set "_keel_own=%_keel_root%\envs\%_keel_name%"
@set "_keel_user=%USERPROFILE%\.keel\envs\%_keel_name%"
@if exist "%_keel_own%\pyvenv.cfg" set "_keel_env=%_keel_own%"
@if not exist "%_keel_user%\pyvenv.cfg" exit /b 0
@if not defined _keel_env goto find_user
@rem Both have it, and the base's own comes first where it can be written to: which only a try can tell.
@(type nul >"%_keel_root%\envs\.keel-probe") 2>nul
@if not exist "%_keel_root%\envs\.keel-probe" goto find_user
@del "%_keel_root%\envs\.keel-probe"
@exit /b 0
:look_up_in_file
@if not exist "%_keel_file%" exit /b 0
@for /f "usebackq delims=" %%D in ("%_keel_file%") do @if not defined _keel_env if exist "%%D\%_keel_name%\pyvenv.cfg" set "_keel_env=%%D\%_keel_name%"
@exit /b 0
:find_user
@set "_keel_env=%_keel_user%"
@exit /b 0
:find_base
@set "_keel_env=%_keel_root%"
@set "_keel_label=base"
@exit /b 0
:find_path
@for %%I in ("%_keel_name%") do @set "_keel_env=%%~fI"
@if "%_keel_env:~-1%"=="\" set "_keel_env=%_keel_env:~0,-1%"
@if "%_keel_env%"=="%_keel_root%" goto find_base
@if not exist "%_keel_env%\pyvenv.cfg" set "_keel_env="
@if not defined _keel_env exit /b 0
@rem PATH cannot hold it.
@if not "%_keel_env:;=%"=="%_keel_env%" set "_keel_env="
@if defined _keel_env call :describe
@exit /b 0

@rem Set _keel_label to what people call the environment at _keel_env.
:describe
@set "_keel_label=%_keel_env%"
@if "%_keel_env%"=="%_keel_root%" set "_keel_label=base"
@for %%I in ("%_keel_env%") do @set "_keel_folder=%%~dpI"
@for %%I in ("%_keel_env%") do @set "_keel_short=%%~nxI"
@if "%_keel_folder:~-1%"=="\" set "_keel_folder=%_keel_folder:~0,-1%"
@if /i "%_keel_folder%"=="%_keel_root%\envs" set "_keel_label=%_keel_short%"
@if /i "%_keel_folder%"=="%USERPROFILE%\.keel\envs" set "_keel_label=%_keel_short%"
@set "_keel_file=%USERPROFILE%\.keel\envs_dirs"
@call :compare_with_file
@set "_keel_file=%_keel_root%\keel-meta\envs_dirs"
:compare_with_file
@if not exist "%_keel_file%" exit /b 0
@for /f "usebackq delims=" %%D in ("%_keel_file%") do @if /i "%%D"=="%_keel_folder%" set "_keel_label=%_keel_short%"
@exit /b 0

@rem Make _keel_env, called _keel_label, the active environment, but for its entry in PATH and what it wants set and run.
:enter
@set "KEEL_PREFIX=%_keel_env%"
@set "KEEL_DEFAULT_ENV=%_keel_label%"
@for %%I in ("%_keel_label%") do @set "_keel_short=%%~nxI"
@set "VIRTUAL_ENV=%_keel_env%"
@set "VIRTUAL_ENV_PROMPT=%_keel_short%"
@rem A base is no venv.
@if "%_keel_env%"=="%_keel_root%" set "VIRTUAL_ENV="
@if "%_keel_env%"=="%_keel_root%" set "VIRTUAL_ENV_PROMPT="
@call :prompt
@if defined VIRTUAL_ENV_DISABLE_PROMPT exit /b 0
@if not defined PROMPT exit /b 0
@set "_KEEL_PROMPT=(%_keel_short%) "
@rem What cmd.exe would expand never gets into the prompt.
@if not "%_keel_short:$=%"=="%_keel_short%" set "_KEEL_PROMPT=(env) "
@set "_KEEL_OLD_PROMPT=%PROMPT%"
@set "PROMPT=%_KEEL_PROMPT%%PROMPT%"
@exit /b 0
@rem Set the variables of the active environment, and run what it wants run on its activation.
:set_up
@set "_keel_level=%KEEL_SHLVL%"
@call :variables
@call :list activate.d
@if defined _keel_list for %%F in (%_keel_list%) do @call :run activate.d %%F
@exit /b 0

@rem Run what the active environment wants run on its deactivation, last first, and restore its variables. _keel_level is
@rem its level, here and in vars.bat.
:leave
@call :list deactivate.d
@if defined _keel_reverse for %%F in (%_keel_reverse%) do @call :run deactivate.d %%F
@if not defined _KEEL_VARS_%_keel_level% exit /b 0
@call set "_keel_names=%%_KEEL_VARS_%_keel_level%%%"
@for %%V in (%_keel_names%) do @call :restore %%V
@set "_KEEL_VARS_%_keel_level%="
@exit /b 0
@rem Set _keel_list and _keel_reverse to the names of the scripts in a folder of the active environment.
:list
@set "_keel_list="
@set "_keel_reverse="
@if not defined KEEL_PREFIX exit /b 0
@if not exist "%KEEL_PREFIX%\etc\keel\%1\*.bat" exit /b 0
@pushd "%KEEL_PREFIX%\etc\keel\%1"
@for %%F in (*.bat) do @call :add "%%F"
@popd
@exit /b 0
:add
@set _keel_list=%_keel_list% %1
@set _keel_reverse=%1 %_keel_reverse%
@exit /b 0
@rem Run a script. It ends the subroutine; `call` would read its path twice.
:run
@"%KEEL_PREFIX%\etc\keel\%1\%~2"
:variables
@if exist "%KEEL_PREFIX%\etc\keel\vars.bat" "%KEEL_PREFIX%\etc\keel\vars.bat"
@exit /b 0
:restore
@set "_keel_saved=_KEEL_OLD_%_keel_level%_%1"
@call set "_keel_value=%%%_keel_saved%%%"
@if not defined %_keel_saved% set "_keel_value="
@set "%1=%_keel_value%"
@set "%_keel_saved%="
@exit /b 0

@rem Take what was put before the prompt away, unless the prompt has been changed since.
:prompt
@if not defined _KEEL_PROMPT exit /b 0
@if "%PROMPT%"=="%_KEEL_PROMPT%%_KEEL_OLD_PROMPT%" set "PROMPT=%_KEEL_OLD_PROMPT%"
@set "_KEEL_PROMPT="
@set "_KEEL_OLD_PROMPT="
@exit /b 0

@rem Put the environment _keel_come into the place of the first _keel_drop in PATH, or to the front if that is not there.
@rem The base, with python.exe at its top, has two entries.
:change_path
@set "_keel_new="
@if defined _keel_come set "_keel_new=%_keel_come%\Scripts"
@if defined _keel_come if "%_keel_come%"=="%_keel_root%" set "_keel_new=%_keel_root%;%_keel_root%\Scripts"
@set "_keel_old=%_keel_drop%\Scripts"
@if not "%_keel_drop%"=="%_keel_root%" goto path_switch
@set "_keel_put=%_keel_new%"
@set "_keel_new="
@call :path_switch
@set "_keel_new=%_keel_put%"
@set "_keel_old=%_keel_root%"
@rem Replace the first entry _keel_old by _keel_new, entry by entry, for empty ones have to stay.
:path_switch
@set "_keel_head="
@set "_keel_rest=%PATH%;"
@if not defined _keel_drop goto path_front
:path_entry
@if not defined _keel_rest goto path_front
@set "_keel_entry="
@if not "%_keel_rest:~0,1%"==";" for /f "tokens=1 delims=;" %%A in ("%_keel_rest%") do @set "_keel_entry=%%A"
@set "_keel_rest=%_keel_rest:*;=%"
@if "%_keel_entry%"=="%_keel_old%" goto path_found
@set "_keel_head=%_keel_head%%_keel_entry%;"
@goto path_entry
:path_found
@if defined _keel_new set "_keel_new=%_keel_new%;"
@set "_keel_head=%_keel_head%%_keel_new%%_keel_rest%"
@if not defined _keel_head set "_keel_head=;"
@set "PATH=%_keel_head:~0,-1%"
@exit /b 0
:path_front
@if defined _keel_new if defined PATH set "_keel_new=%_keel_new%;"
@set "PATH=%_keel_new%%PATH%"
@exit /b 0

:forget
@for %%V in (root name stack env label folder short level drop come list reverse own user file names saved value) do @set "_keel_%%V="
@for %%V in (old new put head rest entry) do @set "_keel_%%V="
@exit /b 0
