# Dot-source this file in PowerShell to activate the environment that it lies in; it is what any venv has.

function global:deactivate([switch] $NonDestructive) {
    foreach ($name in 'PATH', 'PYTHONHOME') {
        if (Test-Path -LiteralPath "Env:_OLD_VIRTUAL_$name") {
            Copy-Item -LiteralPath "Env:_OLD_VIRTUAL_$name" -Destination "Env:$name"
            Remove-Item -LiteralPath "Env:_OLD_VIRTUAL_$name"
        }
    }
    foreach ($name in 'VIRTUAL_ENV', 'VIRTUAL_ENV_PROMPT') {
        if (Test-Path -LiteralPath "Env:$name") { Remove-Item -LiteralPath "Env:$name" }
    }
    if (Test-Path -LiteralPath Function:_old_virtual_prompt) {
        Copy-Item -LiteralPath Function:_old_virtual_prompt -Destination Function:prompt
        Remove-Item -LiteralPath Function:_old_virtual_prompt
    }
    if (-not $NonDestructive) { Remove-Item -LiteralPath Function:deactivate }
}

deactivate -NonDestructive

$Env:VIRTUAL_ENV = [IO.Path]::GetDirectoryName($PSScriptRoot)
$Env:VIRTUAL_ENV_PROMPT = [IO.Path]::GetFileName($Env:VIRTUAL_ENV)

if ($Env:PATH) { $Env:_OLD_VIRTUAL_PATH = $Env:PATH }
$Env:PATH = $PSScriptRoot + [IO.Path]::PathSeparator + $Env:PATH

if (Test-Path -LiteralPath Env:PYTHONHOME) {
    Copy-Item -LiteralPath Env:PYTHONHOME -Destination Env:_OLD_VIRTUAL_PYTHONHOME
    Remove-Item -LiteralPath Env:PYTHONHOME
}

if (-not $Env:VIRTUAL_ENV_DISABLE_PROMPT -and (Test-Path -LiteralPath Function:prompt)) {
    Copy-Item -LiteralPath Function:prompt -Destination Function:global:_old_virtual_prompt
    function global:prompt { "($Env:VIRTUAL_ENV_PROMPT) " + (-join @(_old_virtual_prompt)) }
}
