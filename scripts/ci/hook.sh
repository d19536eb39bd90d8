#!/usr/bin/env bash
# What .pre-commit-hooks.yaml runs, in the repository that is committed to: hook.sh validate|format.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
exec npm --prefix "$root" run --silent "$1" -- --registry "$PWD/registry"
