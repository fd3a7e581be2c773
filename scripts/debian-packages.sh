#!/bin/sh
# Installs Debian packages that tests need, where that is possible; says why where it is not (those tests then skip).
#   debian-packages.sh PACKAGE...
set -u
missing=""
for package in "$@"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "not installed, because this is no Debian:$missing"
    exit 0
fi
sudo=""
if [ "$(id -u)" != 0 ]; then
    if sudo -n true 2>/dev/null; then sudo="sudo -n"; else
        echo "not installed, because that needs root:$missing"
        exit 0
    fi
fi
echo "installing Debian packages:$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq >/dev/null && $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
    echo "could not install:$missing"
exit 0
