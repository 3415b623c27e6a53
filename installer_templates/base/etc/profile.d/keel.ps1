# The command `keel` for PowerShell 5.1 and 7, on Windows and elsewhere. Dot-source this file, then: keel activate NAME
#
# Activating and deactivating are done here, in the shell itself, without a process; all else goes to keel's Python. The
# state is in exported variables, which keel.sh describes, so that a child shell of any kind can leave what this one
# entered. Where PowerShell does not know where this file lies, $Env:KEEL_ROOT has to be set to the base first.
# Everything works under Set-StrictMode -Version Latest and with $ErrorActionPreference = 'Stop'.

# The base that a file in its etc/profile.d belongs to, reached by links or not; nothing if there is none.
function global:_keel_find_root([string] $File) {
    $places = @($File)
    if ($File) {
        $target = (Get-Item -LiteralPath $File -Force).PSObject.Properties['Target']
        if ($target -and $target.Value) {
            $places += [IO.Path]::Combine([IO.Path]::GetDirectoryName($File), [string] @($target.Value)[0])
        }
    }
    $roots = @($places | Where-Object { $_ } | ForEach-Object {
        [IO.Path]::GetFullPath([IO.Path]::Combine([IO.Path]::GetDirectoryName($_), '..', '..'))
    })
    foreach ($root in ($roots + @($Env:KEEL_ROOT))) {
        if ($root -and [IO.File]::Exists([IO.Path]::Combine($root, 'keel-meta', 'keel', '__main__.py'))) {
            return $root
        }
    }
}

function global:keel {
    $verb = if ($args.Count) { [string] $args[0] } else { '' }
    $rest = @($args | Select-Object -Skip 1 | ForEach-Object { [string] $_ })
    $names = @($rest | Where-Object { $_ -cne '--stack' })
    if ($verb -ceq 'activate' -and $names.Count -lt 2 -and -not "$names".StartsWith('-')) {
        $name = if ($names.Count) { $names[0] } else { 'base' }
        $prefix = _keel_find $name
        if ($prefix) {
            _keel_activate $prefix ($rest.Count -gt $names.Count)
            $global:LASTEXITCODE = 0
            return
        }
        _keel_command (@('activate') + $names) $null
        return
    }
    if ($verb -ceq 'deactivate' -and -not $rest.Count) {
        _keel_deactivate
        $global:LASTEXITCODE = 0
        return
    }
    if ($MyInvocation.ExpectingInput) { _keel_command $args @($input) } else { _keel_command $args $null }
}

# Run keel itself; its exit code is in $LASTEXITCODE, as of any program.
function global:_keel_command([object[]] $Words, [object[]] $Lines) {
    if ($global:_KeelWindows) {
        $program = [IO.Path]::Combine($global:_KeelRoot, 'python.exe')
        $main = [IO.Path]::Combine($global:_KeelRoot, 'keel-meta', 'keel', '__main__.py')
        $Words = @('-I', '-S', '-B', '-X', 'utf8', $main) + @($Words)
    } else {
        $program = [IO.Path]::Combine($global:_KeelRoot, 'cmd', 'keel')
    }
    if ($null -ne $Lines) { $Lines | & $program @Words } else { & $program @Words }
}

function global:_keel_activate([string] $Prefix, [bool] $Stack) {
    $level = _keel_level
    $drop = _keel_get 'KEEL_PREFIX'
    $Stack = $Stack -and $Prefix -cne $drop
    if ($level -eq 0) {
        _keel_set 'KEEL_SHLVL' '1'
        foreach ($variable in 'VIRTUAL_ENV', 'VIRTUAL_ENV_PROMPT', 'PYTHONHOME') { _keel_save $variable }
        _keel_unset 'PYTHONHOME'
        $drop = ''
    } elseif (-not $Stack) {
        _keel_leave
    }
    if ($level -gt 0 -and $Prefix -cne $drop) {
        $below = if ($drop) { $drop } else { $global:_KeelRoot }
        _keel_set "KEEL_PREFIX_$level" $below
        _keel_set 'KEEL_SHLVL' "$($level + 1)"
        if ($Stack) {
            _keel_set "KEEL_STACKED_$($level + 1)" 'true'
            $drop = ''
        }
    }
    _keel_replace $drop $Prefix
    _keel_enter $Prefix
    _keel_set_up $Prefix
}

