
# --- Options: Miniconda's, each with a long name ------------------------------------------------------------------------

action=install
batch='' force='' test_after='' init_after='' prefix_option=''
force_advice=' (-f installs all the same, and keeps what is there)'

usage() {
    quote "$self"
    cat <<USAGE
$app_title $app_version (Python $python_version, $platform_label)${app_company:+, by $app_company}
$installed_files files, $installed_megabytes MB once installed.

usage: sh $result [options]

  -b, --batch          ask nothing; this means that the license is accepted
  -p, --prefix PREFIX  install into this folder (default: $default_prefix)
  -f, --force          install into a folder that is not empty; what is there is kept
  -c, --init           make 'keel' known to your shell (keel init)
  -t, --test           test the installation afterwards
  -u, --update         update an existing installation (not supported yet)
  -k, --keep           keep the package store (it is always kept)
  -s, --skip-scripts   run no scripts (there are none)
  -m, --no-menus       make no menu entries (there are none)
  -h, --help           show this and exit
      --version        show name and version and exit
      --verify         check that this file is complete and undamaged, and exit
      --list           list what this file holds, and exit
      --offset         print where the first archive begins, for tail -c +OFFSET, and exit

examples:
  sh $result                          answer a few questions
  sh $result -b                       install into the default folder
  sh $result -b -p /opt/$app_name -t  install somewhere else, then test
  tail -c +\$(sh $result --offset) $result | zstd -d --long=25 | tar -x
                                     unpack without the installer
USAGE
}

wrong_usage() {
    quote "$self"
    die 2 "$1" "${2-"all options: sh $result --help"}"
}

parse_options() {
    while [ $# -gt 0 ]; do
        case $1 in
            --prefix)
                [ $# -gt 1 ] || wrong_usage "--prefix needs a folder"
                set_prefix "$2"
                shift
                ;;
            --prefix=*) set_prefix "${1#--prefix=}" ;;
            --*) parse_long "$1" ;;
            -?*)
                parse_short "${1#-}" "${2-}" $(($# > 1))
                [ -z "$took_next" ] || shift
                ;;
            *) wrong_usage "an argument that is no option: '$1'" ;;
        esac
        shift
    done
}

set_prefix() {
    [ -n "$1" ] || wrong_usage "the prefix is empty"
    prefix_option=$1
}

parse_long() {
    case $1 in
        --batch) batch=yes ;;
        --force) force=yes ;;
        --init) init_after=yes ;;
        --test) test_after=yes ;;
        --update) refuse_update ;;
        --keep | --skip-scripts | --no-menus) ;;
        --help | --version | --verify | --list | --offset) action=${1#--} ;;
        *) wrong_usage "unknown option $1" ;;
    esac
}

# parse_short LETTERS NEXT HAS_NEXT: combined options such as -bf, -bp PREFIX, -pPREFIX. `took_next` says whether NEXT was used.
parse_short() {
    took_next=''
    letters=$1
    while [ -n "$letters" ]; do
        letter=${letters%"${letters#?}"}
        letters=${letters#?}
        case $letter in
            b) batch=yes ;;
            f) force=yes ;;
            c) init_after=yes ;;
            t) test_after=yes ;;
            u) refuse_update ;;
            k | s | m) ;;
            h) action=help ;;
            p)
                if [ -n "$letters" ]; then
                    set_prefix "$letters"
                    return 0
                fi
                [ "$3" -eq 1 ] || wrong_usage "-p needs a folder"
                took_next=yes
                set_prefix "$2"
                ;;
            *) wrong_usage "unknown option -$letter" ;;
        esac
    done
}

refuse_update() {
    die 2 "updates are not supported yet" "install the new version into another folder, or uninstall the old one first"
}
