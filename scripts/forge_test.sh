#!/usr/bin/env bash
# Runs the forge tests and fails when forge found none (it exits 0 then).
set -euo pipefail
cd "$(dirname "$0")/.."
export FOUNDRY_PROFILE="${FOUNDRY_PROFILE:-${CI:+ci}}"
FOUNDRY_PROFILE="${FOUNDRY_PROFILE:-default}" node_modules/.bin/forge test --force | tee /dev/stderr | grep -qE '[1-9][0-9]* tests passed'
