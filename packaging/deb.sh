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

# What the programs say of themselves, where Cargo.toml looks for it.
made=target/paquete
rm -rf "$made"
target/release/videolocal --generar "$made" >&2
gzip --best --no-name "$made"/man/*.1

cargo-deb --no-build --locked --output "$made/"
