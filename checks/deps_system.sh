#!/usr/bin/env bash
# Installs the Debian packages of requirements/debian.txt that are missing.
# Says what to type where it may not do that itself; fails only where CI=true.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

missing=()
while read -r package; do
  state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done < <(grep --invert-match --extended-regexp '^ *(#|$)' requirements/debian.txt || true)

if [ "${#missing[@]}" -eq 0 ]; then
  echo "deps-system: every Debian package that the tests use is installed"
elif ! command -v apt-get >/dev/null; then
  echo "deps-system: no apt-get here; install by hand what corresponds to: ${missing[*]}"
elif [ "$(id -u)" -ne 0 ]; then
  echo "deps-system: only root may install; type: sudo apt-get install ${missing[*]}"
  [ "${CI:-}" != true ]
else
  echo "deps-system: installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install --yes -qq --no-install-recommends "${missing[@]}" >/dev/null
  # Debian starts a proxy as it installs it, on every address: the tests start their own.
  for service in squid tinyproxy; do
    if [ -d /run/systemd/system ] && [[ " ${missing[*]} " == *" $service "* ]]; then
      systemctl disable --now --quiet "$service"
    fi
  done
fi
