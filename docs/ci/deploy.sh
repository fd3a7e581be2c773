#!/usr/bin/env bash
# Builds, tests, pushes and deploys a filter by its digest, waits for the proof, and writes the table of it as Markdown.
#
# FOLDER     the project          IMAGE    registry.example/team/guard:v3
# SELECTOR   app=cart             CONTEXT  of the kubeconfig; empty for the current one
# NAMESPACE  of the pods          STEPS    version=v1,version=v2; empty for all at once
# PROVE      effect or trace: requests may be sent to the pods to see the filter act; config: what the proxies say is
#            enough; empty: nothing is sent, and the job ends with 3 at best
# SUMMARY    the file that the table is added to; the standard output when empty
set -uo pipefail

if compgen -G "$FOLDER/*.wasmtest.yaml" >/dev/null || compgen -G "$FOLDER/test*/*.wasmtest.yaml" >/dev/null; then
  wasmnb test "$FOLDER" -o junit >wasmtest.xml || exit
fi
wasmnb build "$FOLDER" -t "$IMAGE" -o name || exit
pinned=$(wasmnb push "$IMAGE" -o name) || exit

words=(--selector "$SELECTOR" --namespace "$NAMESPACE")
[[ -n ${CONTEXT:-} ]] && words+=(--context "$CONTEXT")
[[ -n ${STEPS:-} ]] && words+=(--steps "$STEPS")
[[ -n ${PROVE:-} ]] && words+=(--prove "$PROVE")
table=$(wasmnb deploy "$pinned" "${words[@]}" -o table)
code=$?

{
  case $code in
    0) echo "### Live: \`$pinned\`" ;;
    3) echo "### Not proven: \`$pinned\`" ;;
    *) echo "### Failed: \`$pinned\`" ;;
  esac
  printf '\n```text\n%s\n```\n' "$table"
} >>"${SUMMARY:-/dev/stdout}"
exit "$code"
