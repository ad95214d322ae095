#!/usr/bin/env bash
# Builds the Debian package: the programs in release mode, completions, manual pages, and cargo-deb, which puts them
# together by [package.metadata.deb] of Cargo.toml. Prints the package's path.
set -euo pipefail
cd "$(dirname "$0")/.."
VERSION=3.8.0

# cargo-deb is built once, beside the project's own target, and quickly rather than fast.
tools=$PWD/target/tools
export PATH="$tools/bin:$PATH"
if [ "$(cargo-deb --version 2>/dev/null)" != "cargo-deb $VERSION" ]; then
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    cargo install --locked --force --quiet --version "$VERSION" --root "$tools" --target-dir "$tools/build" cargo-deb >&2
  rm -rf "$tools/build"
fi

cargo build --locked --release --bins >&2
made=target/paquete
rm -rf "$made"
mkdir -p "$made/bin"

# The programs without lines of source code, should they have been built with them. The names of functions stay, for
# backtraces.
for program in videocentral videosecundario videocliente videolocal; do
  strip --strip-debug -o "$made/bin/$program" "target/release/$program"
done

# What the programs say of themselves, where Cargo.toml looks for it: manual pages in both languages.
TROZOS_IDIOMA=es "$made/bin/videolocal" --generar "$made" >&2
TROZOS_IDIOMA=en "$made/bin/videolocal" --generar "$made/en" >&2
gzip --best --no-name "$made"/man/*.1 "$made"/en/man/*.1

cargo-deb --no-build --no-strip --locked --output "$made/"
