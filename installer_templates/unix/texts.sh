
# --- Longer texts -------------------------------------------------------------------------------------------------------

# shellcheck disable=SC2016  # nothing in these texts is to be expanded
license=@@license@@
# shellcheck disable=SC2016
selftest=@@selftest@@
