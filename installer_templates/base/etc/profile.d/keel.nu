# The command `keel` for nushell 0.101 or later. Load it with its literal path, then: keel activate NAME
#
#   use /path/of/the/base/etc/profile.d/keel.nu
#
# Activating and deactivating are done here, in the shell itself, without a process; all else goes to cmd/keel. The state
# is in exported variables, which keel.sh describes, so that a child shell of any kind can leave what this one entered.
# nushell cannot source a path that it computes: environments can have variables here, and no scripts.

const HERE = (path self)
const CHANGED = [VIRTUAL_ENV VIRTUAL_ENV_PROMPT PYTHONHOME]

export-env {
    let cmd = (root) | path join cmd
    let entries = path-entries
    if $cmd not-in $entries and not ($cmd | str contains (char esep)) {
        $env.PATH = $entries | prepend $cmd
    }
}

# Environments: activate, deactivate, create, list and more; see keel --help.
#
# Only this function changes variables, in one go. (What a function of its own would set and another hide comes back in
# nushell, from the scope of one of its callers.) The others make a record of variables out of a record of variables.
export def --env --wrapped main [...words: string] {
    let names = $words | skip 1 | where $it != '--stack'
    let named = ($names | length) < 2 and not ($names | any { str starts-with '-' })
    let before = $env | upsert PATH (path-entries)
    let after = match [$words.0? $named] {
        [activate true] => {
            let found = find-environment ($names.0? | default base)
            if $found != null { activate $before $found ('--stack' in $words) }
        }
        [deactivate _] if ($words | length) == 1 => { deactivate $before }
        _ => null
    }
    if $after == null {
        run-keel ($words | where $it != '--stack' or not $named)
    } else {
        let touched = [...(touched $before) ...(touched $after)] | uniq
        hide-env --ignore-errors ...($touched | where $it not-in $after)
        for name in ($touched | where $it in $after) {
            load-env {$name: ($after | get $name)}
        }
        $env.PATH = $after.PATH
    }
}

# The names of those variables that activation changes.
def touched [state: record]: nothing -> list<string> {
    let own = $state | columns | where $it =~ '^(_?KEEL_.*|VIRTUAL_ENV(_PROMPT)?|PYTHONHOME|PROMPT_COMMAND)$'
    let set = $own | where $it starts-with _KEEL_VARS_ | each { |names| $state | get $names | split row ' ' } | flatten
    [...$own ...$set]
}

# The base that this file belongs to, however it is reached.
def root []: nothing -> string {
    let places = [$HERE ($HERE | path expand)] | each { path dirname | path dirname | path dirname }
    let roots = [...$places ($env.KEEL_ROOT? | default '')]
        | where { $in != '' and ($in | path join keel-meta keel __main__.py | path exists) }
    if ($roots | is-empty) {
        error make { msg: 'keel.nu belongs to no base; set KEEL_ROOT to the folder of the base first' }
    }
    $roots | first
}

# keel itself. It fails as any program does.
def run-keel [words: list<string>] {
    let root = root
    if $nu.os-info.name == windows {
        let main = $root | path join keel-meta keel __main__.py
        ^($root | path join python.exe) -I -S -B -X utf8 $main ...$words
    } else {
        ^($root | path join cmd keel) ...$words
    }
}

def activate [state: record, found: record, stack: bool]: nothing -> record {
    let level = level
    let active = $state.KEEL_PREFIX? | default ''
    if $level == 0 {
        let state = $CHANGED | reduce --fold $state { |name, state| keep $state 1 $name }
        let state = without $state [PYTHONHOME] | upsert KEEL_SHLVL '1'
        set-up (enter (replace-in-path $state '' $found.prefix) $found) 1
    } else if $found.prefix == $active {
        set-up (enter (replace-in-path (leave $state $level) $active $active) $found) $level
    } else {
        let below = if $active == '' { root } else { $active }
        let state = if $stack {
            replace-in-path $state '' $found.prefix | upsert $'KEEL_STACKED_($level + 1)' 'true'
        } else {
            replace-in-path (leave $state $level) $active $found.prefix
        }
        let state = $state | upsert $'KEEL_PREFIX_($level)' $below | upsert KEEL_SHLVL ($level + 1 | into string)
        set-up (enter $state $found) ($level + 1)
    }
}