function global:_keel_deactivate {
    $level = _keel_level
    $drop = _keel_get 'KEEL_PREFIX'
    if ($level -eq 0) {
        [Console]::Error.WriteLine('keel: no environment is active')
        return
    }
    _keel_leave
    if ($level -eq 1) {
        _keel_replace $drop ''
        _keel_prompt ''
        foreach ($variable in 'VIRTUAL_ENV', 'VIRTUAL_ENV_PROMPT', 'PYTHONHOME') { _keel_restore $variable }
        foreach ($variable in 'KEEL_PREFIX', 'KEEL_DEFAULT_ENV', 'KEEL_SHLVL') { _keel_unset $variable }
        return
    }
    $prefix = _keel_get "KEEL_PREFIX_$($level - 1)"
    if (-not $prefix) { $prefix = $global:_KeelRoot }
    $stacked = [bool] (_keel_get "KEEL_STACKED_$level")
    $come = if ($stacked) { '' } else { $prefix }
    _keel_replace $drop $come
    _keel_set 'KEEL_SHLVL' "$($level - 1)"
    _keel_unset "KEEL_PREFIX_$($level - 1)"
    _keel_unset "KEEL_STACKED_$level"
    _keel_enter $prefix
    if (-not $stacked) { _keel_set_up $prefix }
}

# How many environments were activated on top of each other.
function global:_keel_level {
    $level = 0
    if ([int]::TryParse("$Env:KEEL_SHLVL", [ref] $level) -and $level -gt 0) { return $level }
    return 0
}

# Where environments are looked for by name: what is configured, then the base's own folder and the user's.
function global:_keel_folders {
    $userHome = if ($global:_KeelWindows) { $Env:USERPROFILE } else { $Env:HOME }
    $user = if ($userHome) { [IO.Path]::Combine($userHome, '.keel') } else { '' }
    foreach ($folder in $user, [IO.Path]::Combine($global:_KeelRoot, 'keel-meta')) {
        $file = [IO.Path]::Combine($folder, 'envs_dirs')
        if ($folder -and [IO.File]::Exists($file)) {
            foreach ($line in [IO.File]::ReadAllLines($file)) { if ($line) { $line } }
        }
    }
    [IO.Path]::Combine($global:_KeelRoot, 'envs')
    if ($user) { [IO.Path]::Combine($user, 'envs') }
}

# The folder of the environment called $Name, or at the path $Name; nothing if there is none.
function global:_keel_find([string] $Name) {
    if ($Name -ceq '' -or $Name -ceq 'base') { return $global:_KeelRoot }
    $separators = [char[]] @([IO.Path]::DirectorySeparatorChar, [IO.Path]::AltDirectorySeparatorChar)
    if ($Name -ceq '.' -or $Name -ceq '..' -or $Name.IndexOfAny($separators) -ge 0) {
        $path = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Name)
        $path = [IO.Path]::GetFullPath($path).TrimEnd($separators)
        if ($path -ceq $global:_KeelRoot -or (_keel_is_environment $path)) { return $path }
        return
    }
    if ($Name.StartsWith('.')) { return } # work in progress
    $found = @(_keel_folders | ForEach-Object { [IO.Path]::Combine($_, $Name) })
    $found = @($found | Where-Object { _keel_is_environment $_ })
    if (-not $found.Count) { return }
    $own = [IO.Path]::Combine($global:_KeelRoot, 'envs', $Name)
    if ($found.Count -gt 1 -and $found[0] -ceq $own -and -not (_keel_is_writable "$global:_KeelRoot/envs")) {
        return $found[1]
    }
    return $found[0]
}

function global:_keel_is_environment([string] $Prefix) {
    $inPath = $Prefix.IndexOf([IO.Path]::PathSeparator) -lt 0
    return $inPath -and [IO.File]::Exists([IO.Path]::Combine($Prefix, 'pyvenv.cfg'))
}

