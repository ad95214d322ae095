//! The macro that checks the ids of texts reads the catalogues by itself: without this an edited one would not be
//! compiled again.

fn main() {
    println!("cargo:rerun-if-changed=i18n");
    println!("cargo:rerun-if-changed=i18n.toml");
}
