# Activate the environment that this file lies in, in nushell 0.101 or later; it is what any venv has:
#   overlay use ENV/bin/activate.nu      and later: deactivate

const SELF = (path self)

export-env {
    let prefix = $SELF | path dirname | path dirname
    let name = $prefix | path basename
    let here = $env.PATH? | default []
    let path = if ($here | describe) == string { $here | split row (char esep) } else { $here }
    let prompt = $env.PROMPT_COMMAND?
    let variables = $prefix | path join etc keel vars.json # keel env config vars
    if ($variables | path exists) {
        load-env (open --raw $variables | decode utf-8 | from json)
    }
    load-env {
        VIRTUAL_ENV: $prefix
        VIRTUAL_ENV_PROMPT: $name
        PATH: [($SELF | path dirname) ...$path]
    }
    if $prompt != null and ($env.VIRTUAL_ENV_DISABLE_PROMPT? | default '' | is-empty) {
        let text = '(' + $name + ') '
        $env.PROMPT_COMMAND = if ($prompt | describe) == closure { {|| $text + (do $prompt) } } else { $text + $prompt }
    }
    hide-env --ignore-errors PYTHONHOME
}

export alias deactivate = overlay hide activate
