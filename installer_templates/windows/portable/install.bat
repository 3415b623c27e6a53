@rem Completes this portable base: links its packages into place. Any first `keel` does the same.
@rem install.bat /S asks for no key at the end.
@"%~dp0python.exe" -I -S -B -X utf8 "%~dp0keel-meta\keel\__main__.py" info
@set "_keel_code=%ERRORLEVEL%"
@if /i not "%~1"=="/S" pause
@exit /b %_keel_code%
