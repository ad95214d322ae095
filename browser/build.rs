//! Says where the programs of trozos are that are tried: beside what is built here. A build of trozos puts them there.

use std::{env, path::PathBuf};

fn main() {
    // TARGET/PROFILE/build/THIS/out
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let folder = out.ancestors().nth(3).expect("cargo's own layout");
    for program in [
        "videocentral",
        "videosecundario",
        "videocliente",
        "videolocal",
    ] {
        let path = folder.join(program);
        println!("cargo:rustc-env=CARGO_BIN_EXE_{program}={}", path.display());
    }
    println!("cargo:rerun-if-changed=build.rs");
}
