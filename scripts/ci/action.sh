#!/usr/bin/env bash
# What action.yml runs: one npm script of this repository over the registry of the one that was
# checked out. COMMAND: validate, build or publish; ARGUMENTS: more for it; REGISTRY: the folder.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
[ -f "$REGISTRY/catalog.yaml" ] || {
  echo "::error::$REGISTRY has no catalog.yaml; check the repository out first, or name its folder with the input registry"
  exit 2
}
registry=$(cd "$REGISTRY" && pwd)
read -ra arguments <<< "${ARGUMENTS:-}"
case "$COMMAND" in
  validate) script=validate ;;
  build) script=build:catalog arguments=(--out "$PWD/dist/catalog" "${arguments[@]}") ;;
  publish) script=publish ;;
  *)
    echo "::error::the input command is validate, build or publish, not $COMMAND"
    exit 2
    ;;
esac
exec npm --prefix "$root" run --silent "$script" -- --registry "$registry" "${arguments[@]}"
