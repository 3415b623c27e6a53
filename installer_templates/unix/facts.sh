
# --- What is installed, and what it needs -------------------------------------------------------------------------------

app_name=@@name@@
app_title=@@title@@
app_version=@@version@@
app_company=@@company@@
python_version=@@python@@
platform_label=@@label@@
kernel=@@kernel@@
kernel_name=@@kernel_name@@
machines=@@machines@@
minimum_glibc=@@glibc@@
minimum_macos=@@macos@@
# shellcheck disable=SC2088  # `expand` replaces the tilde
default_prefix=@@default_prefix@@
installed_files=@@installed_files@@
installed_megabytes=@@installed_megabytes@@
bytecode=@@bytecode@@