def deactivate [state: record]: nothing -> record {
    let level = level
    let active = $state.KEEL_PREFIX? | default ''
    if $level == 0 {
        print --stderr 'keel: no environment is active'
        return $state
    }
    let state = leave $state $level
    if $level == 1 {
        let state = show-prompt (replace-in-path $state $active '') ''
        let state = $CHANGED | reduce --fold $state { |name, state| restore $state 1 $name }
        return (without $state [KEEL_PREFIX KEEL_DEFAULT_ENV KEEL_SHLVL])
    }
    let below = $'KEEL_PREFIX_($level - 1)'
    let stacked = $'KEEL_STACKED_($level)'
    let prefix = if $below in $state { $state | get $below } else { root }
    let kept = $stacked in $state
    let state = replace-in-path $state $active (if $kept { '' } else { $prefix })
    let state = without $state [$below $stacked] | upsert KEEL_SHLVL ($level - 1 | into string)
    let state = enter $state {prefix: $prefix, name: (name-of $prefix)}
    if $kept { $state } else { set-up $state ($level - 1) }
}

# How many environments were activated on top of each other.
def level []: nothing -> int {
    let level = $env.KEEL_SHLVL? | default '0' | into string
    if $level =~ '^\d+$' { $level | into int } else { 0 }
}

# Where environments are looked for by name: what is configured, the base's own folder, the user's.
def folders []: nothing -> record {
    let root = root
    let home = (if $nu.os-info.name == windows { $env.USERPROFILE? } else { $env.HOME? }) | default ''
    let user = if $home == '' { '' } else { $home | path join .keel }
    let configured = [$user ($root | path join keel-meta)]
        | where $it != ''
        | each { path join envs_dirs }
        | where { path exists }
        | each { |file| try { open --raw $file | decode utf-8 | lines } catch { [] } }
        | flatten
        | where $it != ''
    {
        configured: $configured
        own: ($root | path join envs)
        user: (if $user == '' { '' } else { $user | path join envs })
    }
}

# {prefix, name} of the environment called `name`, or at the path `name`; null if there is none.
def find-environment [name: string] {
    let root = root
    let separator = if $nu.os-info.name == windows { '[/\\]' } else { '/' }
    if $name in ['' base] {
        return {prefix: $root, name: base}
    }
    if $name in ['.' '..'] or $name =~ $separator {
        let prefix = $name | path expand --no-symlink | path split | path join # no slash at its end
        return (if $prefix == $root or (is-environment $prefix) { {prefix: $prefix, name: (name-of $prefix)} })
    }
    if ($name | str starts-with '.') {
        return null # work in progress
    }
    let dirs = folders
    let own = $dirs.own | path join $name
    let user = if $dirs.user == '' { '' } else { $dirs.user | path join $name }
    let both = $user != '' and (is-environment $own) and (is-environment $user)
    let last = if $both and not (is-writable $dirs.own) { [$user $own] } else { [$own $user] }
    let places = [...($dirs.configured | each { path join $name }) ...$last] | where { is-environment $in }
    if ($places | is-not-empty) {
        {prefix: ($places | first), name: $name}
    }
}

def is-environment [prefix: string]: nothing -> bool {
    $prefix != '' and ($prefix | path join pyvenv.cfg | path exists) and not ($prefix | str contains (char esep))
}

# nushell can only try it. Asked where both places have the same name, and nowhere else.
def is-writable [folder: string]: nothing -> bool {
    try {
        rm --permanent (mktemp --tmpdir-path $folder .keel-XXXXXX)
        true
    } catch {
        false
    }
}

# What people call the environment at `prefix`.
def name-of [prefix: string]: nothing -> string {
    if $prefix == (root) {
        return base
    }
    let dirs = folders
    let folder = $prefix | path dirname
    if $folder in [...$dirs.configured $dirs.own $dirs.user] { $prefix | path basename } else { $prefix }
}

