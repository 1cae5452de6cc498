#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cmc_fuzz::init_script(data));
