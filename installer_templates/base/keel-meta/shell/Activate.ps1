# Dot-source this file in PowerShell to activate the environment that it lies in; it is what any venv has.

function global:deactivate([switch] $NonDestructive) {
    foreach ($name in @('PATH', 'PYTHONHOME') + "$Env:_OLD_VIRTUAL_VARS".Split(' ')) {
        if (Test-Path -LiteralPath "Env:_OLD_VIRTUAL_$name") {
            Set-Item -LiteralPath "Env:$name" -Value ([Environment]::GetEnvironmentVariable("_OLD_VIRTUAL_$name"))
            Remove-Item -LiteralPath "Env:_OLD_VIRTUAL_$name"
        } elseif ($name -cmatch '^(?!PATH$|PYTHONHOME$).' -and (Test-Path -LiteralPath "Env:$name")) {
            Remove-Item -LiteralPath "Env:$name"
        }
    }
    foreach ($name in 'VIRTUAL_ENV', 'VIRTUAL_ENV_PROMPT', '_OLD_VIRTUAL_VARS') {
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
    $Env:_OLD_VIRTUAL_PYTHONHOME = $Env:PYTHONHOME
    Remove-Item -LiteralPath Env:PYTHONHOME
}

# The environment's own variables (keel env config vars).
& {
    $file = [IO.Path]::Combine($Env:VIRTUAL_ENV, 'etc', 'keel', 'vars.json')
    if (-not [IO.File]::Exists($file)) { return }
    $text = '"((?:[^"\\]|\\.)*)"'
    $names = @()
    foreach ($pair in [regex]::Matches([IO.File]::ReadAllText($file), "$text\s*:\s*$text")) {
        $name = $pair.Groups[1].Value
        if (Test-Path -LiteralPath "Env:$name") {
            $old = [Environment]::GetEnvironmentVariable($name)
            Set-Item -LiteralPath "Env:_OLD_VIRTUAL_$name" -Value $old
        }
        Set-Item -LiteralPath "Env:$name" -Value ([regex]::Unescape($pair.Groups[2].Value))
        $names += $name
    }
    if ($names.Count) { $Env:_OLD_VIRTUAL_VARS = $names -join ' ' }
}

if (-not $Env:VIRTUAL_ENV_DISABLE_PROMPT -and (Test-Path -LiteralPath Function:prompt)) {
    Copy-Item -LiteralPath Function:prompt -Destination Function:global:_old_virtual_prompt
    function global:prompt { "($Env:VIRTUAL_ENV_PROMPT) " + (-join @(_old_virtual_prompt)) }
}
