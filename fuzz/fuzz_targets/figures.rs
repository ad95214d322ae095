#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trozos_fuzz::figures(data));
