/* The load configuration of the program: libraries that it names come from the system's folder only, even before its first line
 * runs. https://learn.microsoft.com/windows/win32/debug/pe-format#the-load-configuration-structure-image-only */
#include "os_windows.h"

/* The linker looks for this name. */
extern const IMAGE_LOAD_CONFIG_DIRECTORY64 _load_config_used;
const IMAGE_LOAD_CONFIG_DIRECTORY64 _load_config_used __attribute__((used)) = {
    .Size = sizeof _load_config_used,
    .DependentLoadFlags = LOAD_LIBRARY_SEARCH_SYSTEM32,
};
