"""The commands of `keel-builder`: a module each, whose `command` is imported only when it is typed or explained.

To add one: a module of that name here with a click command (or group) called `command`, and its line in the table.
"""

# Name -> what it does, in the order of `keel-builder --help`.
COMMANDS = {
    "build": "Build the installers of a recipe.",
    "check": "Report every mistake in a recipe, or list its targets.",
    "lock": "Choose the packages of a recipe, without building.",
    "show": "Say what is in an installer, without running it.",
    "verify": "Check that installers are intact, without running them, or an archive.",
    "diff": "Say what has changed from one installer to another.",
    "download": "Fetch an installer from an archive, and check it.",
    "publish": "Put installers on an archive, a static site.",
    "key": "Make and show the keys that archives are signed with.",
    "serve": "Look at an archive on this computer.",
    "cache": "Look at the cache, or clean it.",
    "schema": "Print the JSON Schema of recipes, for editors.",
}
