#!/usr/bin/env bash
# Runs the forge tests and fails when forge found none (it exits 0 then).
set -euo pipefail
cd "$(dirname "$0")/.."
export FOUNDRY_PROFILE="${FOUNDRY_PROFILE:-${CI:+ci}}"
export FOUNDRY_PROFILE="${FOUNDRY_PROFILE:-default}"
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
node_modules/.bin/forge test --force "$@" | tee "$log"
if ! grep -qE '[1-9][0-9]* tests passed, 0 failed' "$log"; then
  echo "error: forge found no tests" >&2
  exit 1
fi
