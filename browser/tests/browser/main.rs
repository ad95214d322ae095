//! What a browser makes of the real programs. It must be installed, as ffmpeg, and the programs must be built; `.ci/run` sees
//! to that.
#![allow(clippy::unwrap_used)]

#[path = "../../../tests/web/film.rs"]
mod film;
mod pages;
#[path = "../../../tests/web/scene.rs"]
mod scene;
mod support;
