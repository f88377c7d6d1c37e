#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One check, for continuous integration: the dossier as text in the log, as SARIF in a file, its summary on the page.
# Reads SUBJECT, SARIF, FAIL_ON and the STEELYARD_* options from the environment; exits with the code of the check.
set -uo pipefail

PATH="${RUNNER_TEMP:-/tmp}/steelyard/bin:$PATH"
options=()
if [[ -n ${FAIL_ON:-} ]]; then options+=(--fail-on "$FAIL_ON"); fi
dossier=$(mktemp)
trap 'rm -f "$dossier"' EXIT

code=0
steelyard check "$SUBJECT" "${options[@]}" --json >"$dossier" || code=$?
if [[ ! -s $dossier ]]; then exit "$code"; fi
steelyard report "$dossier" --as md | tee -a "${GITHUB_STEP_SUMMARY:-/dev/null}"
steelyard report "$dossier" --as sarif --located "$SUBJECT" -o "$SARIF" || exit 2
outcome=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["verdict"]["outcome"])' "$dossier")
printf 'sarif=%s\noutcome=%s\n' "$SARIF" "$outcome" >>"${GITHUB_OUTPUT:-/dev/null}"
exit "$code"
