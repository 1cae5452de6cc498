#!/bin/sh -eu
# A host per host, a tag per group; variables of the inventory become the host's keys.
ansible-inventory -i "$1" --list | jq '
  (del(._meta, .all, .ungrouped) | map_values(.hosts // [])) as $groups
  | { tag: ($groups | map_values({})),
      host: (._meta.hostvars | with_entries(.key as $name | .value |= {
        os, arch, address: .ansible_host, tags: [$groups | to_entries[] | select(.value | index($name)) | .key]
      })) }'
