<#
.SYNOPSIS
Picks the installer for this computer out of an archive, checks it, and runs it.

.DESCRIPTION
    irm https://ARCHIVE/install.ps1 | iex
    & ([scriptblock]::Create((irm https://ARCHIVE/install.ps1))) -Yes -Prefix C:\Python-of-Acme

What is in an archive, and what its signature means: docs/archive-format.md. Windows PowerShell 5.1 or later.
#>
[CmdletBinding()]
param(
    [string] $Name,                 # what to install
    [string] $Version,              # this one instead of the newest
    [string] $Python,               # for this Python: 3.12, or 3.12.9
    [string] $Platform,             # windows-x86_64 or windows-arm64 instead of the one found
    [string] $Prefix,               # the folder to install into
    [string] $Archive,              # the archive's address, or a folder
    [string] $Key,                  # the archive's public key (RW...), from a source that you trust
    [string[]] $Options = @(),      # passed on to the installer, such as '/AddToPath=1'
    [switch] $Yes,                  # ask nothing; this means that the license is accepted
    [switch] $Download,             # only download and check, into the current folder
    [switch] $DryRun,               # only show what would be done
    [switch] $Help
)

# Functions only, and one call at the end: a script that was cut off on its way does nothing.

$KeelKnown = @{
    Archive = '@archive@'
    Key = '@key@'
    Id = '@id@'
    Version = '@version@'
    Name = '@name@'
}

function Show-KeelHelp {
    'Options: -Name NAME  -Version VERSION  -Python 3.12  -Platform windows-x86_64|windows-arm64  -Prefix FOLDER'
    '         -Yes  -Download  -DryRun  -Archive ADDRESS  -Key RW...  -Options /AddToPath=1,/RegisterPython=0'
    'Exit codes of the script: 0 done, 2 wrong usage, 3 nothing for this system, 5 damaged file, 8 cancelled,'
    '11 archive not reachable, 12 archive not to be trusted; once the installer runs, its own.'
}

# Ends the script with an exit code. An exception, for `exit` would close the window that `iex` runs in.
function Stop-Keel([int] $Code, [string] $Message, [string] $Hint) {
    $failure = New-Object System.InvalidOperationException $Message
    $failure.Data['keel'] = $Code
    $failure.Data['hint'] = $Hint
    throw $failure
}

# The registry tells what the computer is; a variable tells what this process was emulated as.
function Get-KeelPlatform {
    $place = 'HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager\Environment'
    switch ((Get-ItemProperty -Path $place).PROCESSOR_ARCHITECTURE) {
        'AMD64' { return 'windows-x86_64' }
        'ARM64' { return 'windows-arm64' }
    }
    Stop-Keel 3 'this Windows is a 32-bit one, and there are no installers for it' ''
}

# Gets a file of the archive; with -Large it shows how far it is and goes on after breaks.
function Get-KeelFile([string] $From, [string] $File, [string] $To, [switch] $Large) {
    if ($From -notmatch '^https?://') {
        Copy-Item -LiteralPath (Join-Path $From $File) -Destination $To -ErrorAction Stop
        return
    }
    $address = "$From/$File"
    if (Get-Command curl.exe -ErrorAction SilentlyContinue) {
        $words = @('-fL', '-S', '--connect-timeout', '20', '--speed-limit', '1', '--speed-time', '60', '-o', $To)
        if ($Large) { $words += '-#' } else { $words += '-s' }
        for ($try = 1; $try -le 5; $try++) {
            $resume = @()
            if ($Large -and (Test-Path -LiteralPath $To)) { $resume = @('-C', '-') }
            & curl.exe @words @resume $address
            if ($LASTEXITCODE -eq 0) { return }
            # 22: the server says no; 33: it cannot go on in the middle.
            if ($LASTEXITCODE -eq 22) { break }
            if ($LASTEXITCODE -eq 33) { Remove-Item -LiteralPath $To -Force }
            Start-Sleep -Seconds 1
        }
        Stop-Keel 11 "$address cannot be downloaded" 'check the address and the network'
    }
    try {
        Invoke-WebRequest -Uri $address -OutFile $To -UseBasicParsing
    } catch {
        Stop-Keel 11 "$address cannot be downloaded: $($_.Exception.Message)" 'check the address and the network'
    }
}

function Get-KeelHash([string] $File) {
    (Get-FileHash -LiteralPath $File -Algorithm SHA256).Hash.ToLowerInvariant()
}

# The index: its head, and the installers for Windows, of which each has a line.
function Read-KeelIndex([string] $File) {
    $lines = [System.IO.File]::ReadAllLines($File)
    if ($lines[0] -notmatch '^\{"schema": ?1,') {
        Stop-Keel 11 'what lies at that address is no archive, or one of a newer kind' 'check the address'
    }
    $index = @{ Installers = @(); Latest = @{} }
    foreach ($line in $lines) {
        if ($line -match '^\{"file":.*"format": ?"exe"') {
            $index.Installers += ConvertFrom-Json $line.TrimEnd(',')
        } elseif ($line -match '^"(archive|version|expires)": ?"?([^",]*)"?,?$') {
            $index[$Matches[1]] = $Matches[2]
        } elseif ($line -match '^"([^"]*-latest-[^"]*)": ?"([^"]*)",?$') {
            $index.Latest[$Matches[1]] = $Matches[2]
        }
    }
    $index
}

function Test-KeelSignature([string] $From, [string] $Folder, [hashtable] $Index, [string] $PublicKey, [bool] $Asked) {
    if (-not $PublicKey) {
        Write-Warning 'the archive is not signed: the checksums come from the same place as the files'
        return
    }
    if (-not (Get-Command minisign -ErrorAction SilentlyContinue)) {
        if ($Asked) { Stop-Keel 12 'nothing here can check the signature' 'install minisign' }
        Write-Warning ('the signature of the archive is not checked, for minisign is not installed: ' +
            'the checksums come from the same place as the files')
        return
    }
    $signature = Join-Path $Folder 'index.minisig'
    Get-KeelFile $From "signatures/index-$($Index.version).minisig" $signature
    $comment = & minisign -Vm (Join-Path $Folder 'index.json') -x $signature -P $PublicKey -Q
    if ($LASTEXITCODE -ne 0) {
        Stop-Keel 12 "the index of the archive is not signed with the key $PublicKey" 'install nothing from there; ask its publisher'
    }
    $until = $Index.expires
    if ($until -eq 'null') { $until = 'never' }
    $wanted = "keel archive:$($Index.archive) file:index.json version:$($Index.version) expires:$until"
    if ("$comment".Trim() -ne $wanted) {
        Stop-Keel 12 "the signature is for something else: $comment" 'files of different archives or versions are mixed up there'
    }
    "The archive's signature is right (checked with minisign)."
}

# Expired, rolled back, or another archive than before. What was seen is kept for the next time.
function Test-KeelHistory([string] $From, [string] $File, [hashtable] $Index, [hashtable] $Known) {
    $style = [System.Globalization.DateTimeStyles]'AssumeUniversal, AdjustToUniversal'
    if ($Index.expires -ne 'null') {
        $until = [datetime]::ParseExact($Index.expires, "yyyy-MM-dd'T'HH:mm:ss'Z'", [cultureinfo]::InvariantCulture, $style)
        if ($until -le [datetime]::UtcNow) {
            Stop-Keel 12 "the index of the archive has expired: it was good until $($Index.expires)" 'its publisher has to renew it'
        }
    }
    $bytes = [System.Security.Cryptography.SHA256]::Create().ComputeHash([System.Text.Encoding]::UTF8.GetBytes($From))
    $name = -join ($bytes[0..7] | ForEach-Object { $_.ToString('x2') })
    $memory = Join-Path $Env:LOCALAPPDATA "keel\bootstrap-$name.txt"
    $seen = @('', '0', '')
    if (Test-Path -LiteralPath $memory) { $seen = (Get-Content -LiteralPath $memory -TotalCount 1) -split ' ' }
    $now = [long] $Index.version
    $least = [Math]::Max([long] $Known.Version, [long] $seen[1])
    foreach ($id in @($Known.Id, $seen[0])) {
        if ($id -and $id -ne $Index.archive) {
            Stop-Keel 12 'this is another archive than before at this address' "ask its publisher; if it was made anew, remove $memory"
        }
    }
    if ($now -lt $least) {
        Stop-Keel 12 "the archive was rolled back: it has version $now, and it had $least before" 'ask its publisher'
    }
    $hash = Get-KeelHash $File
    if ($now -eq [long] $seen[1] -and $hash -ne $seen[2]) {
        Stop-Keel 12 "version $now of the archive has other content than the last time" 'ask its publisher'
    }
    New-Item -ItemType Directory -Force -Path (Split-Path $memory) | Out-Null
    Set-Content -LiteralPath $memory -Value "$($Index.archive) $now $hash" -Encoding ASCII
}

# The installer's line: the one that the archive calls the latest, else the first that fits (the newest comes first).
function Select-KeelInstaller([hashtable] $Index, [hashtable] $Wanted) {
    $names = @($Index.Installers | ForEach-Object { $_.name } | Sort-Object -Unique)
    $name = $Wanted.Name
    if (-not $name -and $names.Count -eq 1) { $name = $names[0] }
    if (-not $name) { Stop-Keel 2 "what is to be installed? There are: $($names -join ' ')" 'choose one: -Name NAME' }
    $platforms = @($Wanted.Platform)
    # Windows on ARM runs programs for x86-64, too.
    if ($Wanted.Platform -eq 'windows-arm64' -and -not $Wanted.Exactly) { $platforms += 'windows-x86_64' }
    foreach ($platform in $platforms) {
        $fitting = @($Index.Installers | Where-Object {
            $_.platform -eq $platform -and $_.name -eq $name -and
            (-not $Wanted.Version -or $_.version -eq $Wanted.Version) -and
            (-not $Wanted.Python -or $_.python -eq $Wanted.Python -or $_.python.StartsWith("$($Wanted.Python)."))
        })
        if ($fitting.Count -eq 0) { continue }
        $label = $fitting[0].file -replace '^.*-py\d+-', ''
        $minor = ''
        if ($Wanted.Python -match '^(\d+)\.(\d+)') { $minor = "-py$($Matches[1])$($Matches[2])" }
        $title = $name.Substring(0, 1).ToUpperInvariant() + $name.Substring(1)
        $latest = $Index.Latest["$title-latest$minor-$label"]
        $newest = @($fitting | Where-Object { -not $Wanted.Version -and $_.file -ceq $latest })
        return @($newest + $fitting)[0]
    }
    Stop-Keel 3 "the archive has no $name for $($Wanted.Platform) that fits" 'see what it has on its page'
}

function Invoke-KeelInstaller([string] $File) {
    $words = @($Options)
    if ($Yes) { $words += '/S' }
    if ($Prefix) { $words += "/D=$Prefix" }  # comes last, and is not quoted
    $arguments = @{ FilePath = $File; Wait = $true; PassThru = $true }
    if ($words.Count) { $arguments.ArgumentList = $words }
    (Start-Process @arguments).ExitCode
}

function Install-KeelFromArchive([string] $Folder) {
    $known = $KeelKnown
    if ($known.Id -like '@*') { $known = @{ Archive = ''; Key = ''; Id = ''; Version = '0'; Name = '' } }
    $from = $known.Archive
    if ($Archive) { $from = $Archive.TrimEnd('/') }
    if (-not $from) { Stop-Keel 2 'which archive?' 'give its address: -Archive https://...' }
    if ($from -ne $known.Archive -and ($Key -or -not $known.Key)) { $known.Id = ''; $known.Version = '0'; $known.Name = '' }
    $publicKey = $known.Key
    if ($Key) { $publicKey = $Key }
    $wanted = @{ Name = $Name; Version = $Version; Python = $Python; Platform = $Platform; Exactly = [bool] $Platform }
    if (-not $wanted.Platform) { $wanted.Platform = Get-KeelPlatform }
    if (-not $wanted.Name) { $wanted.Name = $known.Name }

    $file = Join-Path $Folder 'index.json'
    Get-KeelFile $from 'index.json' $file
    $index = Read-KeelIndex $file
    Test-KeelSignature $from $Folder $index $publicKey ([bool] $Key) | Out-Host
    Test-KeelHistory $from $file $index $known
    $chosen = Select-KeelInstaller $index $wanted
    if ($chosen.file -notmatch '^[A-Za-z0-9_][A-Za-z0-9._+!-]*$') { Stop-Keel 12 'the index of the archive is damaged' '' }
    Write-Host "$($chosen.file), $([Math]::Round($chosen.size / 1e6)) MB, SHA-256 $($chosen.sha256)"
    if ($DryRun) {
        Write-Host 'Nothing was downloaded or installed (-DryRun).'
        return 0
    }
    if (-not $Yes -and -not $Download -and (Read-Host 'Download and run it? [yes|no]') -notmatch '^y(es)?$') {
        Stop-Keel 8 'cancelled; nothing was installed' ''
    }
    $target = Join-Path $Folder $chosen.file
    Get-KeelFile $from $chosen.file $target -Large
    if ((Get-KeelHash $target) -ne $chosen.sha256) {
        Stop-Keel 5 "$($chosen.file) is not the file that the archive's index names: its SHA-256 is another one" 'nothing was run; try again'
    }
    if ($Download) {
        Move-Item -LiteralPath $target -Destination (Join-Path (Get-Location) $chosen.file) -Force
        Write-Host "It is here, and it is the right file: $($chosen.file)"
        return 0
    }
    Invoke-KeelInstaller $target
}

function Start-Keel {
    if ($Help) {
        Show-KeelHelp | Out-Host
        return 0
    }
    $ProgressPreference = 'SilentlyContinue'  # the bar of Windows PowerShell 5.1 makes downloads ten times slower
    $ErrorActionPreference = 'Stop'
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor 3072  # TLS 1.2
    $folder = Join-Path ([System.IO.Path]::GetTempPath()) ('keel-install-' + [System.IO.Path]::GetRandomFileName())
    New-Item -ItemType Directory -Path $folder | Out-Null
    try {
        Install-KeelFromArchive $folder
    } catch {
        $code = 1
        $hint = ''
        if ($_.Exception.Data -and $_.Exception.Data.Contains('keel')) {
            $code = $_.Exception.Data['keel']
            $hint = $_.Exception.Data['hint']
        }
        Write-Host "error: $($_.Exception.Message)" -ForegroundColor Red
        if ($hint) { Write-Host "hint: $hint" }
        $code
    } finally {
        Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction SilentlyContinue
    }
}

$KeelCode = Start-Keel
if ($PSCommandPath) { exit $KeelCode }
$global:LASTEXITCODE = $KeelCode
