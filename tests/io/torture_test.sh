# torture: real paydays survive disturbances of all kinds (ops/torture has what is done and what must
# hold).
#
# DAYBOOK_DISTURBANCES  how many, over all paydays (8; with DAYBOOK_FULL=1: 200)
# DAYBOOK_SEED          draws everything; printed
set -euo pipefail
wanted=${DAYBOOK_DISTURBANCES:-$([ -n "${DAYBOOK_FULL:-}" ] && echo 200 || echo 8)}
exec "${DAYBOOK_SOURCE:?}/ops/torture" "$wanted" --build "${DAYBOOK_BUILD:?}" \
    ${DAYBOOK_SEED:+--seed "$DAYBOOK_SEED"}