# .NET can only try it. Asked where both places have the same name, and nowhere else.
function global:_keel_is_writable([string] $Folder) {
    try {
        $file = [IO.Path]::Combine($Folder, '.keel-' + [Guid]::NewGuid())
        [IO.File]::Create($file, 1, [IO.FileOptions]::DeleteOnClose).Dispose()
        return $true
    } catch {
        return $false
    }
}

# What people call the environment at $Prefix.
function global:_keel_name([string] $Prefix) {
    if ($Prefix -ceq $global:_KeelRoot) { return 'base' }
    if (@(_keel_folders) -ccontains [IO.Path]::GetDirectoryName($Prefix)) { return [IO.Path]::GetFileName($Prefix) }
    return $Prefix
}

# Make it the active environment, but for its entry in PATH and what it wants set and run.
function global:_keel_enter([string] $Prefix) {
    $name = _keel_name $Prefix
    $short = [IO.Path]::GetFileName($name)
    _keel_set 'KEEL_PREFIX' $Prefix
    _keel_set 'KEEL_DEFAULT_ENV' $name
    if ($Prefix -ceq $global:_KeelRoot) {
        _keel_unset 'VIRTUAL_ENV' # a base is no venv
        _keel_unset 'VIRTUAL_ENV_PROMPT'
    } else {
        _keel_set 'VIRTUAL_ENV' $Prefix
        _keel_set 'VIRTUAL_ENV_PROMPT' $short
    }
    _keel_prompt "($short) "
}

# Set the variables of the active environment, and run what it wants run on its activation.
function global:_keel_set_up([string] $Prefix) {
    $variables = @(_keel_variables $Prefix)
    foreach ($variable in $variables) {
        _keel_save $variable.Name
        _keel_set $variable.Name $variable.Value
    }
    if ($variables.Count) { _keel_set "_KEEL_VARS_$(_keel_level)" (@($variables | ForEach-Object { $_.Name }) -join ' ') }
    foreach ($script in @(_keel_scripts $Prefix 'activate.d')) { _keel_run $script }
}

# Run what the active environment wants run on its deactivation, last first, and restore its variables.
function global:_keel_leave {
    $scripts = @(_keel_scripts (_keel_get 'KEEL_PREFIX') 'deactivate.d')
    [array]::Reverse($scripts)
    foreach ($script in $scripts) { _keel_run $script }
    $names = "_KEEL_VARS_$(_keel_level)"
    foreach ($variable in "$(_keel_get $names)".Split(' ')) { if ($variable) { _keel_restore $variable } }
    _keel_unset $names
}

# What the environment at $Prefix wants set: tables with Name and Value. (ConvertFrom-Json would make dates of strings.)
function global:_keel_variables([string] $Prefix) {
    $file = [IO.Path]::Combine($Prefix, 'etc', 'keel', 'vars.json')
    if (-not [IO.File]::Exists($file)) { return }
    $text = '"((?:[^"\\]|\\.)*)"'
    foreach ($pair in [regex]::Matches([IO.File]::ReadAllText($file), "$text\s*:\s*$text")) {
        @{ Name = $pair.Groups[1].Value; Value = [regex]::Unescape($pair.Groups[2].Value) }
    }
}

function global:_keel_scripts([string] $Prefix, [string] $Kind) {
    $folder = [IO.Path]::Combine($Prefix, 'etc', 'keel', $Kind)
    if (-not $Prefix -or -not [IO.Directory]::Exists($folder)) { return }
    $scripts = [string[]] @([IO.Directory]::GetFiles($folder) | Where-Object { $_ -clike '*.ps1' })
    [array]::Sort($scripts, [StringComparer]::Ordinal)
    $scripts
}

# Its failures are told, and change nothing else.
function global:_keel_run([string] $Script) {
    try {
        . $Script
    } catch {
        [Console]::Error.WriteLine("keel: ${Script}: $($_.Exception.Message)")
    }
}

# What stands for the environment at $Prefix in PATH.
function global:_keel_entries([string] $Prefix) {
    if (-not $Prefix) { return }
    if (-not $global:_KeelWindows) { return [IO.Path]::Combine($Prefix, 'bin') }
    if ($Prefix -ceq $global:_KeelRoot) { $Prefix }
    [IO.Path]::Combine($Prefix, 'Scripts')
}

