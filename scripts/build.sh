#!/bin/sh
# Images of one version, one for each service and for the command, each with what it needs and no more. See docs/releasing.md.
set -eu
cd "$(dirname "$0")/.."

usage() {
  cat >&2 <<'TEXT'
usage: scripts/build.sh COMMAND VERSION [REGISTRY]
  docker   build sluice-capture, sluice-sink-…, sluice-cli into the local engine, as [REGISTRY/]NAME:VERSION
  push     build them for SLUICE_PLATFORMS (linux/amd64,linux/arm64) with SBOM and provenance, and push them to REGISTRY
  demo     build sluice-demo, the sample shop, which is no part of a release
SLUICE_BUILD_OPTIONS are further options of docker build.
TEXT
  exit 2
}

[ $# -ge 2 ] || usage
command=$1
version=$2
registry=${3:-}
case $version in
  *[!A-Za-z0-9._-]* | [.-]* | '') echo "$version cannot be the tag of an image" >&2; exit 2 ;;
esac
[ "$command" != push ] || [ -n "$registry" ] || { echo 'push needs a REGISTRY' >&2; exit 2; }

revision=$(git rev-parse HEAD)
# What is not committed is in no revision.
git diff --quiet HEAD || revision=$revision-dirty
created=$(git log -1 --format=%cI)

# image NAME SERVICE [ALSO]
image() {
  name=${registry:+$registry/}sluice-$1:$version
  set -- --file infra/docker/Dockerfile --tag "$name" --build-arg "SERVICE=$2" --build-arg "ALSO=${3:-}" \
    --build-arg "VERSION=$version" --build-arg "REVISION=$revision" --build-arg "CREATED=$created"
  # shellcheck disable=SC2086 # one word for each option
  if [ "$command" = push ]; then
    docker buildx build --platform "${SLUICE_PLATFORMS:-linux/amd64,linux/arm64}" --sbom=true --provenance=mode=max --push \
      "$@" ${SLUICE_BUILD_OPTIONS:-} .
  else
    docker build "$@" ${SLUICE_BUILD_OPTIONS:-} .
  fi
  echo "$name"
}

case $command in
  docker | push)
    for folder in services/*; do image "${folder#services/}" "$folder"; done
    image cli packages/cli "packages/compare $(echo services/*)"
    ;;
  demo) image demo packages/sample-shop ;;
  *) usage ;;
esac
