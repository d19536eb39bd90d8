#!/bin/sh
# Fetches oras, cosign and docker's client, which the tests use, and prints the folder that holds them:
#
#     PATH="$(scripts/ci/get-tools.sh):$PATH"
#
# All are Debian packages of a newer suite than the one that a CI machine runs. They are
# self-contained, so they are downloaded (apt checks the archive's signature) and unpacked into a
# cache folder; nothing is installed and the system's apt configuration stays as it is. The mirror
# is the one that the machine already uses.
#
#   PORTOLAN_TOOLS        folder to unpack into (default: ${XDG_CACHE_HOME:-~/.cache}/portolan-ci)
#   PORTOLAN_TOOLS_SUITE  Debian suite to take them from (default: testing)
set -eu

tools="oras cosign docker"
packages="oras cosign docker-cli"
folder="${PORTOLAN_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/portolan-ci}"
suite="${PORTOLAN_TOOLS_SUITE:-testing}"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

complete() {
  for tool in $tools; do [ -x "$folder/usr/bin/$tool" ] || return 1; done
}

if ! complete; then
  command -v apt-get >/dev/null && [ -f "$keyring" ] || {
    echo "get-tools: this is not a Debian machine; install $tools yourself and put them on the PATH" >&2
    exit 1
  }
  # The archive that serves this machine's own release; the security archive has no other suites.
  codename="$(. /etc/os-release && echo "${VERSION_CODENAME:-testing}")"
  mirror="$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
    awk -v release="$codename" '$1 == release { print $2; exit }')"
  [ -n "$mirror" ] || {
    echo "get-tools: apt has no Debian archive for $codename; add one to /etc/apt/sources.list.d" >&2
    exit 1
  }

  work="$(mktemp -d)"
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work" # apt's own user reads and writes below
  mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/parts" "$work/out"
  echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
  apt() {
    command="$1"
    shift
    apt-get -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/parts" \
      -o Dir::State="$work/state" -o Dir::State::status=/dev/null -o Dir::Cache="$work/cache" \
      -o APT::Sandbox::User=root -o Acquire::Retries=3 "$command" "$@" >&2
  }
  (
    cd "$work"
    apt update
    # shellcheck disable=SC2086
    apt download $packages
    for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/out"; done
  )
  # Moved into place tool by tool at the end, so a broken download leaves nothing that looks whole.
  mkdir -p "$folder/usr/bin"
  for tool in $tools; do
    cp "$work/out/usr/bin/$tool" "$folder/usr/bin/.$tool.$$"
    mv -f "$folder/usr/bin/.$tool.$$" "$folder/usr/bin/$tool"
  done
fi

echo "$folder/usr/bin"