# Make it the active environment, but for its entry in PATH and its variables.
def enter [state: record, found: record]: nothing -> record {
    let short = $found.name | path basename
    let state = $state | upsert KEEL_PREFIX $found.prefix | upsert KEEL_DEFAULT_ENV $found.name
    let state = if $found.prefix == (root) {
        without $state [VIRTUAL_ENV VIRTUAL_ENV_PROMPT] # a base is no venv
    } else {
        $state | upsert VIRTUAL_ENV $found.prefix | upsert VIRTUAL_ENV_PROMPT $short
    }
    show-prompt $state ('(' + $short + ') ')
}

# Set the variables of the active environment, which is at that level.
def set-up [state: record, level: int]: nothing -> record {
    let values = variables-of $state.KEEL_PREFIX
    let names = $values | columns
    if ($names | is-empty) {
        return $state
    }
    $names
    | reduce --fold $state { |name, state| keep $state $level $name | upsert $name ($values | get $name) }
    | upsert $'_KEEL_VARS_($level)' ($names | str join ' ')
}

# Restore the variables of the active environment, which is at that level.
def leave [state: record, level: int]: nothing -> record {
    let set = $'_KEEL_VARS_($level)'
    let names = if $set in $state { $state | get $set | split row ' ' } else { [] }
    without ($names | reduce --fold $state { |name, state| restore $state $level $name }) [$set]
}

# What the environment at `prefix` wants set.
def variables-of [prefix: string]: nothing -> record {
    let file = $prefix | path join etc keel vars.json
    if not ($file | path exists) {
        return {}
    }
    try {
        open --raw $file | decode utf-8 | from json
    } catch {
        print --stderr $'keel: ($file) cannot be read'
        {}
    }
}

def path-entries []: nothing -> list<string> {
    let path = $env.PATH? | default []
    if ($path | describe) == string { $path | split row (char esep) } else { $path }
}

# What stands for the environment at `prefix` in PATH.
def entries-of [prefix: string]: nothing -> list<string> {
    if $prefix == '' {
        []
    } else if $nu.os-info.name != windows {
        [($prefix | path join bin)]
    } else if $prefix == (root) {
        [$prefix ($prefix | path join Scripts)]
    } else {
        [($prefix | path join Scripts)]
    }
}

# Put the environment `new` into the place of the first `old` in PATH, or to the front if that is not there.
def replace-in-path [state: record, old: string, new: string]: nothing -> record {
    let path = $state.PATH
    let gone = entries-of $old
    let come = entries-of $new
    let length = $gone | length
    let places = 0..($path | length) | where { |at| $length > 0 and ($path | skip $at | first $length) == $gone }
    let at = $places.0? | default 0
    let length = if ($places | is-empty) { 0 } else { $length }
    $state | upsert PATH [...($path | first $at) ...$come ...($path | skip ($at + $length))]
}

# Show `text` before the prompt, in the place of what was shown there before.
def show-prompt [state: record, text: string]: nothing -> record {
    let state = if _KEEL_OLD_0_PROMPT_COMMAND in $state { restore $state 0 PROMPT_COMMAND } else { $state }
    let state = without $state [_KEEL_PROMPT]
    let prompt = $state.PROMPT_COMMAND?
    if $text == '' or $prompt == null or ($env.VIRTUAL_ENV_DISABLE_PROMPT? | default '' | is-not-empty) {
        return $state
    }
    let shown = if ($prompt | describe) == closure { {|| $text + (do $prompt) } } else { $text + $prompt }
    keep $state 0 PROMPT_COMMAND | merge {_KEEL_PROMPT: $text, PROMPT_COMMAND: $shown} # upsert would run a closure
}

def without [state: record, names: list<string>]: nothing -> record {
    $names | reduce --fold $state { |name, state| if $name in $state { $state | reject $name } else { $state } }
}

# Remember what a variable is, for that level.
def keep [state: record, level: int, variable: string]: nothing -> record {
    let old = $'_KEEL_OLD_($level)_($variable)'
    if $variable in $state { $state | merge {$old: ($state | get $variable)} } else { without $state [$old] }
}

# Make a variable what it was.
def restore [state: record, level: int, variable: string]: nothing -> record {
    let old = $'_KEEL_OLD_($level)_($variable)'
    if $old not-in $state { without $state [$variable] } else {
        without ($state | merge {$variable: ($state | get $old)}) [$old]
    }
}
