#!/bin/sh
# shellcheck disable=SC2034,SC2317,SC2329  # facts and functions are shared with other scripts
# Made by Keel. macOS's Installer runs it as: SCRIPT PACKAGE DESTINATION VOLUME ROOT
# DESTINATION is / for all users, a home folder for one, or the folder that was chosen instead.

# Nothing that the caller's environment holds may change what happens.
set -eu
unset IFS
unset CDPATH ENV BASH_ENV LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES DYLD_LIBRARY_PATH
PATH=${PATH:+$PATH:}/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
LC_ALL=C
export PATH LC_ALL
umask 022
# Where Installer starts it, a user may not read.
cd /
