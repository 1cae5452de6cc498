#!/bin/sh
# What has to pass before a change of the fleet is merged. Needs no key and no secret; run it in the fleet's directory.
set -eu
cmc fmt --check
cmc check
cmc build --strict
