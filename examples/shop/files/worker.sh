#!/bin/sh
# The shop's worker, as small as it can be: asks the api whether there is work.
set -eu
if [ "${1:-}" = --digest ]; then
    echo "digest sent"
    exit 0
fi
while :; do
    curl --silent --fail "$API/orders" >/dev/null || echo "the api does not answer"
    sleep "${EVERY%s}"
done