# Put the environment $New into the place of the first $Old in PATH, or to the front if that is not there.
function global:_keel_replace([string] $Old, [string] $New) {
    $separator = [string] [IO.Path]::PathSeparator
    $gone = @(_keel_entries $Old) -join $separator
    $come = @(_keel_entries $New | ForEach-Object { $_ + $separator }) -join ''
    $path = $separator + "$Env:PATH" + $separator
    $at = if ($gone) { $path.IndexOf($separator + $gone + $separator, [StringComparison]::Ordinal) } else { -1 }
    if ($at -ge 0) {
        $path = $path.Substring(0, $at + 1) + $come + $path.Substring($at + $gone.Length + 2)
    } elseif ($Env:PATH) {
        $path = $separator + $come + $path.Substring(1)
    } else {
        $path = $separator + $come
    }
    $Env:PATH = $path.Substring(1, [Math]::Max(0, $path.Length - 2))
}

# Show $Text before the prompt, in the place of what was shown there before.
function global:_keel_prompt([string] $Text) {
    $saved = $global:_KeelPrompt
    if ($saved -and (Test-Path -LiteralPath Function:prompt) -and $Function:prompt.Equals($saved.Became)) {
        Set-Item -LiteralPath Function:global:prompt -Value $saved.Was
    }
    $global:_KeelPrompt = $null
    _keel_unset '_KEEL_PROMPT'
    if (-not $Text -or $Env:VIRTUAL_ENV_DISABLE_PROMPT -or -not (Test-Path -LiteralPath Function:prompt)) { return }
    _keel_set '_KEEL_PROMPT' $Text
    $was = $Function:prompt
    Set-Item -LiteralPath Function:global:prompt -Value { "$Env:_KEEL_PROMPT" + (-join @(& $global:_KeelPrompt.Was)) }
    $global:_KeelPrompt = @{ Was = $was; Became = $Function:prompt }
}

function global:_keel_get([string] $Variable) {
    return [Environment]::GetEnvironmentVariable($Variable)
}

function global:_keel_set([string] $Variable, [string] $Value) {
    Set-Item -LiteralPath "Env:$Variable" -Value $Value
}

function global:_keel_unset([string] $Variable) {
    if (Test-Path -LiteralPath "Env:$Variable") { Remove-Item -LiteralPath "Env:$Variable" }
}

# Keep what the variable is, for the active level.
function global:_keel_save([string] $Variable) {
    $old = "_KEEL_OLD_$(_keel_level)_$Variable"
    $value = [Environment]::GetEnvironmentVariable($Variable)
    if ($null -eq $value) { _keel_unset $old } else { _keel_set $old $value }
}

function global:_keel_restore([string] $Variable) {
    $old = "_KEEL_OLD_$(_keel_level)_$Variable"
    $value = [Environment]::GetEnvironmentVariable($old)
    if ($null -eq $value) { _keel_unset $Variable } else { _keel_set $Variable $value }
    _keel_unset $old
}

$global:_KeelWindows = [IO.Path]::DirectorySeparatorChar -eq '\'
if (-not (Test-Path -LiteralPath Variable:global:_KeelPrompt)) { $global:_KeelPrompt = $null }
$global:_KeelRoot = _keel_find_root $PSCommandPath
if (-not $global:_KeelRoot) {
    Remove-Item -LiteralPath Function:keel
    throw 'PowerShell cannot tell which base keel.ps1 belongs to; set $Env:KEEL_ROOT to the folder of the base first'
}
# Other programs find keel there, too.
$_keelCmd = [IO.Path]::Combine($global:_KeelRoot, 'cmd')
$_keelMark = [IO.Path]::PathSeparator
if ("$Env:PATH".Split($_keelMark) -cnotcontains $_keelCmd -and $_keelCmd.IndexOf($_keelMark) -lt 0) {
    $Env:PATH = if ($Env:PATH) { "$_keelCmd$_keelMark$Env:PATH" } else { $_keelCmd }
}
Remove-Variable -Name _keelCmd
Remove-Variable -Name _keelMark
